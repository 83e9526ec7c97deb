"""Runs: their life as events, what they pay, and everything that is frozen with them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import polars as pl
import psycopg
from sqlalchemy import Connection, Row, bindparam, insert, select, text
from sqlalchemy.types import Text

from services.payout.columns import columns, json_lines
from services.payout.errors import NoSuchRun
from services.payout.runs import tables as schema
from services.payout.runs.frozen import Frozen, Pay, Slip
from services.payout.runs.lifecycle import Approval, Event, Verb
from services.payout.runs.reconciliation import Compared
from services.payout.runs.store_payees import add_payees, payees
from shared.contracts.lines import each_line
from shared.pay.balances import PayKey
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import Run, RunPayment, RunTotal
from shared.pay.settlement import EarningLineKey, HeldAmount

_RUN = [getattr(schema.run.c, name) for name in Run.__slots__]


def lock_drafts(connection: Connection) -> None:
    """Keep others from drafting runs until the transaction ends: their ids are numbered."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.runs', 0))"))


def add(connection: Connection, run: Run) -> bool:
    """Add a draft, with drafts locked; False where another run over the same pay period is not cancelled."""
    values = {name: getattr(run, name) for name in Run.__slots__ if name not in _BY_EVENTS}
    asked = {"pay_group": run.pay_group, "pay_period": run.pay_period}
    whole = run.kind == "regular" and run.participants is None
    if whole and connection.execute(_ACTIVE, asked).one_or_none():
        return False
    values["participants"] = None if run.participants is None else list(run.participants)
    connection.execute(insert(schema.run).values(values))
    return True


_BY_EVENTS = {"state", "lines_sha256", "inputs_sha256", "steps"}


def runs(connection: Connection) -> list[Run]:
    """All runs, the latest month first."""
    order = (schema.run.c.ends.desc(), schema.run.c.number.desc())
    return [_run(row) for row in connection.execute(select(*_RUN).order_by(*order))]


def in_order(connection: Connection) -> list[Run]:
    """All runs as they were drafted, the first one first."""
    return [_run(row) for row in connection.execute(select(*_RUN).order_by(schema.run.c.number))]


def run(connection: Connection, run_id: str, *, for_change: bool = False) -> Run:
    """A run; `for_change` keeps others from moving it until the transaction ends.

    Raises:
        NoSuchRun: there is none with this id.
    """
    if for_change:
        connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended('earnest.run/' || :run, 0))"), {"run": run_id}
        )
    row = connection.execute(select(*_RUN).where(schema.run.c.id == run_id)).one_or_none()
    if row is None:
        raise NoSuchRun(run_id)
    return _run(row)


def number_of(connection: Connection, pay_period: str) -> int:
    """How many runs there are over pay periods of this name; no other comes while drafts are locked."""
    return int(
        connection.execute(text("select count(*) from run where pay_period = :p"), {"p": pay_period}).scalar_one()
    )


def move(
    connection: Connection,
    run_id: str,
    *,
    verb: Verb,
    actor: str,
    at: datetime,
    note: str = "",
    lines_sha256: str = "",
    inputs_sha256: str = "",
    steps: Sequence[str] = (),
) -> None:
    """Record what somebody does to a run; the database moves its state by it.

    Raises:
        sqlalchemy.exc.IntegrityError: the run's state does not allow it.
    """
    told = {"verb": verb, "actor": actor, "at": at, "note": note}
    hashes = {"lines_sha256": lines_sha256, "inputs_sha256": inputs_sha256, "steps": list(steps)}
    connection.execute(insert(schema.run_event).values(run=run_id, **told, **hashes))


def events(connection: Connection, run_id: str) -> list[Event]:
    """What was done to a run, in order."""
    c = schema.run_event.c
    rows = connection.execute(select(c.verb, c.actor, c.at, c.note).where(c.run == run_id).order_by(c.number))
    return [Event(*row) for row in rows]


def approvals(connection: Connection, run_id: str) -> list[Approval]:
    """The steps of the approval taken since the run was last submitted."""
    return [Approval(*row) for row in connection.execute(_APPROVALS, {"run": run_id})]


def approve(connection: Connection, run: Run, *, step: int, approval: Approval) -> None:
    """Take a step of the approval.

    Raises:
        sqlalchemy.exc.IntegrityError: the database does not allow it.
    """
    parameters = {"run": run.id, "step": step, **approval._asdict(), "lines": run.lines_sha256}
    connection.execute(_APPROVE, parameters)


def packed(lines: pl.DataFrame) -> bytes:
    """Everything earned that a run looked at, as it is kept."""
    content = io.BytesIO()
    lines.write_parquet(content, compression="zstd")
    return content.getvalue()


