"""Runs, their lines and their payroll files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Text, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from services.payout import schema
from services.payout.payroll.batch import Previous
from services.payout.payroll.of_run import PayrollFile
from services.payout.refusals import NoSuchRun
from services.payout.runs import Line, Run, Total
from services.payout.store.columns import columns


def runs_drafted(connection: Connection, period: str) -> int:
    """How many runs were ever drafted for a period."""
    return connection.execute(
        select(func.count()).select_from(schema.run).where(schema.run.c.period == period)
    ).scalar_one()


def add_run(connection: Connection, run: Run, lines: Sequence[Line]) -> bool:
    """Write a new draft; False, and nothing is written, when its period has a run that was not cancelled."""
    added = connection.execute(
        postgresql.insert(schema.run).values(asdict(run)).on_conflict_do_nothing().returning(schema.run.c.id)
    ).first()
    if added:
        _add_lines(connection, run.id, lines)
    return added is not None


def change_run(connection: Connection, run: Run) -> None:
    """Write the state of a run."""
    connection.execute(update(schema.run).where(schema.run.c.id == run.id).values(asdict(run)))


def replace_lines(connection: Connection, run_id: str, lines: Sequence[Line]) -> None:
    """Write the lines of a draft in place of those it has."""
    connection.execute(delete(schema.run_line).where(schema.run_line.c.run == run_id))
    _add_lines(connection, run_id, lines)


def run(connection: Connection, run_id: str, for_change: bool = False) -> Run:
    """A run; `for_change` keeps it as it is until the transaction ends.

    Raises:
        NoSuchRun: there is none with this id.
    """
    found = select(schema.run).where(schema.run.c.id == run_id)
    row = connection.execute(found.with_for_update() if for_change else found).one_or_none()
    if row is None:
        raise NoSuchRun(run_id)
    return Run(**row._mapping)


def runs(connection: Connection) -> list[Run]:
    """All runs, the latest period first."""
    newest_first = select(schema.run).order_by(schema.run.c.period.desc(), schema.run.c.calculated_at.desc())
    return [Run(**row._mapping) for row in connection.execute(newest_first)]


def lines(connection: Connection, run_id: str) -> list[Line]:
    """The lines of a run, in order."""
    columns = schema.run_line.c
    rows = connection.execute(
        select(columns.participant_id, columns.currency, columns.amount).where(columns.run == run_id)
    )
    return sorted(Line(*row) for row in rows)


def totals(connection: Connection, run_id: str | None = None) -> dict[str, list[Total]]:
    """Sums per currency of the lines of a run, or of every run, by run."""
    found: dict[str, list[Total]] = defaultdict(list)
    for run, *total in connection.execute(_TOTALS, {"run": run_id}):
        found[run].append(Total(*total))
    return found


def last_batch(connection: Connection) -> Previous | None:
    """The payroll file written last. Until the transaction ends no other is written."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.payroll_file', 0))"))
    files = schema.payroll_file.c
    row = connection.execute(select(files.run, files.sha256).order_by(files.number.desc()).limit(1)).one_or_none()
    return Previous(*row) if row else None


def add_file(connection: Connection, file: PayrollFile) -> None:
    """Keep a payroll file."""
    connection.execute(insert(schema.payroll_file).values(asdict(file)))


def file(connection: Connection, run_id: str) -> PayrollFile | None:
    """The payroll file of a run; None before it is exported."""
    files = schema.payroll_file.c
    row = connection.execute(
        select(files.run, files.name, files.content, files.sha256, files.manifest).where(files.run == run_id)
    ).one_or_none()
    return PayrollFile(*row) if row else None


def _add_lines(connection: Connection, run_id: str, lines: Sequence[Line]) -> None:
    connection.execute(_ADD_LINES, {"run": run_id, **columns(lines, width=3)})


_ADD_LINES = text("""
    insert into run_line (run, participant_id, currency, amount)
    select :run, * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as bigint[]))""")

_TOTALS = text("""
    select run, currency,
        cast(coalesce(sum(amount) filter (where amount > 0), 0) as bigint), count(*) filter (where amount > 0),
        cast(coalesce(sum(amount) filter (where amount < 0), 0) as bigint)
    from run_line where run = coalesce(:run, run)
    group by run, currency order by run, currency""").bindparams(bindparam("run", type_=Text))
