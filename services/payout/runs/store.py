"""Runs and what people did to them: drafts, events, approvals, sums, reconciliations. What a run keeps is in
`store_record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, TextClause, bindparam, insert, select, text
from sqlalchemy.types import Text

from services.payout.errors import NoSuchRun
from services.payout.runs import tables
from services.payout.runs.lifecycle import Approval, RunEvent, Verb
from services.payout.runs.reconciliation import Comparison
from shared.access.principal import Principal
from shared.access.reach import reached
from shared.pay.run import Run, RunTotal
from shared.periods import Month

_RUN = [getattr(tables.run.c, name) for name in Run.__slots__]


def lock_drafts(connection: Connection) -> None:
    """Keep others from drafting runs until the transaction ends.

    The id of a run counts the runs over pay periods of its name, which a row of one of them cannot guard: the next is
    not there yet.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.runs', 0))"))


def add(connection: Connection, run: Run) -> None:
    """Add a draft, with drafts locked."""
    values = {name: getattr(run, name) for name in Run.__slots__ if name not in _BY_EVENTS}
    values["participants"] = None if run.participants is None else list(run.participants)
    connection.execute(insert(tables.run).values(values))


def run_over(connection: Connection, pay_group: str, *, pay_period: str) -> tuple[str, str] | None:
    """The run over all of a pay period of a group that was not cancelled, and its state."""
    found = connection.execute(_ACTIVE, {"pay_group": pay_group, "pay_period": pay_period}).one_or_none()
    return None if found is None else (found[0], found[1])


# A draft is inserted without them: the database refuses a run that does not begin as one (trigger `guard_run`).
_BY_EVENTS = {"state", "lines_sha256", "inputs_sha256", "steps"}


def runs(connection: Connection, *, who: Principal | None = None) -> list[Run]:
    """All runs, or those of which `who` may know, the latest month first."""
    order = (tables.run.c.ends.desc(), tables.run.c.number.desc())
    return [_run(row) for row in connection.execute(select(*_RUN).where(*_visible(who)).order_by(*order))]


def in_order_of_drafting(connection: Connection) -> list[Run]:
    """All runs, the first one first: what they left is folded in this order."""
    return [_run(row) for row in connection.execute(select(*_RUN).order_by(tables.run.c.number))]


def run(connection: Connection, run_id: str, *, who: Principal | None = None) -> Run:
    """A run; `who` asks for it, where it is not the service itself.

    Raises:
        NoSuchRun: there is none with this id, or it is of a pay group that is not for `who`.
    """
    row = connection.execute(select(*_RUN).where(tables.run.c.id == run_id, *_visible(who))).one_or_none()
    if row is None:
        raise NoSuchRun(run_id)
    return _run(row)


def lock_run(connection: Connection, run_id: str, *, who: Principal | None = None) -> Run:
    """A run that nobody else moves until the transaction ends.

    Locks are taken in one order everywhere: the run, then the books of its pay group (`ledger.store_closings`), then
    rows of runs and closings, which the triggers of the database lock. The lock is an advisory one because the service
    may not lock the row: it may only add to runs, and their state is moved by the events that are added.

    Raises:
        NoSuchRun: there is none with this id, or not for `who`.
    """
    connection.execute(_LOCK_RUN, {"run": run_id})
    return run(connection, run_id, who=who)


def _visible(who: Principal | None) -> list[ColumnElement[bool]]:
    """A run is of all legal entities of its pay group."""
    return [] if who is None else [reached(who, pay_group=tables.run.c.pay_group, entity=None)]


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
) -> Run:
    """Record what somebody does to a run; the database moves its state by it, and takes over hashes and steps of a
    calculation. Returns the run as it is then.

    Raises:
        sqlalchemy.exc.IntegrityError: the run's state does not allow it.
    """
    event = {"verb": verb, "actor": actor, "at": at, "note": note}
    hashes = {"lines_sha256": lines_sha256, "inputs_sha256": inputs_sha256, "steps": list(steps)}
    connection.execute(insert(tables.run_event).values(run=run_id, **event, **hashes))
    return run(connection, run_id)