def replace(connection: Connection, run_id: str, *, frozen: Frozen, earned: bytes) -> None:
    """Write what a run was calculated to pay in place of what it was before, with everything earned that it looked at, `packed`."""
    for table in ("run_pay", "run_slip", "run_payee", "run_lines", "run_touch", "run_finding"):
        connection.execute(text(f"delete from {table} where run = :run"), {"run": run_id})
    told = json_lines(pay.told for pay in frozen.pays)
    connection.execute(_ADD_PAY, {"run": run_id, **columns([pay[:5] for pay in frozen.pays], width=5), "pay": told})
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with raw.cursor() as cursor, cursor.copy(_COPY_SLIPS) as copy:
        copy.set_types(["text", "text", "text", "text", "bytea", "text"])
        for who, each in frozen.slips.items():
            copy.write_row((run_id, who, *each))
    add_payees(connection, run_id, payees=frozen.payees)
    connection.execute(_ADD_LINES, {"run": run_id, "content": earned})
    connection.execute(_ADD_TOUCHES, {"run": run_id, **columns(sorted(frozen.touches), width=2)})
    connection.execute(_ADD_FINDINGS, {"run": run_id, **columns(frozen.findings, width=3)})


def frozen(connection: Connection, run_id: str) -> Frozen:
    """What a run keeps, with the hashes of the statements' facts as they are stored now, without the facts."""
    found_pays = pays(connection, run_id)
    slips = {
        who: Slip(name, manager, b"", digest)
        for who, name, manager, digest in connection.execute(_SLIPS, {"run": run_id})
    }
    earned = connection.execute(_EARNED_SHA256, {"run": run_id}).scalar() or ""
    return Frozen(
        pays=found_pays,
        slips=slips,
        payees=payees(connection, run_id),
        touches=frozenset(touches(connection, run_id)),
        findings=found(connection, run_id),
        earned_sha256=earned,
    )


def lines(connection: Connection, run_id: str) -> list[RunPayment]:
    """What a run pays and carries, by participant and currency."""
    return [RunPayment(*row) for row in connection.execute(_LINES, {"run": run_id})]


def pays(connection: Connection, run_id: str, *, participant_id: str | None = None) -> list[Pay]:
    """What a run pays and how it came about, of everybody or of one participant, by participant and currency."""
    rows = connection.execute(_PAYS, {"run": run_id, "participant": participant_id})
    return [
        Pay(participant_id=who, currency=currency, paid=paid, carried=carried, entries=count, told=orjson.loads(pay))
        for who, currency, paid, carried, count, pay in rows
    ]


def totals(connection: Connection, run_id: str | None = None) -> dict[str, list[RunTotal]]:
    """The sums of each run, or of one, by currency."""
    found: dict[str, list[RunTotal]] = {}
    for name, *sums in connection.execute(_TOTALS, {"run": run_id}):
        found.setdefault(name, []).append(RunTotal(*sums))
    return found


def earned_lines(connection: Connection, run_id: str) -> pl.DataFrame | None:
    """Everything earned that a run looked at (`shared.contracts.lines.SCHEMA` without the details); None before it is calculated."""
    c = schema.run_lines.c
    content = connection.execute(select(c.content).where(c.run == run_id)).scalar()
    return pl.read_parquet(io.BytesIO(content)) if content is not None else None


def earned_by(connection: Connection, participant_id: str, *, deal_id: str) -> bool:
    """Whether a participant earned by a deal when an approved run last looked at a month."""
    seen: list[str] = []
    for run_id in runs_that_looked_at(connection, ""):
        lines = earned_lines(connection, run_id)
        if lines is not None:
            mine = lines.filter((pl.col("participant_id") == participant_id) & ~pl.col("period").is_in(seen))
            if deal_id in each_line(mine)["deal_id"]:
                return True
            seen += mine["period"].to_list()
    return False


def touched(connection: Connection, run_id: str) -> pl.DataFrame:
    """participant_id, period and touched_by of everything earned that a run looked at."""
    c = schema.run_lines.c
    content = connection.execute(select(c.content).where(c.run == run_id)).scalar_one()
    return pl.read_parquet(io.BytesIO(content), columns=["participant_id", "period", "touched_by"])


def runs_that_looked_at(connection: Connection, month: str) -> list[str]:
    """Approved runs that may have looked at what was earned in a month, the latest first."""
    return list(connection.execute(_LOOKED, {"month": month}).scalars())


def touches(connection: Connection, run_id: str) -> list[tuple[str, str]]:
    """Who set something that a run pays on, and what."""
    c = schema.run_touch.c
    return [
        (who, what)
        for who, what in connection.execute(select(c.who, c.what).where(c.run == run_id).order_by(c.who, c.what))
    ]


def found(connection: Connection, run_id: str) -> list[ReviewFinding]:
    """What the approver of a run should look at."""
    c = schema.run_finding.c
    rows = select(c.kind, c.participant_id, c.why).where(c.run == run_id).order_by(c.kind, c.participant_id, c.why)
    return [ReviewFinding(*row) for row in connection.execute(rows)]


