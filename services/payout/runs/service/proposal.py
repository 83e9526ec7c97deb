"""What a run would do as things stand: it is calculated, and everything that it would keep is put together, in a
snapshot and without a lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import orjson
import polars as pl
from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.payees.payee import ConfirmedPayee
from services.payout.payees.store import confirmed
from services.payout.roster.store import people
from services.payout.runs import corrections, store_balances
from services.payout.runs.calculation import Calculation, calculate
from services.payout.runs.payslip import PayslipWords, StepPart, full_name, payslip_facts, year_with_run
from services.payout.runs.record import (
    Contributor,
    Payee,
    PayRecord,
    Payslip,
    RunRecord,
    SettlementRecord,
    payees_of,
)
from services.payout.runs.service.contributors import contributors_of
from services.payout.runs.service.inputs import gather
from services.payout.runs.service.payments import profile_in_force
from services.payout.runs.service.review import findings_of, findings_of_record, payees_that_wait, waiting_payees
from services.payout.runs.service.snapshot import inputs_sha256, load
from services.payout.statements import store as statements
from services.payout.statements.facts import Company
from services.payout.statements.writing import Writing
from services.payout.store_persons import behind
from shared.pay.run import Run
from shared.pay.settlement import Settlement
from shared.pay.snapshot import RunSnapshot
from shared.periods import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a run would do: the calculation, what it would keep of it, and the hash of what it was made from."""

    calculation: Calculation
    record: RunRecord
    inputs_sha256: str


def propose(deps: Dependencies, run: Run) -> Proposal:
    """What the run would do as things stand.

    Raises:
        NotSettled: earnings are still on their way.
        Unavailable: scoring does not answer.
    """
    calculation = calculate(gather(deps, run))
    with deps.snapshot.connect() as connection:
        company = Company(name=deps.settings.company_name, locale=deps.settings.locale)
        record = _record_of(connection, calculation, company=company)
        stands_for = inputs_sha256(connection, calculation.inputs.snapshot, journals_seen=journals_seen(record))
    return Proposal(calculation=calculation, record=record, inputs_sha256=stands_for)


def is_current(connection: Connection, run: Run, *, proposal: Proposal) -> bool:
    """Whether the run would be calculated from the same by now, in the sense in which `transitions.submit` asks."""
    before = proposal.calculation.inputs.snapshot
    now = load(connection, run, quarantined=before.left_out, paid_less=before.paid_less)
    return inputs_sha256(connection, now, journals_seen=journals_seen(proposal.record)) == proposal.inputs_sha256


def journals_seen(record: RunRecord) -> dict[str, int]:
    """How many journals of each participant a run has looked at, of those to whom it does something: only of them it is
    kept.
    """
    return {pay.participant_id: pay.journals_seen for pay in record.pays}


def _record_of(connection: Connection, calculation: Calculation, *, company: Company) -> RunRecord:
    snapshot = calculation.inputs.snapshot
    pays = [
        PayRecord(
            participant_id=settlement.participant_id,
            currency=settlement.currency,
            paid=settlement.paid,
            carried=settlement.carried,
            journals_seen=snapshot.journal_counts.get(settlement.participant_id, 0),
            settlement=SettlementRecord.of(settlement),
        )
        for settlement in calculation.settlements
    ]
    profile, _ = profile_in_force(connection, snapshot.run)
    paid = {pay.participant_id for pay in pays}
    known = confirmed(connection, paid, day=snapshot.run.ends)
    payees = payees_of(snapshot.run, snapshot.people, who=paid, profile=profile, confirmed=known)
    record = RunRecord(pays=pays, slips=dict(_payslips(connection, calculation, company=company)), payees=payees)
    # The second kind looks at what would be released, so that payroll's refusals are seen before anybody approves.
    found = [*findings_of(connection, calculation), *findings_of_record(connection, snapshot.run, record=record)]
    found += payees_that_wait(snapshot, payees)
    findings = list(dict.fromkeys(found))  # who is paid in two currencies is settled twice, and named once
    contributed = {*contributors_of(connection, calculation), *_by_confirmed_payees(snapshot, payees, known=known)}
    persons = behind(connection, {name for name, _ in contributed})
    contributors = frozenset((person, what) for name, what in contributed for person in persons[name])
    return replace(record, contributors=contributors, findings=findings)


def _by_confirmed_payees(
    snapshot: RunSnapshot, payees: Iterable[Payee], *, known: Mapping[str, ConfirmedPayee]
) -> Iterator[Contributor]:
    """Who had said what is confirmed, where the roster says something else by now that waits."""
    for payee in waiting_payees(snapshot, payees):
        yield from ((by, "payee") for by in known[payee.participant_id].set_by)