def events(connection: Connection, run_id: str) -> list[RunEvent]:
    """What was done to a run, in order."""
    c = tables.run_event.c
    rows = connection.execute(select(c.verb, c.actor, c.at, c.note).where(c.run == run_id).order_by(c.number))
    return [RunEvent(*row) for row in rows]


def approvals(connection: Connection, run_id: str) -> list[Approval]:
    """The steps of the approval taken since the run was last submitted; none of one that was returned since."""
    return [Approval(*row) for row in connection.execute(_APPROVALS, {"run": run_id})]


def approve(connection: Connection, run: Run, *, step: int, approval: Approval) -> None:
    """Take a step of the approval.

    Raises:
        sqlalchemy.exc.IntegrityError: the database does not allow it.
    """
    parameters = {"run": run.id, "step": step, **approval._asdict(), "lines": run.lines_sha256}
    connection.execute(_APPROVE, parameters)


def totals(connection: Connection, run_id: str | None = None) -> dict[str, list[RunTotal]]:
    """The sums of each run, or of one, by currency."""
    by_run: dict[str, list[RunTotal]] = {}
    for name, *sums in connection.execute(_TOTALS, {"run": run_id}):
        by_run.setdefault(name, []).append(RunTotal(*sums))
    return by_run


def add_reconciliations(
    connection: Connection, run_id: str, *, comparisons: Iterable[Comparison], preparer: str, at: datetime
) -> None:
    """Write comparisons that somebody made for a run."""
    made = {"run": run_id, "preparer": preparer, "at": at}
    for comparison in comparisons:
        connection.execute(insert(tables.run_reconciliation).values(**made, **comparison._asdict()))


def reconciliations(connection: Connection, run_id: str) -> list[tuple[Comparison, str, datetime]]:
    """The comparisons made for a run, with who made them and when."""
    rows = connection.execute(_RECONCILIATIONS, {"run": run_id})
    return [(Comparison(*figures), preparer, at) for *figures, preparer, at in rows]


def earned_sums(connection: Connection, run_id: str, *, earners: Iterable[tuple[str, Month]]) -> dict[str, int]:
    """By currency what is booked as earned by these participants for these months, in the journals that the run had
    looked at.
    """
    pairs = list(earners)
    asked = {"who": [who for who, _ in pairs], "months": [month for _, month in pairs], "run": run_id}
    return _sums(connection, _EARNED, parameters=asked)


def payment_sums(connection: Connection, run_id: str) -> dict[str, int]:
    """By currency what is booked as paid by a run."""
    return _sums(connection, _PAID, parameters={"run": run_id})


def released_sums(connection: Connection, run_id: str) -> dict[str, int]:
    """By currency the control totals of the payroll files of a run, those that correct others left out."""
    return _sums(connection, _RELEASED, parameters={"run": run_id})


def unapproved_closings(connection: Connection) -> list[tuple[str, Month]]:
    """Pay groups and months that are closed, and not by an approved run of theirs."""
    return [(group, period) for group, period in connection.execute(_UNAPPROVED_CLOSINGS)]


def inconsistent_runs(connection: Connection) -> set[str]:
    """Runs of which events, approvals and statements' facts do not say the same as what they stand beside."""
    return set(connection.execute(_INCONSISTENT_RUNS).scalars())


def unknown_runs(connection: Connection) -> list[str]:
    """Runs of which something is kept that was calculated, and which do not exist."""
    return list(connection.execute(_UNKNOWN_RUNS).scalars())


def _sums(connection: Connection, query: TextClause, *, parameters: Mapping[str, object]) -> dict[str, int]:
    return {currency: int(amount) for currency, amount in connection.execute(query, parameters) if amount}


def _run(row: Row[Any]) -> Run:
    facts = row._asdict()
    facts["participants"] = None if facts["participants"] is None else tuple(facts["participants"])
    return Run(**{**facts, "steps": tuple(facts["steps"])})


_LOCK_RUN = text("select pg_advisory_xact_lock(hashtextextended('earnest.run/' || :run, 0))")

_ACTIVE = text("""
    select id, state from run where pay_group = :pay_group and pay_period = :pay_period and kind = 'regular'
      and participants is null and state <> 'cancelled'""")

