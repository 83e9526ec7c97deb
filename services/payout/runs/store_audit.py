"""What a proof of runs reads: whether what stands beside each other says the same."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.payout.runs.tables import BOOKED

_UNAPPROVED_CLOSINGS = text(f"""
    select c.pay_group, c.period from closing c
    left join run r on r.id = c.run and r.pay_group = c.pay_group and r.closes = c.period
        and r.{BOOKED}
    where r.id is null order by 1, 2""")


def unapproved_closings(connection: Connection) -> list[tuple[str, str]]:
    """Pay groups and months that are closed, and not by an approved run of theirs."""
    return [(group, period) for group, period in connection.execute(_UNAPPROVED_CLOSINGS)]


# Beside each other stand: the last calculation and the run; whoever made the run and its author; each approval and what
# was approved, and its step and its number; the last approval and the event that it made; and contents and their
# hashes.
_INCONSISTENT_RUNS = text("""
    with last as (
        select distinct on (run, verb) run, verb, actor, at, lines_sha256, inputs_sha256, steps
        from run_event order by run, verb, number desc
    ), decided as (
        select a.run, a.submission, a.step, a.approver, a.at, a.lines_sha256,
            row_number() over of_run - 1 as place, row_number() over (partition by a.run order by a.step desc) = 1 as is_last
        from approval a join run r on r.id = a.run and r.submission = a.submission
        window of_run as (partition by a.run order by a.step)
    )
    select r.id from run r join last on last.run = r.id and last.verb = 'calculate' where r.state <> 'draft'
        and (last.lines_sha256, last.inputs_sha256, last.steps) is distinct from (r.lines_sha256, r.inputs_sha256, r.steps)
    union select r.id from run r join run_event e on e.run = r.id
        where e.verb in ('calculate', 'submit', 'cancel') and e.actor <> r.author
    union select r.id from run r join decided on decided.run = r.id
        where decided.lines_sha256 <> r.lines_sha256 or decided.step <> decided.place
    union select decided.run from decided join last on last.run = decided.run and last.verb = 'approve'
        where is_last and (decided.approver, decided.at) is distinct from (last.actor, last.at)
    union select run from run_slip where sha256 <> encode(sha256(facts), 'hex')
    union select run from run_lines where sha256 <> encode(sha256(content), 'hex')""")


def inconsistent_runs(connection: Connection) -> set[str]:
    """Runs of which events, approvals and statements' facts do not say the same as what they stand beside."""
    return set(connection.execute(_INCONSISTENT_RUNS).scalars())


def held_participants(connection: Connection) -> list[str]:
    """Everybody of whom something is remembered as held."""
    return list(connection.execute(text("select distinct participant_id from held_line order by 1")).scalars())
