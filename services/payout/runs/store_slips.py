"""Statements' facts as runs keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from services.payout.statements.store import RunState
from services.payout.statements.team import Reports
from shared.pay.run import DONE_STATES


class RunSlips:
    """The facts that runs froze; a run is final once it is approved."""

    def run(self, connection: Connection, run: str) -> RunState | None:
        """The run; None where there is none."""
        state = connection.execute(text("select state from run where id = :run"), {"run": run}).scalar()
        return RunState(run, state in DONE_STATES) if state is not None else None

    def facts(self, connection: Connection, run: str, participants: Sequence[str]) -> Mapping[str, bytes]:
        """The facts of participants, of those that there are."""
        rows = connection.execute(_FACTS, {"run": run, "participants": list(participants)})
        return {participant: bytes(facts) for participant, facts in rows}

    def people(self, connection: Connection, run: str) -> list[Reports]:
        """Everybody with a statement in the run."""
        rows = connection.execute(
            text("select participant_id, name, manager from run_slip where run = :run"), {"run": run}
        )
        return [Reports(*row) for row in rows]

    def runs_of(self, connection: Connection, participant_id: str) -> list[RunState]:
        """The runs with a statement of a participant, the latest first."""
        rows = connection.execute(_RUNS_OF, {"participant": participant_id})
        return [RunState(run, state in DONE_STATES) for run, state in rows]


_FACTS = text("""
    select participant_id, facts from run_slip where run = :run and participant_id = any(cast(:participants as text[]))""")

_RUNS_OF = text("""
    select run.id, run.state from run join run_slip on run_slip.run = run.id
    where run_slip.participant_id = :participant and run.state <> 'cancelled' order by run.ends desc, run.number desc""")
