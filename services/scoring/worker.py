"""The steps over a batch: roster, credit, earn. Each holds what it reads, so that any number of them may run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import orjson
import polars as pl
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from services.scoring.admission import NotAdmitted, admitted
from services.scoring.blame import Harmful, SetAside, for_everybody_else
from services.scoring.deals import as_stored, credits_of, due, taken_back, uncredited_of
from services.scoring.differences import differences, lost, lost_holders
from services.scoring.differences import messages as messages_of_changes
from services.scoring.selection import touched
from services.scoring.standings import check_keys, read_changes, standings
from services.scoring.standings import messages as messages_of_standings
from services.scoring.store import deals as stored_deals
from services.scoring.store import quarantine
from services.scoring.store import standings as stored_standings
from services.scoring.store import terms as stored_terms
from services.scoring.store.terms import Terms, TermsInForce
from shared.bounded import Calculating, directly
from shared.contracts import credits, earnings
from shared.contracts.base import Contract
from shared.contracts.deals import DealFact
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact
from shared.contracts.topics import CREDITS, DEALS, EARNINGS, PLANS, RECREDITS, ROSTER, Topic
from shared.facts import Facts, merge
from shared.kernel import Credited, Plan, PlanSet, Roster, credit
from shared.kernel.crediting.deals import values_table
from shared.kernel.idle_months import Months
from shared.log.port import Record, Stored
from shared.log.worker import Outcome, Rejection, Step
from shared.metrics import SCORING_SKIPPED

RECREDITED_TOGETHER: Final = 500
"""How many deals one record asks to credit again."""

INPUTS: Final[Mapping[str, tuple[Topic, ...]]] = {
    "roster": (ROSTER, PLANS),
    "credit": (DEALS,),
    "recredit": (RECREDITS,),
    "earn": (CREDITS,),
}
"""The workers by name, and the topics each of them reads. Deals to credit again have a worker of their own, so that a change of
the roster that touches a million deals does not keep new deals waiting."""

BATCH: Final[Mapping[str, int]] = {"roster": 5000, "credit": 5000, "recredit": 10, "earn": 5000}
"""How many records a worker takes at once: enough deals to spread the fixed cost of a batch, which is some milliseconds."""

Harm = Callable[[Mapping[str, Any]], str | None]
"""Why a plan's document cannot be calculated with; None where it can."""

_PROBLEM: Final = '"problem":"[a-z_]+"'
"""A reason in earnings as they are published."""

CALCULATING: Final = ("credit", "recredit", "earn")
"""The workers that calculate with plans and people's deals: their steps are told how, as `calculating`."""

_Message = TypeVar("_Message", bound=Contract)

_logger = structlog.get_logger(__name__)


def steps(harm: Harm = lambda _: None) -> dict[str, Step]:
    """The steps of the workers by name, each with a memory of its own for roster and plans."""
    return {
        "roster": partial(roster_step, TermsInForce(), harm=harm),
        "credit": partial(credit_step, TermsInForce()),
        "recredit": partial(credit_step, TermsInForce()),
        "earn": partial(earn_step, TermsInForce()),
    }


def roster_step(
    terms: TermsInForce, connection: Connection, batch: Sequence[Stored], harm: Harm = lambda _: None
) -> Outcome:
    """Merge roster patches, take plan versions, and ask again for the deals and earnings that they touch.

    `harm` says why a plan's document cannot be calculated with: then the version is taken and quarantined.
    """
    rejections: list[Rejection] = []
    patches = [fact for _, fact in _read(RosterFact, batch, ROSTER, rejections)]
    published = list(_read(PlanPublished, batch, PLANS, rejections))
    causes = {place: harm(version.document) for place, (_, version) in enumerate(published)}
    stored_terms.begin_change(connection)
    before = terms.read(connection)
    harmful: list[tuple[PlanPublished, str]] = []
    sound: list[tuple[Stored, PlanPublished]] = []
    for place, (stored, version) in enumerate(published):
        held = before.plans.plans.get((version.plan_id, version.version))
        if (cause := causes[place]) is not None and held is None:
            harmful.append((version, cause))
        elif cause is None and not (held is not None and held.is_quarantined):
            sound.append((stored, version))
    aside = [_in_name_only(version) for version, _ in harmful]
    new_plans = [*_admit(PlanSet([*before.plans, *aside]), sound, rejections), *aside]
    people = stored_terms.participants(connection, {fact.participant_id for fact in patches})
    changed: dict[str, Facts] = {}
    for fact in patches:
        facts = people.setdefault(fact.participant_id, {})
        if merge(facts, fact.fields, fact.occurred_at, fact.sequence, fact.source, fact.by):
            changed[fact.participant_id] = facts
    if not changed and not new_plans:
        return Outcome(rejections=rejections)
    roster = stored_terms.with_changed(before.roster, changed)
    selected = touched(before.roster, roster, changed, new_plans, before.plans)
    authors: dict[str, str | None] = {}
    for _, version in published:  # the first to publish a version is its author
        authors.setdefault(f"{version.plan_id}@{version.version}", version.author)
    stored_terms.end_change(connection, changed, [plan for plan in new_plans if plan not in aside], authors)
    for version, cause in harmful:
        quarantine.keep(connection, version, cause)
    deals = stored_deals.held_since(connection, selected.holders, selected.everything)
    standing = stored_standings.periods_of(connection, sorted(selected.earners))["participant_id"]
    plans = PlanSet([*before.plans, *new_plans])
    idle = selected.earners if plans.pay_without_credits else selected.earners & set(roster.scores["participant_id"])
    earners = {*standing, *idle}
    return Outcome(asked_again(_cause(batch), deals, sorted(earners)), rejections)


