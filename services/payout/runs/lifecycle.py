"""A payout run over a pay period of a pay group, and its life: who may do what to it in which state.

draft -> calculated -> submitted -> approved (one step or more) -> exported -> acknowledged -> paid. What is submitted
can be returned, what is not submitted cancelled. The same rules are in the database, which no program goes around.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from services.payout.errors import ApproverIsAuthor, LinesChanged, NotTheAuthor, NotYourStep, WrongState
from shared.pay.approval import ANYBODY
from shared.pay.run import DONE_STATES, Run, State

Verb = Literal["draft", "calculate", "submit", "return", "approve", "export", "acknowledge", "pay", "cancel"]

MOVES: Final[Mapping[Verb, tuple[tuple[State, ...], State]]] = {
    "calculate": (("draft", "calculated"), "calculated"),
    "submit": (("calculated",), "submitted"),
    "return": (("submitted",), "calculated"),
    "approve": (("submitted",), "approved"),
    "export": (("approved",), "exported"),
    "acknowledge": (("exported",), "acknowledged"),
    "pay": (("acknowledged",), "paid"),
    "cancel": (("draft", "calculated"), "cancelled"),
}
"""From which states a verb leads to which. The trigger `check_event` has the same table: who writes past this service
is held to it, too.
"""

IN_THE_PAST: Final[Mapping[Verb, str]] = {
    "calculate": "calculated",
    "submit": "submitted",
    "return": "returned",
    "approve": "approved",
    "export": "exported",
    "acknowledge": "acknowledged",
    "pay": "marked as paid",
    "cancel": "cancelled",
}


RELEASED_STATES: Final = DONE_STATES - {"approved"}
"""The states of a run of which payroll has files."""


class RunEvent(NamedTuple):
    """What somebody did to a run, and when. `note` are their words, where the verb asks for some."""

    verb: Verb
    actor: str
    at: datetime
    note: str = ""


class Approval(NamedTuple):
    """One step of the approval, by somebody in a role."""

    role: str
    approver: str
    at: datetime


def check_move(run: Run, verb: Verb) -> State:
    """The state that the verb leads to.

    Raises:
        WrongState: it does not lead anywhere from the run's state.
    """
    states, to = MOVES[verb]
    if run.state not in states:
        raise WrongState(run.id, run.state, needed=" or ".join(states), done=IN_THE_PAST[verb])
    return to


def check_author(run: Run, actor: str) -> None:
    """Raises NotTheAuthor unless the run is the actor's own."""
    if actor != run.author:
        raise NotTheAuthor(run.id, actor, author=run.author)


def next_step(
    run: Run, approvals: Iterable[Approval], *, approver: str, roles: frozenset[str], makers: Iterable[str]
) -> str:
    """The role in which the approver may take the next step of the approval.

    Args:
        run: what was submitted.
        approvals: the steps taken since it was submitted.
        approver: who wants to approve.
        roles: the approver's.
        makers: whoever calculated or submitted the run.

    Raises:
        WrongState: it is not submitted.
        ApproverIsAuthor: two people for money.
        NotYourStep: another role is next, or the approver took a step before.
    """
    check_move(run, "approve")
    if approver == run.author or approver in makers:
        raise ApproverIsAuthor(run.id, approver)
    # Every step is another person's: a role that somebody has twice is no second pair of eyes.
    taken = list(approvals)
    step = run.steps[min(len(taken), len(run.steps) - 1)]
    if (
        len(taken) == len(run.steps)
        or any(approval.approver == approver for approval in taken)
        or (step != ANYBODY and step not in roles)
    ):
        raise NotYourStep(run.id, approver, step=step)
    return step


def check_unchanged(run: Run, *, inputs_sha256: str, seen: str | None) -> None:
    """Raises LinesChanged if what the run was calculated from has another hash now, or the approver saw something else
    (`seen`).
    """
    if inputs_sha256 != run.inputs_sha256 or seen not in (None, run.lines_sha256):
        raise LinesChanged(run.id, run.author)
