"""The figures that a run's reconciliations compare, each read from its own source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, text

from services.payout.gl import store as gl
from services.payout.gl.reconciliation import LedgerReconciliation, reconcile
from services.payout.runs import store as runs
from services.payout.runs.reconciliation import Kind
from shared.pay.run import Run

Sums = Mapping[str, int]
"""Minor units by currency."""


def figures(connection: Connection, run: Run) -> dict[Kind, tuple[Sums, Sums]]:
    """Per comparison its two sides, by currency. The general ledger is compared once something of the month was posted."""
    lines = runs.earned_lines(connection, run.id)
    source: dict[str, int] = {}
    if lines is not None and lines.height:
        each = lines.select("participant_id", "period", "lines").explode("lines").drop_nulls("lines").unnest("lines")
        source = dict(each.select("currency", "amount").group_by("currency").sum().iter_rows())
        pairs = lines.select("participant_id", "period").unique()
        asked = {"who": pairs["participant_id"].to_list(), "months": pairs["period"].to_list(), "run": run.id}
        booked = _sums(connection, _EARNED, **asked)
    else:
        booked = {}
    found: dict[Kind, tuple[Sums, Sums]] = {
        "source_to_credits": (source, booked),
        "ledger_to_payroll": (_sums(connection, _PAID, run=run.id), _sums(connection, _RELEASED, run=run.id)),
    }
    if posted := [entry for batch in gl.batches(connection, period=run.month) for entry in batch.entries]:
        found["ledger_to_gl"] = _turnover(reconcile(gl.postings(connection, run.month), posted))
    return found


def _turnover(compared: LedgerReconciliation) -> tuple[Sums, Sums]:
    """What the month's accounts have in the ledger, and how much of that the general ledger has on the same accounts."""
    booked: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for balance in compared.balances:
        booked[balance.currency] += abs(balance.ledger)
        agreed[balance.currency] += abs(balance.ledger) - abs(balance.difference)
    return booked, agreed


def _sums(connection: Connection, query: object, **parameters: object) -> dict[str, int]:
    return {currency: int(amount) for currency, amount in connection.execute(query, parameters) if amount}  # type: ignore[call-overload]


_EARNED = text("""
    select p.currency, sum(p.amount) from unnest(cast(:who as text[]), cast(:months as text[])) as asked (participant_id, origin)
    join journal j on j.participant_id = asked.participant_id and j.origin_period = asked.origin
    join posting p on p.journal = j.id
    left join run_pay r on r.run = :run and r.participant_id = j.participant_id and r.currency = p.currency
    where p.account = 'earned' and (r.entries is null or j.entry <= r.entries) group by 1""")

_PAID = text("""
    select p.currency, -sum(p.amount) from journal j join posting p on p.journal = j.id
    where j.cause ->> 'run' = :run and j.kind = 'payment' and p.account = 'paid' group by 1""")

_RELEASED = text("""
    select l.currency, sum(l.amount) from batch_line l join payroll_batch b on b.id = l.batch
    where b.run = :run and b.corrects is null group by 1""")