def credit_step(
    terms: TermsInForce, connection: Connection, batch: Sequence[Stored], calculating: Calculating = directly
) -> Outcome:
    """Merge patches into deals, credit those that changed and those asked for again, and publish what that changed."""
    rejections: list[Rejection] = []
    patches = [fact for _, fact in _read(DealFact, batch, DEALS, rejections)]
    again = {deal for _, asked in _read(credits.Recredit, batch, RECREDITS, rejections) for deal in asked.deal_ids}
    now = terms.hold(connection)
    held = stored_deals.hold(connection, again | {patch.deal_id for patch in patches})
    found = due(held, patches, again)
    if not found:
        return Outcome(rejections=rejections)
    values = {deal_id: each.values for deal_id, each in found.items()}
    plans, (deals, credited) = for_everybody_else(
        now.plans, lambda plans: calculating(_credited, values, now.roster, plans), _aside(connection)
    )
    if plans.quarantined.height:  # what the plan credited stays until it may be calculated with again
        own = credits_of(held.filter(pl.col("deal_id").is_in(list(found))))
        kept = own.join(plans.quarantined, on=["plan", "version"], how="semi")
        credited = Credited(pl.concat([credited.credits, kept]), credited.uncredited)
    after = as_stored(found, deals, credited, plans.participant_columns)
    altered = after.join(held, on=["deal_id", "version", "credits", "uncredited"], how="anti")
    stored_deals.save(connection, altered)
    _count(uncredited_of(altered)["reason"])
    before = credits_of(held.join(after, on="deal_id", how="semi"))
    gone = lost(before, credited.credits)
    patched = pl.col("deal_id").is_in([patch.deal_id for patch in patches])
    stored_deals.save_lost(connection, gone.filter(patched), lost_holders(gone, held))
    stored_deals.save_taken_back(connection, taken_back(held, patches))
    changes = differences(before, credited.credits, plans)
    event = _events(_cause(batch), credits.TYPE)
    return Outcome(
        [(CREDITS, event(participant, message)) for participant, message in messages_of_changes(changes)], rejections
    )


def _credited(values: Mapping[str, Mapping[str, Any]], roster: Roster, plans: PlanSet) -> tuple[pl.DataFrame, Credited]:
    """The `DEALS` of values by deal and path, and what they credit."""
    deals = values_table(values.items(), plans.deal_columns)
    return deals, credit(deals, roster, plans)


def earn_step(
    terms: TermsInForce, connection: Connection, batch: Sequence[Stored], calculating: Calculating = directly
) -> Outcome:
    """Add credit differences to the sums, evaluate the plans on them, and publish what earnings changed."""
    changes, again = read_changes(stored.record.value or b"" for stored in batch)
    now = terms.hold(connection)
    pairs = pl.concat(
        [changes.select("participant_id", "period"), stored_standings.periods_of(connection, again)]
    ).unique()
    basis = _basis(batch)
    check_keys([*changes["participant_id"], *again], basis)
    months = (
        stored_standings.alone(connection, now.plans) if now.plans.pay_without_credits or now.plans.grouped else None
    )
    people = {*pairs["participant_id"], *basis["participant_id"]}
    revised = [_earned(connection, now, pairs, changes, people, months, calculating)]
    if now.plans.pay_without_credits and (after := stored_standings.months(connection, now.plans)) != months:
        # A month has begun for the company, or is none any more: those without a credit in it are paid or no longer paid.
        everyone = {*now.roster.assignments["participant_id"]}
        pairs = stored_standings.periods_of(connection, sorted(everyone))
        revised.append(_earned(connection, now, pairs, changes.clear(), everyone, after, calculating))
    event = _events(_cause(batch), earnings.TYPE)
    return Outcome(
        [
            (EARNINGS, event(participant, message, name))
            for each in revised
            for participant, name, message in messages_of_standings(each, basis)
        ]
    )


