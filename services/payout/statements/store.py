"""The frozen facts of statements as they lie in the runs, and the pages and PDFs that were made of them: kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from sqlalchemy import Connection, text

from services.payout.statements.media import Form
from services.payout.statements.team import Reports

Document = Literal["statement", "team"]


class RunState(NamedTuple):
    """What a statement needs to know of its run."""

    id: str
    final: bool


class Slips(Protocol):
    """Where the frozen facts are."""

    def run(self, connection: Connection, run: str) -> RunState | None:
        """The run; None where there is none."""
        ...

    def facts(self, connection: Connection, run: str, participants: Sequence[str]) -> Mapping[str, bytes]:
        """The frozen documents of participants, those that there are."""
        ...

    def people(self, connection: Connection, run: str) -> list[Reports]:
        """Everybody with a document in the run."""
        ...

    def runs_of(self, connection: Connection, participant_id: str) -> list[RunState]:
        """The runs with a document of a participant, the latest first."""
        ...


class Kept(NamedTuple):
    """A page or PDF as it was first made, and the facts it was made of."""

    content: bytes
    sha256: str
    facts_sha256: str


class Place(NamedTuple):
    """Which page or PDF: of a participant, or of the team below them."""

    run: str
    participant_id: str
    document: Document
    form: Form


def kept(connection: Connection, place: Place) -> Kept | None:
    """The file that was made first; None before there is one."""
    row = connection.execute(_KEPT, place._asdict()).one_or_none()
    return None if row is None else Kept(*row)


def keep(connection: Connection, place: Place, made: Kept) -> Kept:
    """Keep a file, unless somebody was faster; whatever is kept now."""
    connection.execute(_KEEP, place._asdict() | made._asdict())
    found = kept(connection, place)
    assert found is not None
    return found


def damaged(connection: Connection) -> list[Place]:
    """Kept files whose content does not have the hash it was kept with."""
    return [Place(*row) for row in connection.execute(_DAMAGED)]


_DAMAGED = text("""
    select run, participant_id, document, form from statement_file where sha256 <> encode(sha256(content), 'hex')
    order by run, participant_id, document, form""")

_KEPT = text("""
    select content, sha256, facts_sha256 from statement_file
    where run = :run and participant_id = :participant_id and document = :document and form = :form""")

_KEEP = text("""
    insert into statement_file (run, participant_id, document, form, facts_sha256, sha256, content)
    values (:run, :participant_id, :document, :form, :facts_sha256, :sha256, :content)
    on conflict do nothing""")
