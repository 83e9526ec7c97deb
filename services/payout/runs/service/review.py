"""What about a calculated run a person should know: what stands out, and what payroll would refuse.

Findings never stop a run: whoever approves decides. They are frozen with it, so that it stays known what the approver
was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import polars as pl
from sqlalchemy import Connection

from services.payout.payees.payee import CONFIRMED_ATTRIBUTES
from services.payout.roster.store import people
from services.payout.runs import store, store_balances, store_record
from services.payout.runs.calculation import Calculation, RunInputs
from services.payout.runs.decisions import store as decisions
from services.payout.runs.record import Payee, RunRecord
from services.payout.runs.service.earlier_months import earlier_months
from services.payout.runs.service.payments import payroll_refusals
from services.payout.runs.store_record import PaidUnder
from shared.contracts.lines import each_line
from shared.kernel.reasons import PAYS_NOTHING, in_words
from shared.kernel.remarks.deals import duplicate_deals
from shared.pay.deal_facts import Remarked, Uncredited
from shared.pay.identities import as_read
from shared.pay.people import Person
from shared.pay.review_rules import LEFT_OUT, ReviewFacts, ReviewFinding, not_whole, review_findings
from shared.pay.run import Run
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.policy import applies_to_nobody

ALIKE: Final = ["deal_amount", "deal_currency", "closed_on", "account", "contract"]
"""Deals of one person that are one in all of this are rather one deal."""
HISTORY: Final = 6
"""Pay of so many earlier runs is looked at for what stands out."""


def findings_of(connection: Connection, calculation: Calculation) -> Iterator[ReviewFinding]:
    """What an approver should look at."""
    inputs, snapshot = calculation.inputs, calculation.inputs.snapshot
    # Of its own month only: what earlier months lack was found by the run that closed them.
    of_month = inputs.lines.filter(pl.col("period") == snapshot.run.month)
    rows = each_line(of_month)
    yield from _not_paid(snapshot)
    yield from earlier_months(snapshot, runs=store.runs(connection))
    yield from _of_terms(snapshot)
    yield from _of_settlements(
        connection, calculation, unwhole=_unwhole(inputs, rows), attainments=_attainments(of_month)
    )
    yield from _of_nobody(inputs)
    yield from _remarked(inputs, rows)
    yield from _without_pay(of_month, snapshot)
    for who in sorted(_sales_without_pay(of_month) & snapshot.people.keys()):
        yield ReviewFinding("no_pay_with_sales", who, "deals were credited in the month, and nothing is earned")


def _not_paid(snapshot: RunSnapshot) -> Iterator[ReviewFinding]:
    """Whom this run does not pay, and why."""
    for who, group in sorted(snapshot.in_unknown_groups.items()):
        why = f"the roster says pay group {group}, and no policy says how it is paid"
        yield ReviewFinding("no_pay_group", who, why)
    for who, version in sorted(snapshot.left_out.items()):
        left_out = f"plan version {version} is quarantined: left out of this run"
        yield ReviewFinding(LEFT_OUT, who, f"{left_out}; the next one pays when it is lifted or corrected")


def _of_terms(snapshot: RunSnapshot) -> Iterator[ReviewFinding]:
    """Payment terms that are nobody's, and such as contradict themselves."""
    for terms in snapshot.terms_for_nobody:
        yield ReviewFinding("terms_for_nobody", "", applies_to_nobody(terms))
    for terms in snapshot.terms(snapshot.run.ends):
        for slip in terms.slips():
            yield ReviewFinding("terms_contradict", "", slip.in_words)


