"""What everybody is paid, from files alone: pay period after pay period with the code that runs use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from earnest.files.account_payments import in_words, read_account_payments, unknown_references
from earnest.files.pay_events import PayEvents, idle_events, not_paid_before, read_events
from earnest.files.pay_inputs import earned_file, known_deal, read_deal_facts, read_earned
from earnest.files.rejections import FileError, Rejection, in_sentences, rejected
from earnest.files.rows import Rows
from earnest.files.unknown_collections import mends, without_unused_rows
from earnest.policies import policy_files, read_policy_file
from shared.allocation_order import Order
from shared.pay.allocation import AccountPayment
from shared.pay.calendars.pay_periods import misfit, pay_period_on
from shared.pay.calendars.policy import DEFAULT, PayGroup
from shared.pay.deal_payments import Allocated, allocated
from shared.pay.facts import Entry, PayFacts
from shared.pay.people import Person
from shared.pay.policy import Policy, Version, in_force
from shared.pay.projection import ProjectedRun, project
from shared.pay.settlement import Settlement
from shared.pay.terms.policy import PaymentTerms, applies_to_nobody, terms_for
from shared.pay.terms.words.base import Terms
from shared.pay.terms.words.draw import DRAW
from shared.periods import Month, first_day, last_day, month_named, period_of

PolicyKind = TypeVar("PolicyKind", bound=Policy)
SHOWN = 24
"""Rows that a refusal names."""
BY_FILE = datetime(1970, 1, 1, tzinfo=UTC)
"""Policies of files are in force by their date alone; when they were written says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFiles:
    """The files to compute pay from; all but what was earned may be missing. `first` and `last` are months or days.
    `unused` are deals of which a mapping refused a row.
    """

    terms: Sequence[Path]
    earned: Path
    deals: Path | Rows | None = None
    unused: frozenset[str] = frozenset()
    payments: Path | Sequence[AccountPayment] = ()
    allocate: Order | None = None
    events: Path | None = None
    group: Path | None = None
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class PayResult:
    """Every run, the rows of files that were not used (`REJECTED`), what of terms and events has no effect, and by deal
    what there is to do should nobody know what was paid of it.
    """

    runs: list[ProjectedRun]
    rejected: pl.DataFrame
    warnings: list[str]
    mends: dict[str, str]


def pay_from_files(sources: PayFiles) -> PayResult:
    """Compute what everybody is paid.

    Raises:
        FileError: a file cannot be read, or a policy file is none.
    """
    refused: list[Rejection] = []
    documents = _policies(sources.terms, PaymentTerms)
    groups = _groups(sources.group)
    warnings: list[str] = []
    earned = read_earned(earned_file(sources.earned), refused, warnings=warnings)
    of_deals: list[Rejection] = []
    facts_of_deals = read_deal_facts(sources.deals, of_deals) if sources.deals else {}
    refused += of_deals
    unused = sources.unused | {name for _, _, name, _, _ in of_deals if name}
    found = _allocate(sources, facts_of_deals, refused=refused, earned=earned)
    deals = without_unused_rows({name: known_deal(values) for name, values in facts_of_deals.items()}, unused)
    events = read_events(sources.events, refused, earned=earned)
    entries = [*earned, *events.entries]
    later = [run.day for run in events.off_cycle]
    later += [collection.day for deal in deals.values() for collection in (*deal.payments, *deal.refunds)]
    if not entries and refused and not (sources.first and sources.last):
        # In place of a sentence about pay periods: why nothing was earned is what the reader can mend.
        raise FileError("\n".join(["nothing that is earned can be used:", *in_sentences(rejected(refused), SHOWN)]))
    first, last = _span(sources, entries, later=later, groups=groups)
    facts = PayFacts(
        groups=groups,
        terms=_in_force(documents),
        entries=entries,
        people=_people(entries, events, group=groups[0].id),
        deals=deals,
        holds=events.holds,
        excused=events.excused,
        off_cycle=events.off_cycle,
        carried=events.balances.get("opening_carried", {}),
        draw=events.balances.get("opening_draw", {}),
        receivable=events.balances.get("opening_owed", {}),
    )
    runs = list(project(facts, first, last=last))
    while sources.events and (unpaid := not_paid_before(events, sources.events, refused=refused, runs=runs)):
        # What was paid again and never paid is in what later runs paid, too.
        events.returned = [(row, entry) for row, entry in events.returned if entry not in unpaid]
        entries = [entry for entry in entries if entry not in unpaid]
        runs = list(project(replace(facts, entries=entries), first, last=last))
    idle = idle_events(events, entries, deals=deals, runs=runs)
    slips = dict.fromkeys(slip.in_words for terms in documents for slip in terms.slips())
    payments = [*map(in_words, found.left), *unknown_references(found.unknown)]
    file = sources.deals.name if isinstance(sources.deals, Path) else "the deals" if sources.deals else None
    to_do = mends(earned, facts_of_deals, unused=unused, file=file)
    nobody = [*_for_nobody(documents, runs), *_never_joined(documents, runs)]
    told = [*warnings, *payments, *slips, *nobody, *idle]
    return PayResult(runs, rejected(refused), told, to_do)


