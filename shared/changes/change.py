"""What a change is, and who may decide it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from shared.persons import is_among
from shared.problems import Conflict, NotFound, Problem

Verdict = Literal["approved", "rejected", "withdrawn"]
State = Literal["proposed", "approved", "rejected", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a change: another person approved or rejected it, or who proposed it took it back."""

    verdict: Verdict
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that is to be otherwise: what of `kind` and which one (`subject`), and what it will be (`body`, as JSON
    data). `proposed_by` are the persons who say so: one, unless several said parts of it.
    """

    id: int
    kind: str
    subject: str
    body: Mapping[str, Any]
    reason: str
    proposed_by: tuple[str, ...]
    proposed_at: datetime
    decision: Decision | None = None

    @property
    def state(self) -> State:
        """Whether it waits, or what became of it."""
        return self.decision.verdict if self.decision else "proposed"

    def check_decision(self, verdict: Verdict, by: str) -> None:
        """Whether somebody may decide it so. The trigger `check_change_decision` asks the same.

        Raises:
            ChangeDecided: it is decided.
            TwoPeople: it takes another person than those who proposed it.
            NotYourChange: only who proposed it takes it back.
        """
        if self.decision is not None:
            raise ChangeDecided(self)
        proposed = is_among(by, self.proposed_by)
        if verdict == "withdrawn" and not proposed:
            raise NotYourChange(self, by)
        if verdict != "withdrawn" and proposed:
            raise TwoPeople(self, by)


class NoSuchChange(NotFound):
    """There is no change with this id."""

    type = "no-such-change"
    title = "There is no such change"

    def __init__(self, change: int) -> None:
        super().__init__(f"there is no change {change}", change=change)


class ChangeDecided(Conflict):
    """A change is decided once."""

    type = "change-decided"
    title = "The change is decided"

    def __init__(self, change: Change) -> None:
        by = f" by {change.decision.by}" if change.decision else ""
        super().__init__(f"change {change.id} is {change.state}{by}: it is decided once", change=change.id)


class ChangePending(Conflict):
    """Of one thing one change waits at a time: what is approved is then what comes."""

    type = "change-pending"
    title = "Another change of it waits"

    def __init__(self, change: Change) -> None:
        super().__init__(
            f"change {change.id} of {change.kind} {change.subject} by {', '.join(change.proposed_by)} waits to be "
            "decided: first somebody approves or rejects it, or who proposed it withdraws it",
            change=change.id,
        )


class TwoPeople(Problem):
    """Two people for money: who proposed a change does not decide it."""

    type = "two-people"
    title = "It takes another person"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, change: Change, by: str) -> None:
        proposers = ", ".join(change.proposed_by)
        super().__init__(
            f"change {change.id} of {change.kind} {change.subject} is by {proposers}: {by} cannot decide it, somebody "
            "else has to",
            change=change.id,
        )


class NotYourChange(Problem):
    """Only who proposed a change takes it back."""

    type = "not-your-change"
    title = "It is somebody else's"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, change: Change, by: str) -> None:
        super().__init__(
            f"change {change.id} was proposed by {', '.join(change.proposed_by)}: {by} can reject it, not withdraw it",
            change=change.id,
        )