def _of_settlements(
    connection: Connection,
    calculation: Calculation,
    *,
    unwhole: Mapping[str, Sequence[Uncredited]],
    attainments: Mapping[str, Sequence[Decimal]],
) -> Iterator[ReviewFinding]:
    """What stands out in what each participant is paid, by the rules of `shared.pay.review_rules`."""
    snapshot, run = calculation.inputs.snapshot, calculation.inputs.snapshot.run
    history = store_balances.history(connection, pay_group=run.pay_group, before=run.month, runs=HISTORY)
    # Also holds of deals and plans: they stop pay of everybody who earns by them.
    holds = [held for held in decisions.hold_decisions(connection) if held.hold.is_open(run.ends)]
    sold = _sellers(calculation.inputs.lines, {held.hold.subject for held in holds if held.hold.scope == "deal"})
    # A participant has a settlement in each currency; the shares of deals are said once.
    unsaid = dict(unwhole)
    for settlement in calculation.settlements:
        who = settlement.participant_id
        home = snapshot.attributes_of(who)
        own = sold.get(who, set()) | {who, home.plan}
        mine = [decision for decision in holds if decision.hold.subject in own]
        facts = ReviewFacts(
            history=history.get((who, settlement.currency), ()),
            attainments=attainments.get(who, ()),
            unwhole=unsaid.pop(who, ()),
            plan_changed_on=_plan_changed(snapshot.people[who], run),
            holds=[decision.hold.reason for decision in mine if not decision.dispute],
            disputes=[decision.hold.reason for decision in mine if decision.dispute],
            payroll_id=home.payroll_id,
            last_day=snapshot.people[who].last_day(run.ends),
        )
        yield from review_findings(settlement, facts, ends=run.ends)
    for who, shares in sorted(unsaid.items()):  # nothing is settled for them, which may be why
        yield from not_whole(who, shares)


def findings_of_record(connection: Connection, run: Run, *, record: RunRecord) -> Iterator[ReviewFinding]:
    """What payroll would refuse, who is paid under another id than before or under one that was somebody else's, and
    whose manager the roster does not know.
    """
    managers = people(connection, {slip.manager for slip in record.slips.values() if slip.manager})
    for who, slip in record.slips.items():
        if slip.manager and not managers[slip.manager].facts:
            yield ReviewFinding("manager_unknown", who, f"the manager is {slip.manager}, whom the roster does not know")
    for who, refused in payroll_refusals(connection, run, record=record):
        yield ReviewFinding("payroll_refuses", who, refused.message)
    yield from _changed_payroll_ids(connection, run, record=record)


def waiting_payees(snapshot: RunSnapshot, payees: Iterable[Payee]) -> Iterator[Payee]:
    """Those that are paid as it was confirmed, while the roster says something else that nobody has confirmed."""
    for payee in payees:
        said = snapshot.attributes_of(payee.participant_id)
        if any(getattr(said, name) != getattr(payee, name) for name in CONFIRMED_ATTRIBUTES):
            yield payee


def payees_that_wait(snapshot: RunSnapshot, payees: Iterable[Payee]) -> Iterator[ReviewFinding]:
    """Whose payee data changed and wait for somebody to confirm them: they are paid as before."""
    for payee in waiting_payees(snapshot, payees):
        said = snapshot.attributes_of(payee.participant_id)
        changed = [name for name in CONFIRMED_ATTRIBUTES if getattr(said, name) != getattr(payee, name)]
        why = f"{', '.join(changed)} changed and nobody has confirmed it: paid as before"
        yield ReviewFinding("payee_waits", payee.participant_id, why)


def _changed_payroll_ids(connection: Connection, run: Run, *, record: RunRecord) -> Iterator[ReviewFinding]:
    """Payroll pays whom an id names. An id that moved from one person to another is a slip or a fraud; both are for
    people to judge.
    """
    paid = {pay.participant_id for pay in record.pays if pay.paid}
    # Compared as loosely as a spreadsheet reads ids: without case, numbers without leading zeros.
    latest: dict[str, PaidUnder] = {}  # the earliest come first: the last of a participant stays
    owners: dict[str, list[PaidUnder]] = {}
    for before in store_record.paid_under(connection, run):
        latest[before.participant_id] = before
        owners.setdefault(as_read(before.payroll_id, "loosely"), []).append(before)
    for payee in record.payees:
        who, now = payee.participant_id, payee.payroll_id
        if who not in paid or not now:
            continue
        if who in latest and latest[who].payroll_id != now:
            yield ReviewFinding("payroll_id_changed", who, f"{latest[who].run} paid under another payroll id")
        for before in owners.get(as_read(now, "loosely"), ()):
            if before.participant_id != who:
                why = f"{before.run} paid {before.participant_id} under this payroll id"
                yield ReviewFinding("payroll_id_changed", who, why)


def _sellers(lines: pl.DataFrame, deals: set[str]) -> dict[str, set[str]]:
    """By participant those of the deals that they earn by."""
    sellers: dict[str, set[str]] = {}
    if deals:
        pairs = each_line(lines).select("participant_id", "deal_id").filter(pl.col("deal_id").is_in(list(deals)))
        for who, deal in pairs.iter_rows():
            sellers.setdefault(who, set()).add(deal)
    return sellers