def _payslips(connection: Connection, calculation: Calculation, *, company: Company) -> Iterator[tuple[str, Payslip]]:
    snapshot, run = calculation.inputs.snapshot, calculation.inputs.snapshot.run
    details: dict[str, dict[Month, bytes]] = {}
    for who, month, detail in calculation.inputs.lines.select("participant_id", "period", "detail").iter_rows():
        details.setdefault(who, {})[month] = detail
    by_participant: dict[str, list[Settlement]] = {}  # one per currency
    for settlement in calculation.settlements:
        by_participant.setdefault(settlement.participant_id, []).append(settlement)
    year = store_balances.year_sums(connection, by_participant, month=run.month)
    homes = {who: snapshot.attributes_of(who) for who in by_participant}
    managers = people(connection, {home.manager for home in homes.values() if home.manager})
    names = {who: person.at(run.ends).name or "" for who, person in managers.items()}
    words = _words(connection, calculation, details=details, writing=Writing(company.locale))
    for who, settlements in by_participant.items():
        home = homes[who]
        facts = payslip_facts(
            company=company,
            run=run,
            participant_id=who,
            home=home,
            manager_name=names.get(home.manager or "", ""),
            settlements=settlements,
            details=details.get(who, {}),
            before={settlement.currency: _before(snapshot, settlement) for settlement in settlements},
            year=[
                year_with_run(year.get((who, settlement.currency)), settlement, run=run) for settlement in settlements
            ],
            words=words(who),
        )
        yield who, Payslip(full_name(home) or who, home.manager, facts, hashlib.sha256(facts).hexdigest())


def _words(
    connection: Connection, calculation: Calculation, *, details: Mapping[str, Mapping[Month, bytes]], writing: Writing
) -> Callable[[str], PayslipWords]:
    """By participant the customers of their deals, and what adjustments and changes of earlier months consist of: read
    for everybody at once, because a query for each of a hundred thousand people would take hours.
    """
    inputs, snapshot = calculation.inputs, calculation.inputs.snapshot
    parts: dict[str, dict[tuple[str, str, Month], list[StepPart]]] = {}
    is_now = {(who, month): detail for who, months in details.items() for month, detail in months.items()}
    before = _when_looked_at(connection, inputs.corrected.looked_at)
    changed = corrections.changed_lines(
        inputs.corrected, inputs.facts_to_explain, before=before, now=is_now, writing=writing
    )
    for (who, currency, month), lines in changed.items():
        of_lines = [StepPart(line.amount, line.why, line.deal_id, line.component) for line in lines]
        parts.setdefault(who, {})[currency, "prior_period", month] = of_lines
    adjusted = {
        who for (who, _), entries in snapshot.unsettled.items() if any(entry.kind == "adjustment" for entry in entries)
    }
    made = store_balances.adjusted(connection, adjusted, month=snapshot.run.month) if adjusted else {}
    for ((who, currency), month), adjustments in made.items():
        reasons = [StepPart(adjustment.amount, f"{adjustment.reason} ({adjustment.id})") for adjustment in adjustments]
        parts.setdefault(who, {})[currency, "adjustment", month] = reasons
    accounts = _accounts(inputs.lines)
    return lambda who: PayslipWords(accounts=accounts.get(who, {}), parts=parts.get(who, {}))


def _when_looked_at(connection: Connection, looked_at: Mapping[tuple[str, Month], str]) -> corrections.Details:
    """The details of months as the run that last looked at them froze them."""
    # From the facts of statements: the lines that a run keeps are without details, which are as large again.
    by_run: dict[str, list[tuple[str, Month]]] = {}
    for earner, run_id in looked_at.items():
        by_run.setdefault(run_id, []).append(earner)
    details = {}
    for run_id, earners in by_run.items():
        documents = statements.documents(connection, run_id, participants=[who for who, _ in earners])
        for who, month in earners:
            if (detail := orjson.loads(documents.get(who, b"{}")).get("details", {}).get(month)) is not None:
                details[who, month] = detail
    return details


def _accounts(lines: pl.DataFrame) -> dict[str, dict[str, str]]:
    """By participant the customers of the deals of their lines."""
    deal, account = (pl.col("lines").list.eval(pl.element().struct.field(name)) for name in ("deal_id", "account"))
    wanted = lines.select("participant_id", deal.alias("deal"), account.alias("account"))
    customers: dict[str, dict[str, str]] = {}
    for who, deals, accounts in wanted.iter_rows():
        known = customers.setdefault(who, {})
        known.update((deal, name) for deal, name in zip(deals, accounts, strict=True) if name is not None)
    return {who: dict(sorted(known.items())) for who, known in customers.items()}


def _before(snapshot: RunSnapshot, settlement: Settlement) -> dict[str, int]:
    """What is payable, held, drawn and owed before the run."""
    key = (settlement.participant_id, settlement.currency)
    state = snapshot.carried.get(key)
    return {
        "payable": state.carried if state else 0,
        "held": sum(amount.held for amount in snapshot.held.get(key, {}).values()),
        "draw": snapshot.draw.get(key, 0),
        "clawback": snapshot.receivable.get(key, 0),
    }
