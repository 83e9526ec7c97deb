"""What runs keep: pay, statements' facts, payees, contributors, findings, and everything earned that they looked at."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple

import orjson
import polars as pl
from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.types import Text

from services.payout.runs import tables
from services.payout.runs.record import Contributor, Payee, PayRecord, Payslip, RunRecord, SettlementRecord
from services.payout.runs.tables import BOOKED
from shared.columns import arrays, insert_rows
from shared.contracts.lines import each_line, empty
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import Run, RunPayment
from shared.pay.settlement import EarningLineKey, HeldAmount
from shared.pay.snapshot import PayKey
from shared.periods import Month
from shared.reader import driver

EARNER: Final = ["participant_id", "period"]


class PaidUnder(NamedTuple):
    """A run that paid a participant under an id in payroll."""

    run: str
    participant_id: str
    payroll_id: str


def packed(lines: pl.DataFrame) -> bytes:
    """Everything earned that a run looked at, as it is kept."""
    # Parquet: a column is read without the others, and 100,000 lines are a few megabytes instead of a hundred.
    content = io.BytesIO()
    lines.write_parquet(content, compression="zstd")
    return content.getvalue()


def replace(connection: Connection, run_id: str, *, record: RunRecord, earned: bytes) -> None:
    """Write what a run was calculated to pay in place of what it was before, with everything earned that it looked at,
    `packed`.

    The database takes it from a run only that is not submitted yet (`check_run_rows`).
    """
    for table in ("run_pay", "run_slip", "run_payee", "run_lines", "run_touch", "run_finding"):
        connection.execute(text(f"delete from {table} where run = :run"), {"run": run_id})
    of_run = {"run_id": run_id}
    pays = [(pay.participant_id, pay.currency, pay.paid, pay.carried, pay.journals_seen) for pay in record.pays]
    settlements = (pay.settlement.json for pay in record.pays)
    connection.execute(_ADD_PAYS, of_run | arrays(_OF_PAY, pays, pay=settlements))
    # Facts of statements are megabytes of JSON: sent in binary they are not escaped, and not parsed. PostgreSQL copies
    # into no table with row security.
    with driver(connection).cursor() as cursor:
        cursor.executemany(_ADD_SLIPS, [(run_id, who, *slip) for who, slip in record.slips.items()])
    connection.execute(_ADD_PAYEES, of_run | arrays(Payee._fields, record.payees))
    connection.execute(_ADD_LINES, {"run": run_id, "content": earned})
    connection.execute(_ADD_CONTRIBUTORS, of_run | arrays(_OF_CONTRIBUTOR, sorted(record.contributors)))
    connection.execute(_ADD_FINDINGS, of_run | arrays(ReviewFinding._fields, record.findings))


def record(connection: Connection, run_id: str) -> RunRecord:
    """What a run keeps. Hashes of facts and lines are made by the database of what is stored now: what was changed has
    another hash.
    """
    slips = {
        who: Payslip(name, manager, b"", digest)
        for who, name, manager, digest in connection.execute(_SLIPS, {"run": run_id})
    }
    return RunRecord(
        pays=pays(connection, run_id),
        slips=slips,
        payees=payees(connection, run_id),
        contributors=frozenset(contributors(connection, run_id)),
        findings=findings(connection, run_id),
        earned_sha256=connection.execute(_EARNED_SHA256, {"run": run_id}).scalar() or "",
    )


def payments(connection: Connection, run_id: str) -> list[RunPayment]:
    """What a run pays and carries, by participant and currency."""
    return [RunPayment(*row) for row in connection.execute(_LINES, {"run": run_id})]


def pays(connection: Connection, run_id: str, *, participant_id: str | None = None) -> list[PayRecord]:
    """What a run pays and how it came about, of everybody or of one participant, by participant and currency."""
    rows = connection.execute(_PAYS, {"run": run_id, "participant": participant_id})
    return [
        PayRecord(
            participant_id=who,
            currency=currency,
            paid=paid,
            carried=carried,
            journals_seen=journals_seen,
            settlement=SettlementRecord(orjson.loads(pay)),
        )
        for who, currency, paid, carried, journals_seen, pay in rows
    ]


def earned_lines(connection: Connection, run_id: str, *, column: str) -> pl.DataFrame:
    """Everything earned that a run looked at, of each participant in each month: `participant_id`, `period` and another
    column of `shared.contracts.lines.SCHEMA`, of which `detail` is not kept; of nobody before the run is calculated.
    """
    # By column: what is wanted is one of them, and the lines of a large company are a hundred megabytes.
    wanted = [*EARNER, column]
    c = tables.run_lines.c
    content = connection.execute(select(c.content).where(c.run == run_id)).scalar()
    return empty().select(wanted) if content is None else pl.read_parquet(io.BytesIO(content), columns=wanted)


def last_looked_at(
    runs: Iterable[str],
    lines_of: Callable[[str], pl.DataFrame],
    *,
    month: Month | None = None,
    participants: Collection[str] | None = None,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The `earned_lines` of each participant in each month from the latest run that looked at them, by run.

    A run looks at months whole: the latest that did has all lines of a participant in a month, corrections of earlier
    runs included. To add up runs would be to count them twice.

    Args:
        runs: those to look into, the latest first.
        lines_of: reads the lines of a run.
        month, participants: only of these, where they are said; with both, runs before those of the last are not read.
    """
    wanted = [pl.col("period") == month] if month is not None else []
    wanted += [pl.col("participant_id").is_in(list(participants))] if participants is not None else []
    seen = empty().select(EARNER)
    for run in runs:
        lines = lines_of(run).filter(*wanted).join(seen, on=EARNER, how="anti")
        if lines.height:
            yield run, lines
            seen = pl.concat([seen, lines.select(EARNER)])
        if month is not None and participants is not None and seen.height == len(participants):
            return