def _earned(
    connection: Connection,
    now: Terms,
    pairs: pl.DataFrame,
    changes: pl.DataFrame,
    people: set[str],
    months: Months | None,
    calculating: Calculating,
) -> pl.DataFrame:
    """Earn participants and periods anew, and whatever hangs together with them; those whose earnings are others than before."""
    held = stored_standings.hold(connection, stored_standings.reached(connection, pairs, people, now.plans))
    roster = now.roster if now.plans.by_month else now.roster.only(people | {*held["participant_id"]})
    _, after = for_everybody_else(
        now.plans, lambda plans: calculating(standings, held, changes, roster, plans, months), _aside(connection)
    )
    altered = after.join(held, on=after.columns, how="anti", nulls_equal=True)
    stored_standings.save(connection, altered)
    _count(altered["earnings"].str.extract_all(_PROBLEM).explode().str.slice(len('"problem":"')).str.strip_suffix('"'))
    return altered.join(held, on=["participant_id", "period", "revision"], how="anti")


def _count(reasons: pl.Series) -> None:
    for reason, number in reasons.drop_nulls().value_counts().iter_rows():
        SCORING_SKIPPED.labels(reason).inc(number)


def _aside(connection: Connection) -> SetAside:
    """Sets plan versions aside in the transaction of the step."""

    def put(harmful: Harmful) -> None:
        for (plan, version), cause in harmful.items():
            quarantine.put(connection, plan, version, cause, quarantine.BY_SCORING)
            _logger.error("plan.quarantined", plan=plan, version=version, by=quarantine.BY_SCORING)

    return put


def _admit(
    plans: PlanSet, published: Iterable[tuple[Stored, PlanPublished]], rejections: list[Rejection]
) -> list[Plan]:
    """The new plan versions; those that cannot stand beside the others are rejected."""
    all_plans = plans
    for stored, version in published:
        try:
            all_plans = admitted(all_plans, version)
        except NotAdmitted as error:
            rejections.append(Rejection(stored, error.code, str(error)))
    return [plan for plan in all_plans if (plan.plan, plan.version) not in plans.plans]


def _in_name_only(version: PlanPublished) -> Plan:
    currency = str(version.document.get("currency", ""))
    return Plan.quarantined(version.plan_id, version.version, version.effective_from, currency)


def asked_again(cause: str, deals: Sequence[str], participants: Iterable[str]) -> list[tuple[Topic, Record]]:
    """What asks for deals and earnings again for a cause that is no record."""
    return [*_recredits(cause, deals), *_earn_again(cause, participants)]


def _recredits(cause: str, deals: Sequence[str]) -> Iterator[tuple[Topic, Record]]:
    event = _events(cause, credits.RECREDIT_TYPE)
    for start in range(0, len(deals), RECREDITED_TOGETHER):
        together = deals[start : start + RECREDITED_TOGETHER]
        yield RECREDITS, event(together[0], orjson.dumps({"deal_ids": together}).decode())


def _earn_again(cause: str, participants: Iterable[str]) -> Iterator[tuple[Topic, Record]]:
    event = _events(cause, credits.TYPE)
    for participant in participants:
        yield CREDITS, event(participant, orjson.dumps({"participant_id": participant, "changes": []}).decode())


def _basis(batch: Sequence[Stored]) -> pl.DataFrame:
    """participant_id, partition, next: the position after the last of each participant's records in the batch."""
    last = {stored.record.key: (stored.partition.number, stored.position + 1) for stored in batch}
    rows = [(participant, *place) for participant, place in last.items()]
    return pl.DataFrame(rows, schema=["participant_id", "partition", "next"], orient="row")


def _cause(batch: Sequence[Stored]) -> str:
    """The first record of a batch, which causes what the batch publishes."""
    return "/".join(map(str, (*batch[0].partition, batch[0].position)))


def _events(cause: str, kind: str) -> Callable[..., Record]:
    """Makes CloudEvents of a kind from key, JSON and a name, identified by what causes them."""

    def event(key: str, message: str, name: str = "") -> Record:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"{cause}/{key}/{name}",
            "ce_source": "/earnest/scoring",
            "ce_type": kind,
        }
        return Record(key, message.encode(), headers)

    return event


def _read(
    message: type[_Message], batch: Iterable[Stored], topic: Topic, rejections: list[Rejection]
) -> Iterator[tuple[Stored, _Message]]:
    """The messages of one topic; what cannot be read is rejected, told by the place of the error and never by its value."""
    for stored in batch:
        if stored.partition.topic != topic.name:
            continue
        try:
            yield stored, message.model_validate_json(stored.record.value or b"")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            rejections.append(Rejection(stored, "malformed", f"{place}: {first['msg']}" if place else first["msg"]))
