"""The frozen facts of statements as they lie in the runs, and the pages and PDFs that were made of them: kept for
ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from services.payout.statements.media import Form
from services.payout.statements.tables import statement_file
from services.payout.statements.team import Reports
from shared.pay.run import DONE_STATES

Document = Literal["statement", "team"]


class RunState(NamedTuple):
    """What a statement needs to know of its run: a run is final once it is approved."""

    id: str
    final: bool


class StatementFile(NamedTuple):
    """A page or PDF as it was first made, and the facts it was made of."""

    content: bytes
    sha256: str
    facts_sha256: str


class FileKey(NamedTuple):
    """Which page or PDF: of a participant, or of the team below them."""

    run: str
    participant_id: str
    document: Document
    form: Form


def run_state(connection: Connection, run: str) -> RunState | None:
    """The run; None where there is none."""
    state = connection.execute(text("select state from run where id = :run"), {"run": run}).scalar()
    return RunState(run, state in DONE_STATES) if state is not None else None


def runs_of(connection: Connection, participant_id: str) -> list[RunState]:
    """The runs with a statement of a participant, the latest first."""
    rows = connection.execute(
        text("""
            select run.id, run.state from run join run_slip on run_slip.run = run.id
            where run_slip.participant_id = :participant and run.state <> 'cancelled'
            order by run.ends desc, run.number desc"""),
        {"participant": participant_id},
    )
    return [RunState(run, state in DONE_STATES) for run, state in rows]


def documents(connection: Connection, run: str, *, participants: Sequence[str]) -> Mapping[str, bytes]:
    """The frozen facts of participants, of those that there are."""
    rows = connection.execute(
        text("""
            select participant_id, facts from run_slip
            where run = :run and participant_id = any(cast(:participants as text[]))"""),
        {"run": run, "participants": list(participants)},
    )
    return {participant: bytes(facts) for participant, facts in rows}


def people(connection: Connection, run: str) -> list[Reports]:
    """Everybody with a statement in the run."""
    rows = connection.execute(text("select participant_id, name, manager from run_slip where run = :run"), {"run": run})
    return [Reports(*row) for row in rows]


def kept(connection: Connection, key: FileKey) -> StatementFile | None:
    """The file that was made first; None before there is one."""
    row = connection.execute(
        text("""
            select content, sha256, facts_sha256 from statement_file
            where run = :run and participant_id = :participant_id and document = :document and form = :form"""),
        key._asdict(),
    ).one_or_none()
    return None if row is None else StatementFile(*row)


def keep(connection: Connection, key: FileKey, *, made: StatementFile) -> StatementFile:
    """Keep a file, unless somebody was faster; whatever is kept now.

    What is made of the same facts is the same bytes, but a later version of the program may write them otherwise:
    whoever fetched a statement once gets those bytes for ever, so the first one stays.
    """
    # Read again and not handed back: of two who made it at the same moment, both must answer with the one that stays.
    connection.execute(insert(statement_file).values(key._asdict() | made._asdict()).on_conflict_do_nothing())
    first = kept(connection, key)
    assert first is not None
    return first


def damaged(connection: Connection) -> list[FileKey]:
    """Kept files whose content does not have the hash it was kept with. The database hashes, so that no content
    travels.
    """
    rows = connection.execute(
        text("""
            select run, participant_id, document, form from statement_file
            where sha256 <> encode(sha256(content), 'hex') order by run, participant_id, document, form""")
    )
    return [FileKey(*row) for row in rows]