def _allocate(
    sources: PayFiles, deals: dict[str, dict[str, Any]], *, refused: list[Rejection], earned: Sequence[Entry]
) -> Allocated:
    """Put the payments by account on the deals that they are allocated to; how they were."""
    currencies = {entry.currency for entry in earned}
    currency = currencies.pop() if len(currencies) == 1 else None
    payments = sources.payments
    if isinstance(payments, Path):
        payments = read_account_payments(payments, refused, currency=currency)
    if not payments:
        return Allocated({}, [], [])
    # A file of deals may leave out the currency where all is earned in one.
    known = {name: {"currency": currency, **values} for name, values in deals.items()}
    if sources.allocate is not None:
        payments = [payment._replace(order=sources.allocate) for payment in payments]
    found = allocated(known, payments)
    for name, entries in found.entries.items():
        deals[name] |= {f"payments.{payment}": entry for payment, entry in entries.items()}
    return found


def _span(
    sources: PayFiles, entries: Sequence[Entry], *, later: Sequence[date], groups: Sequence[PayGroup]
) -> tuple[date, date]:
    """The first and the last day of pay: those that are named, or else from the first month earned through the last in
    which something happens; `later` are days on which something does besides earning.
    """
    months = [entry.period for entry in entries]
    if not months and not (sources.first and sources.last):
        raise FileError(f"{sources.earned}: nothing was earned; say --from and --through")
    known = [entry.known_from for entry in entries if entry.known_from]
    first = _bound(sources.first or min(months), first_day)
    last = _bound(sources.last or max([*months, *map(period_of, [*known, *later])]), last_day)
    if not sources.last and entries:  # a pay period that begins in the last month and ends after it
        counts_from = max(entry.day for entry in entries)
        last = max(last, pay_period_on(groups, counts_from).end)
    if first > last:
        raise FileError(f"--from {first} is after --through {last}")
    return first, last


def _for_nobody(documents: Sequence[PaymentTerms], runs: Iterable[ProjectedRun]) -> list[str]:
    """Terms by which nobody was paid in any run, each in the words of its first version."""
    # Reversed, so that of several versions the first is kept.
    idle = {terms.id: terms for terms in reversed(documents)}
    for projected in runs:
        for terms in projected.snapshot.terms(projected.run.ends) if idle else ():
            if terms.id in idle and any(_is_for(terms, projected, paid=paid) for paid in projected.settlements):
                del idle[terms.id]
    return [applies_to_nobody(terms) for _, terms in sorted(idle.items())]


def terms_of(projected: ProjectedRun, settlement: Settlement) -> Terms:
    """The terms of a settlement's pay period."""
    who, home = settlement.participant_id, projected.snapshot.attributes_of(settlement.participant_id)
    documents = projected.snapshot.terms(projected.run.ends)
    return terms_for(documents, who, plan=home.plan, pay_group=home.pay_group, currency=settlement.currency)