# Approvals belong to a submission: whoever approved before the run was returned approved something else.
_APPROVALS = text("""
    select a.role, a.approver, a.at from approval a join run on run.id = a.run and run.submission = a.submission
    where a.run = :run and run.state not in ('draft', 'calculated') order by a.step""")

_APPROVE = text("""
    insert into approval (run, submission, step, role, approver, at, lines_sha256)
    select :run, submission, :step, :role, :approver, :at, :lines from run where id = :run""")

_TOTALS = text("""
    select run, currency, cast(sum(paid) as bigint), count(*) filter (where paid > 0), cast(sum(carried) as bigint)
    from run_pay where run = coalesce(:run, run)
    group by run, currency order by run, currency""").bindparams(bindparam("run", type_=Text))

_RECONCILIATIONS = text("""
    select kind, currency, one, other, tolerance, preparer, at
    from run_reconciliation where run = :run order by number""")

# Journals after those that the run had looked at are of the next one.
_EARNED = text("""
    select p.currency, sum(p.amount)
    from unnest(cast(:who as text[]), cast(:months as text[])) as asked (participant_id, origin)
    join journal j on j.participant_id = asked.participant_id and j.origin_period = asked.origin
    join posting p on p.journal = j.id
    left join run_pay r on r.run = :run and r.participant_id = j.participant_id and r.currency = p.currency
    where p.account = 'earned' and (r.entries is null or j.entry <= r.entries) group by 1""")

_PAID = text("""
    select p.currency, -sum(p.amount) from journal j join posting p on p.journal = j.id
    where j.cause ->> 'run' = :run and j.kind = 'payment' and p.account = 'paid' group by 1""")

# A batch that corrects another pays again what payroll gave back, which the run paid once.
_RELEASED = text("""
    select l.currency, sum(l.amount) from batch_line l join payroll_batch b on b.id = l.batch
    where b.run = :run and b.corrects is null group by 1""")

_UNAPPROVED_CLOSINGS = text(f"""
    select c.pay_group, c.period from closing c
    left join run r on r.id = c.run and r.pay_group = c.pay_group and r.closes = c.period and r.{tables.BOOKED}
    where r.id is null order by 1, 2""")

# Beside each other stand: the last calculation and the run; whoever made the run and its author; each approval and what
# was approved, and its step and its number; the last approval and the event that it made; and contents and their
# hashes.
_UNKNOWN_RUNS = text("""
    select run from (
        select run from run_pay union select run from run_payee union select run from run_slip
        union select run from run_lines union select run from run_touch union select run from run_finding
    ) kept where run not in (select id from run) order by run""")

_INCONSISTENT_RUNS = text("""
    with last as (
        select distinct on (run, verb) run, verb, actor, at, lines_sha256, inputs_sha256, steps
        from run_event order by run, verb, number desc
    ), decided as (
        select a.run, a.submission, a.step, a.approver, a.at, a.lines_sha256,
            row_number() over of_run - 1 as place,
            row_number() over (partition by a.run order by a.step desc) = 1 as is_last
        from approval a join run r on r.id = a.run and r.submission = a.submission
        window of_run as (partition by a.run order by a.step)
    )
    select r.id from run r join last on last.run = r.id and last.verb = 'calculate' where r.state <> 'draft'
        and (last.lines_sha256, last.inputs_sha256, last.steps)
            is distinct from (r.lines_sha256, r.inputs_sha256, r.steps)
    union select r.id from run r join run_event e on e.run = r.id
        where e.verb in ('calculate', 'submit', 'cancel') and e.actor <> r.author
    union select r.id from run r join decided on decided.run = r.id
        where decided.lines_sha256 <> r.lines_sha256 or decided.step <> decided.place
    union select decided.run from decided join last on last.run = decided.run and last.verb = 'approve'
        where is_last and (decided.approver, decided.at) is distinct from (last.actor, last.at)
    union select run from run_slip where sha256 <> encode(sha256(facts), 'hex')
    union select run from run_lines where sha256 <> encode(sha256(content), 'hex')""")