def keep_held(connection: Connection, held: Mapping[PayKey, Mapping[EarningLineKey, HeldAmount]]) -> None:
    """Write what is held of which line from now on; one of which nothing is held any more is remembered,
    because the money that released it may go again."""
    rows = [(*owed, *whose, *figures) for owed, lines in held.items() for whose, figures in lines.items()]
    if rows:
        connection.execute(_KEEP_HELD, columns(rows, width=10))


def add_reconciliations(
    connection: Connection, run_id: str, *, compared: Iterable[Compared], preparer: str, at: datetime
) -> None:
    """Write comparisons that somebody made for a run."""
    for each in compared:
        values = {
            "kind": each.kind,
            "currency": each.currency,
            "one": each.left,
            "other": each.right,
            "tolerance": each.tolerance,
        }
        connection.execute(insert(schema.run_reconciliation).values(run=run_id, preparer=preparer, at=at, **values))


def reconciliations(connection: Connection, run_id: str) -> list[tuple[Compared, str, datetime]]:
    """The comparisons made for a run, with who made them and when."""
    rows = connection.execute(_RECONCILIATIONS, {"run": run_id})
    return [(Compared(*row[:5]), row.preparer, row.at) for row in rows]


def _run(row: Row[Any]) -> Run:
    facts = row._asdict()
    facts["participants"] = None if facts["participants"] is None else tuple(facts["participants"])
    return Run(**{**facts, "steps": tuple(facts["steps"])})


_ACTIVE = text("""
    select id from run where pay_group = :pay_group and pay_period = :pay_period and kind = 'regular'
      and participants is null and state <> 'cancelled'""")

_APPROVALS = text("""
    select a.role, a.approver, a.at from approval a join run on run.id = a.run and run.submission = a.submission
    where a.run = :run order by a.step""")

_APPROVE = text("""
    insert into approval (run, submission, step, role, approver, at, lines_sha256)
    select :run, submission, :step, :role, :approver, :at, :lines from run where id = :run""")

_ADD_PAY = text("""
    insert into run_pay (run, participant_id, currency, paid, carried, entries, pay)
    select :run, * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as bigint[]), cast(:c3 as bigint[]),
                               cast(:c4 as integer[]), string_to_array(:pay, chr(10)))""")

_COPY_SLIPS = "copy run_slip (run, participant_id, name, manager, facts, sha256) from stdin (format binary)"

_ADD_LINES = text("""
    insert into run_lines (run, content, sha256) values (:run, :content, encode(sha256(:content), 'hex'))""")

_EARNED_SHA256 = text("select encode(sha256(content), 'hex') from run_lines where run = :run")

_ADD_TOUCHES = text("""
    insert into run_touch (run, who, what) select :run, * from unnest(cast(:c0 as text[]), cast(:c1 as text[]))""")

_ADD_FINDINGS = text("""
    insert into run_finding (run, kind, participant_id, why)
    select :run, * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as text[]))""")

_LINES = text("""
    select participant_id, currency, paid, carried from run_pay
    where run = :run and (paid <> 0 or carried <> 0) order by participant_id, currency""")

_PAYS = text("""
    select participant_id, currency, paid, carried, entries, pay from run_pay
    where run = :run and participant_id = coalesce(:participant, participant_id)
    order by participant_id, currency""").bindparams(bindparam("participant", type_=Text))

_TOTALS = text("""
    select run, currency, cast(sum(paid) as bigint), count(*) filter (where paid > 0), cast(sum(carried) as bigint)
    from run_pay where run = coalesce(:run, run)
    group by run, currency order by run, currency""").bindparams(bindparam("run", type_=Text))

_SLIPS = text("select participant_id, name, manager, encode(sha256(facts), 'hex') from run_slip where run = :run")

_LOOKED = text("""
    select run.id from run join run_lines on run_lines.run = run.id
    where run.month >= :month and state in ('approved', 'exported', 'acknowledged', 'paid') order by run.number desc""")

_KEEP_HELD = text("""
    insert into held_line (participant_id, currency, period, component, plan, version, deal_id, amount, held, forfeited)
    select * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as text[]), cast(:c3 as text[]), cast(:c4 as text[]),
                         cast(:c5 as integer[]), cast(:c6 as text[]), cast(:c7 as bigint[]), cast(:c8 as bigint[]),
                         cast(:c9 as bigint[]))
    on conflict (participant_id, currency, period, component, plan, version, deal_id)
    do update set amount = excluded.amount, held = excluded.held, forfeited = excluded.forfeited""")

_RECONCILIATIONS = text("""
    select kind, currency, one, other, tolerance, preparer, at from run_reconciliation where run = :run order by number""")