def earned_by(connection: Connection, participant_id: str, *, deal_id: str) -> bool:
    """Whether a participant earned by a deal when an approved run last looked at a month."""
    looked_at = last_looked_at(
        runs_that_looked_at(connection),
        partial(earned_lines, connection, column="lines"),
        participants=[participant_id],
    )
    return any(deal_id in each_line(lines)["deal_id"] for _, lines in looked_at)


def runs_that_looked_at(connection: Connection, month: Month | None = None) -> list[str]:
    """Approved runs that may have looked at what was earned in a month, or in any, the latest first."""
    return list(connection.execute(_LOOKED, {"month": month or ""}).scalars())


def contributors(connection: Connection, run_id: str) -> list[Contributor]:
    """Who set something that a run pays on, and what."""
    c = tables.run_touch.c
    return [
        (who, what)
        for who, what in connection.execute(select(c.who, c.what).where(c.run == run_id).order_by(c.who, c.what))
    ]


def findings(connection: Connection, run_id: str) -> list[ReviewFinding]:
    """What the approver of a run should look at."""
    c = tables.run_finding.c
    rows = select(c.kind, c.participant_id, c.why).where(c.run == run_id).order_by(c.kind, c.participant_id, c.why)
    return [ReviewFinding(*row) for row in connection.execute(rows)]


def payees(connection: Connection, run_id: str) -> list[Payee]:
    """Whom a run pays, by participant."""
    kept = tables.run_payee.c
    wanted = [kept[field] for field in Payee._fields]
    return [
        Payee(*row)
        for row in connection.execute(select(*wanted).where(kept.run == run_id).order_by(kept.participant_id))
    ]


def paid_under(connection: Connection, run: Run) -> list[PaidUnder]:
    """Under which payroll ids other approved runs of the pay group paid whom, the last run of each such pair, the
    earliest first.
    """
    asked = {"run": run.id, "pay_group": run.pay_group}
    return [PaidUnder(*row) for row in connection.execute(_PAID_UNDER, asked)]


def save_held(connection: Connection, held: Mapping[PayKey, Mapping[EarningLineKey, HeldAmount]]) -> None:
    """Write what is held of which line from now on.

    A line of which nothing is held any more is remembered, because the money that released it may go again.
    """
    rows = [(*key, *earning, *figures) for key, lines in held.items() for earning, figures in lines.items()]
    if rows:
        connection.execute(_KEEP_HELD, arrays(_OF_HELD, rows))


_OF_RUN: Final = {"run": bindparam("run_id", type_=Text)}
_OF_PAY: Final = ("participant_id", "currency", "paid", "carried", "entries")
_ADD_PAYS = insert_rows(tables.run_pay, _OF_PAY, json=("pay",), once=_OF_RUN)
_ADD_PAYEES = insert_rows(tables.run_payee, Payee._fields, once=_OF_RUN)
_OF_CONTRIBUTOR: Final = ("who", "what")
_ADD_CONTRIBUTORS = insert_rows(tables.run_touch, _OF_CONTRIBUTOR, once=_OF_RUN)
_ADD_FINDINGS = insert_rows(tables.run_finding, ReviewFinding._fields, once=_OF_RUN)

_ADD_SLIPS = """
    insert into run_slip (run, participant_id, name, manager, facts, sha256) values (%s, %s, %s, %s, %b, %s)"""

_ADD_LINES = text("""
    insert into run_lines (run, content, sha256) values (:run, :content, encode(sha256(:content), 'hex'))""")

# Made of what is stored now, not read from the column beside it: whoever changed the one would change the other.
_EARNED_SHA256 = text("select encode(sha256(content), 'hex') from run_lines where run = :run")

_LINES = text("""
    select participant_id, currency, paid, carried from run_pay
    where run = :run and (paid <> 0 or carried <> 0) order by participant_id, currency""")

_PAYS = text("""
    select participant_id, currency, paid, carried, entries, pay from run_pay
    where run = :run and participant_id = coalesce(:participant, participant_id)
    order by participant_id, currency""").bindparams(bindparam("participant", type_=Text))

_SLIPS = text("select participant_id, name, manager, encode(sha256(facts), 'hex') from run_slip where run = :run")

# A run looks at its own month and at earlier ones, never at a later.
_LOOKED = text(f"""
    select run.id from run join run_lines on run_lines.run = run.id
    where run.month >= :month and {BOOKED} order by run.number desc""")

_HELD_KEY: Final = ("participant_id", "currency", *EarningLineKey._fields)
_OF_HELD: Final = (*_HELD_KEY, *HeldAmount._fields)
_ADD_HELD = insert_rows(tables.held_line, _OF_HELD)
_KEEP_HELD = _ADD_HELD.on_conflict_do_update(
    index_elements=list(_HELD_KEY), set_={name: _ADD_HELD.excluded[name] for name in HeldAmount._fields}
)

_PAID_UNDER = text(f"""
    select (array_agg(e.run order by r.number desc))[1], e.participant_id, e.payroll_id
    from run_payee e join run r on r.id = e.run
    where r.pay_group = :pay_group and r.id <> :run and r.{BOOKED}
      and e.payroll_id is not null
      and exists (select from run_pay p where p.run = e.run and p.participant_id = e.participant_id and p.paid <> 0)
    group by e.participant_id, e.payroll_id order by max(r.number)""")