def _unwhole(inputs: RunInputs, rows: pl.DataFrame) -> dict[str, list[Uncredited]]:
    """By participant of the run the shares of deals that credit nobody: of those by which they earn, and of those by
    which they should.
    """
    if not inputs.uncredited:
        return {}
    of_deal: dict[str, list[Uncredited]] = {}
    shares: dict[str, set[Uncredited]] = {}
    for share in inputs.uncredited:
        of_deal.setdefault(share.deal_id, []).append(share)
        if share.participant_id:
            shares.setdefault(share.participant_id, set()).add(share)
    earners = rows.filter(pl.col("deal_id").is_in(list(of_deal))).select("participant_id", "deal_id").unique()
    for who, deal in earners.iter_rows():
        shares.setdefault(who, set()).update(of_deal[deal])
    return {who: list(mine) for who, mine in shares.items() if who in inputs.snapshot.people}


def _of_nobody(inputs: RunInputs) -> Iterable[ReviewFinding]:
    """Shares of deals that are nobody's whom the roster knows, so that no pay group would ever hear of them."""
    if inputs.snapshot.run.participants is not None:
        return ()
    return not_whole(
        "", [share for share in inputs.uncredited if share.participant_id not in inputs.snapshot.on_roster]
    )


def _remarked(inputs: RunInputs, rows: pl.DataFrame) -> Iterator[ReviewFinding]:
    """What looks like a slip in what the month pays on: what scoring says, and deals that are alike among the lines."""
    sold = rows.filter(pl.col("deal_id").is_not_null() & pl.col("account").is_not_null())
    deals = sold.select("deal_id", *ALIKE).unique()
    alike = deals.filter(pl.len().over(ALIKE) > 1).select("deal_id")
    # A manager's are alike sooner than a seller's: deals are one person's where they pay the same people.
    of_the_same = sold.join(alike, on="deal_id", how="semi").group_by("deal_id", *ALIKE)
    paying = of_the_same.agg(owner=pl.col("participant_id").unique().sort().str.join("\n"))
    twice = duplicate_deals(paying, ALIKE, all_deals=deals.height)
    remarks = [
        *inputs.remarks,
        *(Remarked(remark.kind, who, remark.message) for remark in twice for who in remark.participant_id.split("\n")),
    ]
    for remark in remarks:
        if remark.participant_id in inputs.snapshot.people or not remark.participant_id:
            yield ReviewFinding(*remark)


def _without_pay(lines: pl.DataFrame, snapshot: RunSnapshot) -> Iterator[ReviewFinding]:
    """Components that pay nothing because something is missing, where the plan does not say so itself."""
    missing = [name for name, reason in PAYS_NOTHING.items() if not reason.planned]
    rows = (
        _earnings(lines)
        .filter(pl.col("problem").is_in(missing))
        .select("participant_id", "component", "problem", "about")
    )
    for who, component, problem, about in rows.unique(maintain_order=True).iter_rows():
        if who in snapshot.people:
            yield ReviewFinding("pays_nothing", who, f"{component} pays nothing: {in_words(problem, about, who=who)}")


def _earnings(lines: pl.DataFrame) -> pl.DataFrame:
    """The earnings of each participant, a row each."""
    return lines.select("participant_id", "earnings").explode("earnings").drop_nulls("earnings").unnest("earnings")


def _attainments(lines: pl.DataFrame) -> dict[str, list[Decimal]]:
    """The attainments of each participant's components with a quota."""
    attainments: dict[str, list[Decimal]] = {}
    for who, attained in _earnings(lines).drop_nulls("attainment").select("participant_id", "attainment").iter_rows():
        attainments.setdefault(who, []).append(attained)
    return attainments


def _sales_without_pay(lines: pl.DataFrame) -> set[str]:
    """Participants with a deal among their lines, none of which has an amount, however much of it would be held or
    carried.
    """
    of_a_deal = pl.element().struct.field("deal_id").is_not_null()
    pays = pl.element().struct.field("amount") != 0
    sells_for_nothing = pl.col("lines").list.eval(of_a_deal).list.any() & ~pl.col("lines").list.eval(pays).list.any()
    return set(lines.filter(sells_for_nothing)["participant_id"])


def _plan_changed(person: Person, run: Run) -> date | None:
    """The day within the pay period from which the participant is on another plan than before: who joins has none."""
    days = [
        setting.day
        for setting in person.settings()
        if setting.attribute == "plan"
        and run.starts < setting.day <= run.ends
        and person.at(setting.day - timedelta(days=1)).plan not in (None, "", setting.value)
    ]
    return max(days, default=None)
