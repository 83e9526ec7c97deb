"""A payout run over a pay period of a pay group, and its life: who may do what to it in which state.

draft -> calculated -> submitted -> approved (one step or more) -> exported -> acknowledged -> paid. What is submitted can be returned, what is not
submitted cancelled. The same rules are in the database, which no program goes around.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from services.payout.errors import ApproverIsAuthor, LinesChanged, NotTheAuthor, NotYourStep, WrongState
from shared.pay.approval import ANYBODY
from shared.pay.run import Run, State

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
"""From which states a verb leads to which."""


DONE: Final[Mapping[Verb, str]] = {
    "calculate": "calculated",
    "submit": "submitted",
    "return": "returned",
    "approve": "approved",
    "export": "exported",
    "acknowledge": "acknowledged",
    "pay": "marked as paid",
    "cancel": "cancelled",
}


class Event(NamedTuple):
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
        raise WrongState(run.id, run.state, needed=" or ".join(states), done=DONE[verb])
    return to


def check_author(run: Run, actor: str) -> None:
    """Raises NotTheAuthor unless the run is the actor's own."""
    if actor != run.author:
        raise NotTheAuthor(run.id, actor, author=run.author)


def next_step(
    run: Run, approvals: Iterable[Approval], *, approver: str, roles: frozenset[str], hands: Iterable[str]
) -> str:
    """The role in which the approver may take the next step of the approval.

    Args:
        run: what was submitted.
        approvals: the steps taken since it was submitted.
        approver: who wants to approve.
        roles: the approver's.
        hands: whoever drafted, calculated or submitted the run.

    Raises:
        WrongState: it is not submitted.
        ApproverIsAuthor: two people for money.
        NotYourStep: another role is next, or the approver took a step before.
    """
    check_move(run, "approve")
    if approver == run.author or approver in hands:
        raise ApproverIsAuthor(run.id, approver)
    taken = list(approvals)
    step = run.steps[min(len(taken), len(run.steps) - 1)]
    if (
        len(taken) == len(run.steps)
        or any(each.approver == approver for each in taken)
        or (step != ANYBODY and step not in roles)
    ):
        raise NotYourStep(run.id, approver, step=step)
    return step


def check_unchanged(run: Run, lines: str, *, inputs: str, seen: str | None) -> None:
    """Raises LinesChanged if what the run would pay, what it was calculated from, or what the approver saw is not what it says."""
    if (lines, inputs) != (run.lines_sha256, run.inputs_sha256) or seen not in (None, run.lines_sha256):
        raise LinesChanged(run.id, run.author)


def sha256_of(run_id: str, rows: Iterable[str]) -> str:
    """The hash that stands for the rows of a run: SHA-256 over its id and the rows in order, one line each."""
    digest = hashlib.sha256(f"{run_id}\n".encode())
    for row in sorted(rows):
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()