def _never_joined(documents: Iterable[PaymentTerms], runs: Sequence[ProjectedRun]) -> Iterator[str]:
    """Whose draw is recovered at once although it is to be recovered after some months, since nobody says when those
    begin.
    """
    delayed = any((draw := terms[DRAW]) is not None and draw.recover_after_months for terms in documents)
    found = {
        paid.participant_id
        for projected in (runs if delayed else ())
        for paid in projected.settlements
        if projected.snapshot.people[paid.participant_id].first_day is None
        and (draw := terms_of(projected, paid)[DRAW]) is not None
        and draw.recover_after_months is not None
        and draw.since is None
    }
    if found:
        who = ", ".join(sorted(found)[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
        yield (
            f"recover_after_months delays nothing for {who}: nobody says when they joined; write an event joined, or"
            " since of the draw"
        )


def _is_for(terms: PaymentTerms, projected: ProjectedRun, *, paid: Settlement) -> bool:
    home = projected.snapshot.attributes_of(paid.participant_id)
    rank = terms.applies_to.rank(paid.participant_id, home.plan, pay_group=home.pay_group)
    return rank is not None and paid.currency == terms.currency


def _bound(named: str, of_month: Callable[[Month], date]) -> date:
    """A day, or a day of a month.

    Raises:
        FileError: it is neither.
    """
    try:
        return date.fromisoformat(named) if len(named) == len("2026-01-31") else of_month(month_named(named))
    except ValueError:
        raise FileError(f"{named!r} is neither a month like 2026-01 nor a day like 2026-01-31") from None


def _people(entries: Iterable[Entry], events: PayEvents, *, group: str) -> dict[str, Person]:
    """Whoever is named: in the pay group, on the plan by which they earned last, there from the day they came."""
    plans: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: entry.period):
        plans[entry.participant_id] = entry.plan or plans.get(entry.participant_id, "")
    balances = {who for table in events.balances.values() for who, _ in table}
    people = {}
    for who in {*plans, *events.active, *balances}:
        turns = sorted(events.active.get(who, {}).items())
        begins = f"{turns[0][0]}/" if turns and turns[0][1] else ""
        # As the roster's facts are (`shared.facts`), because runs read people so: of a path its value, instant,
        # sequence and source.
        said: dict[str, Any] = {f"{begins}pay_group": group, f"{begins}plan": plans.get(who, "")}
        said |= {f"{day}/active": active for day, active in turns}
        people[who] = Person(who, {path: [value, "", 0, "file"] for path, value in said.items()})
    return people


def _policies(paths: Sequence[Path], kind: type[PolicyKind]) -> list[PolicyKind]:
    policies = []
    for file in (file for path in paths for file in policy_files(path)):
        policy = read_policy_file(file)
        if isinstance(policy, kind):
            policies.append(policy)
        elif file in paths:
            raise FileError(f"{file}: this is a policy of the kind {policy.kind}")
    return sorted(policies, key=lambda policy: policy.valid_from)


def _groups(path: Path | None) -> list[PayGroup]:
    # All people of the files are in one pay group: nothing in them says who is in which.
    groups = _policies([path], PayGroup) if path else [DEFAULT]
    if not groups or len({group.id for group in groups}) > 1:
        raise FileError(f"{path}: there must be one pay group")
    for number, group in enumerate(groups):
        if why := misfit(group, groups[:number]):
            raise FileError(f"{path}: {why}")
    return groups


def _in_force(documents: Sequence[PaymentTerms]) -> Callable[[date], list[PaymentTerms]]:
    by_id: dict[str, list[Version[PaymentTerms]]] = {}
    for number, terms in enumerate(documents, 1):
        by_id.setdefault(terms.id, []).append(
            Version(policy=terms, version=number, author="", reason="", recorded_at=BY_FILE)
        )

    def on(day: date) -> list[PaymentTerms]:
        return [version.policy for versions in by_id.values() if (version := in_force(versions, day)) is not None]

    return on
