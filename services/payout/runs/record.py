"""What a run keeps of its calculation: pay, statements' facts, who had a hand in it, what an approver should look at. One hash stands for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection

from services.payout.roster.store import people
from services.payout.runs import corrections
from services.payout.runs import store_balances as positions
from services.payout.runs import store_years as years
from services.payout.runs.calculation import Calculated
from services.payout.runs.contributors import hands
from services.payout.runs.frozen import Frozen, Pay, Slip
from services.payout.runs.journals import to_json
from services.payout.runs.payees import payees_of
from services.payout.runs.payments import profile_in_force
from services.payout.runs.payslip import Told, Words, full_name, slip
from services.payout.runs.review import findings_of, findings_of_kept
from services.payout.statements import store as statements
from services.payout.statements.facts import Company
from services.payout.statements.writing import Writing
from shared.pay.settlement import Settlement
from shared.pay.snapshot import RunSnapshot
from shared.settings import Settings


def freeze(connection: Connection, found: Calculated, *, settings: Settings) -> Frozen:
    """What a run keeps of a calculation."""
    snapshot = found.inputs.snapshot
    company = Company(name=settings.company_name, locale=settings.locale)
    pays = [
        Pay(
            participant_id=each.participant_id,
            currency=each.currency,
            paid=each.paid,
            carried=each.carried,
            entries=snapshot.journal_counts.get(each.participant_id, 0),
            told=to_json(each),
        )
        for each in found.settlements
    ]
    profile, _ = profile_in_force(connection, snapshot.run)
    payees = payees_of(snapshot.run, snapshot.people, who=(pay.participant_id for pay in pays), profile=profile)
    kept = Frozen(pays=pays, slips=dict(_slips(connection, found, company=company)), payees=payees)
    findings = [*findings_of(connection, found), *findings_of_kept(connection, snapshot.run, kept=kept)]
    return replace(kept, touches=frozenset(hands(connection, found)), findings=findings)


def _slips(connection: Connection, found: Calculated, *, company: Company) -> Iterator[tuple[str, Slip]]:
    snapshot, run = found.inputs.snapshot, found.inputs.snapshot.run
    details: dict[str, dict[str, bytes]] = {}
    for who, month, detail in found.inputs.lines.select("participant_id", "period", "detail").iter_rows():
        details.setdefault(who, {})[month] = detail
    mine: dict[str, list[Settlement]] = {}
    for each in found.settlements:
        mine.setdefault(each.participant_id, []).append(each)
    year = years.sums(connection, mine, month=run.month)
    homes = {who: snapshot.attributes_of(who) for who in mine}
    managers = people(connection, {home.manager for home in homes.values() if home.manager})
    names = {who: person.at(run.ends).name or "" for who, person in managers.items()}
    words = _words(connection, found, details=details, writing=Writing(company.locale))
    for who, settlements in mine.items():
        home = homes[who]
        before = {each.currency: _before(snapshot, each) for each in settlements}
        sums = [years.with_run(year.get((who, each.currency)), each, run=run) for each in settlements]
        manager = names.get(home.manager or "", "")
        facts = slip(
            company,
            run,
            participant_id=who,
            home=home,
            manager_name=manager,
            settlements=settlements,
            details=details.get(who, {}),
            before=before,
            year=sums,
            words=words(who),
        )
        yield who, Slip(full_name(home) or who, home.manager, facts, hashlib.sha256(facts).hexdigest())


def _words(
    connection: Connection, found: Calculated, *, details: Mapping[str, Mapping[str, bytes]], writing: Writing
) -> Callable[[str], Words]:
    """By participant the customers of their deals, and what adjustments and changes of earlier months consist of."""
    parts: dict[str, dict[tuple[str, str, str], list[Told]]] = {}
    is_now = {(who, month): detail for who, months in details.items() for month, detail in months.items()}
    before = _when_looked_at(connection, found.inputs.corrected.looked_at)
    changed = corrections.told(
        found.inputs.corrected, found.inputs.facts_to_tell, before=before, now=is_now, writing=writing
    )
    for (who, currency, month), deals in changed.items():
        told_of = [Told(each.amount, each.why, each.deal_id, each.component) for each in deals]
        parts.setdefault(who, {})[currency, "prior_period", month] = told_of
    touched = {
        who
        for (who, _), fresh in found.inputs.snapshot.unsettled.items()
        if any(each.kind == "adjustment" for each in fresh)
    }
    made = positions.adjusted(connection, touched, month=found.inputs.snapshot.run.month) if touched else {}
    for ((who, currency), month), adjustments in made.items():
        reasons = [Told(each.amount, f"{each.reason} ({each.id})") for each in adjustments]
        parts.setdefault(who, {})[currency, "adjustment", month] = reasons
    accounts = _accounts(found.inputs.lines)
    return lambda who: Words(accounts.get(who, {}), parts.get(who, {}))


def _when_looked_at(connection: Connection, looked_at: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Any]:
    """The details of months as the run that last looked at them froze them."""
    of_run: dict[str, list[tuple[str, str]]] = {}
    for place, run_id in looked_at.items():
        of_run.setdefault(run_id, []).append(place)
    found = {}
    for run_id, places in of_run.items():
        documents = statements.documents(connection, run_id, participants=[who for who, _ in places])
        for who, month in places:
            if (detail := orjson.loads(documents.get(who, b"{}")).get("details", {}).get(month)) is not None:
                found[who, month] = detail
    return found


def _accounts(lines: pl.DataFrame) -> dict[str, dict[str, str]]:
    """By participant the customers of the deals of their lines."""
    deal, account = (pl.col("lines").list.eval(pl.element().struct.field(name)) for name in ("deal_id", "account"))
    found: dict[str, dict[str, str]] = {}
    for who, deals, accounts in lines.select(
        "participant_id", deal.alias("deal"), account.alias("account")
    ).iter_rows():
        known = found.setdefault(who, {})
        known.update((each, name) for each, name in zip(deals, accounts, strict=True) if name is not None)
    return {who: dict(sorted(known.items())) for who, known in found.items()}


def _before(snapshot: RunSnapshot, settlement: Settlement) -> dict[str, int]:
    owed = (settlement.participant_id, settlement.currency)
    left = snapshot.carried.get(owed)
    return {
        "payable": left.carried if left else 0,
        "held": sum(each.held for each in snapshot.held.get(owed, {}).values()),
        "draw": snapshot.draw.get(owed, 0),
        "clawback": snapshot.receivable.get(owed, 0),
    }
