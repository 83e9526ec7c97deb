"""The frozen facts of statements as they lie in the runs, and the pages and PDFs that were made of them: kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from sqlalchemy import Connection, text

from services.payout.statements.facts import HEAD, StatementFacts, participant_in
from services.payout.statements.media import Form
from services.payout.statements.team import Reports

Document = Literal["statement", "team"]
FINAL: Final = ("approved", "exported", "acknowledged", "paid")
"""The states of a run in which what it pays no longer changes."""


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


class RunSlips:
    """The facts that runs froze."""

    def run(self, connection: Connection, run: str) -> RunState | None:
        """The run; None where there is none."""
        row = connection.execute(text("select id, state from run where id = :run"), {"run": run}).one_or_none()
        return None if row is None else RunState(row.id, row.state in FINAL)

    def facts(self, connection: Connection, run: str, participants: Sequence[str]) -> Mapping[str, bytes]:
        """The frozen documents of participants, those that there are."""
        rows = connection.execute(_FACTS, {"run": run, "participants": list(participants)})
        return {row.participant_id: row.facts for row in rows}

    def people(self, connection: Connection, run: str) -> list[Reports]:
        """Everybody with a document in the run. Only the beginning of each is read."""
        found = []
        for row in connection.execute(_BEGINNINGS, {"run": run, "head": HEAD}).all():
            who = participant_in(row.beginning)
            if who is None:
                whole = self.facts(connection, run, [row.participant_id])[row.participant_id]
                who = StatementFacts.model_validate_json(whole).participant
            found.append(Reports(who.id, who.name, None if who.manager is None else who.manager.id))
        return found

    def runs_of(self, connection: Connection, participant_id: str) -> list[RunState]:
        """The runs with a document of a participant, the latest first."""
        rows = connection.execute(_RUNS_OF, {"participant": participant_id})
        return [RunState(row.id, row.state in FINAL) for row in rows]


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


_FACTS = text("""
    select participant_id, facts from run_slip where run = :run and participant_id = any(cast(:participants as text[]))""")

_BEGINNINGS = text("""
    select participant_id, substring(facts from 1 for :head) as beginning from run_slip where run = :run
    order by participant_id""")

_RUNS_OF = text("""
    select r.id, r.state from run_slip s join run r on r.id = s.run
    where s.participant_id = :participant and r.state <> 'cancelled' order by r.number desc""")

_KEPT = text("""
    select content, sha256, facts_sha256 from statement_file
    where run = :run and participant_id = :participant_id and document = :document and form = :form""")

_KEEP = text("""
    insert into statement_file (run, participant_id, document, form, facts_sha256, sha256, content)
    values (:run, :participant_id, :document, :form, :facts_sha256, :sha256, :content)
    on conflict do nothing""")
