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
from shared.persons import is_among

Verb = Literal["draft", "calculate", "submit", "return", "approve", "export", "acknowledge", "pay", "cancel"]


class Transition(NamedTuple):
    """From which states a verb leads to which; `done` is its participle, for sentences about a run."""

    states: tuple[State, ...]
    to: State
    done: str


TRANSITIONS: Final[Mapping[Verb, Transition]] = {
    "calculate": Transition(("draft", "calculated"), "calculated", done="calculated"),
    "submit": Transition(("calculated",), "submitted", done="submitted"),
    "return": Transition(("submitted",), "calculated", done="returned"),
    "approve": Transition(("submitted",), "approved", done="approved"),
    "export": Transition(("approved",), "exported", done="exported"),
    "acknowledge": Transition(("exported",), "acknowledged", done="acknowledged"),
    "pay": Transition(("acknowledged",), "paid", done="marked as paid"),
    "cancel": Transition(("draft", "calculated"), "cancelled", done="cancelled"),
}
"""The trigger `check_event` has the same table: who writes past this service is held to it, too."""

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


def check_move(run: Run, verb: Verb) -> None:
    """Raises WrongState unless the verb leads somewhere from the run's state."""
    transition = TRANSITIONS[verb]
    if run.state not in transition.states:
        raise WrongState(run.id, run.state, needed=" or ".join(transition.states), done=transition.done)


def check_author(run: Run, actor: str) -> None:
    """Raises NotTheAuthor unless the run is the actor's own."""
    if not is_among(actor, [run.author]):
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
    if is_among(approver, [run.author, *makers]):
        raise ApproverIsAuthor(run.id, approver)
    # Every step is another person's: a role that somebody has twice is no second pair of eyes.
    taken = list(approvals)
    step = run.steps[min(len(taken), len(run.steps) - 1)]
    if (
        len(taken) == len(run.steps)
        or is_among(approver, [approval.approver for approval in taken])
        or (step != ANYBODY and step not in roles)
    ):
        raise NotYourStep(run.id, approver, step=step)
    return step


def check_unchanged(run: Run, *, inputs_sha256: str, seen: str | None) -> None:
    """Raises LinesChanged if what the run was calculated from has another hash now, or the approver saw something else
    (`seen`).
    """
    if inputs_sha256 != run.inputs_sha256 or seen not in (None, run.lines_sha256):
        raise LinesChanged(run.id, run.author, state=run.state)
