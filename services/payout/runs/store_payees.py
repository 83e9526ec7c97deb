"""Whom runs pay, as it is kept with each, and under which payroll ids they paid whom before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select, text

from services.payout.columns import columns
from services.payout.runs import tables as schema
from services.payout.runs.payees import Payee
from shared.pay.run import Run


class PaidUnder(NamedTuple):
    """A run that paid a participant under an id in payroll."""

    run: str
    participant_id: str
    payroll_id: str


def payees(connection: Connection, run_id: str) -> list[Payee]:
    """Whom a run pays, by participant."""
    kept = schema.run_payee.c
    wanted = [kept[field] for field in Payee._fields]
    return [
        Payee(*row)
        for row in connection.execute(select(*wanted).where(kept.run == run_id).order_by(kept.participant_id))
    ]


def paid_under(connection: Connection, run: Run) -> list[PaidUnder]:
    """Under which payroll ids other approved runs of the pay group paid whom, the last run of each such pair, the earliest first."""
    asked = {"run": run.id, "pay_group": run.pay_group}
    return [PaidUnder(*row) for row in connection.execute(_PAID_UNDER, asked)]


def add_payees(connection: Connection, run_id: str, *, payees: Sequence[Payee]) -> None:
    """Write whom a run pays."""
    connection.execute(_ADD_PAYEES, {"run": run_id, **columns(payees, width=len(Payee._fields))})


_ADD_PAYEES = text(f"""
    insert into run_payee (run, {", ".join(Payee._fields)})
    select :run, * from unnest({", ".join(f"cast(:c{place} as text[])" for place in range(len(Payee._fields)))})""")

_PAID_UNDER = text("""
    select (array_agg(e.run order by r.number desc))[1], e.participant_id, e.payroll_id
    from run_payee e join run r on r.id = e.run
    where r.pay_group = :pay_group and r.id <> :run and r.state in ('approved', 'exported', 'acknowledged', 'paid')
      and e.payroll_id is not null
      and exists (select from run_pay p where p.run = e.run and p.participant_id = e.participant_id and p.paid <> 0)
    group by e.participant_id, e.payroll_id order by max(r.number)""")
