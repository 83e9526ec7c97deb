"""Why payout refuses to do something: one class per cause, with the facts in attributes. `slug` names the cause for machines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import ClassVar


class Refusal(Exception):
    """The request is understood and against the rules as things stand."""

    slug: ClassVar[str]
    title: ClassVar[str]


class BadPeriod(Refusal):
    """The text does not name a month, or names the last of the calendar."""

    slug = "no-such-period"
    title = "There is no such period"

    def __init__(self, period: str) -> None:
        super().__init__(f"{period!r} is not a period: write it as 2025-03")
        self.period = period


class NoSuchRun(Refusal):
    """There is no run with this id."""

    slug = "no-such-run"
    title = "There is no such run"

    def __init__(self, run: str) -> None:
        super().__init__(f"there is no run {run}")
        self.run = run


class NoSuchFile(Refusal):
    """The run has no payroll file yet."""

    slug = "not-exported"
    title = "The run has no payroll file yet"

    def __init__(self, run: str) -> None:
        super().__init__(f"run {run} has not been exported, so there is no file")
        self.run = run


class WrongState(Refusal):
    """The run is not in the state that this needs."""

    slug = "wrong-state"
    title = "The run is in another state"

    def __init__(self, run: str, state: str, needed: str, done: str) -> None:
        super().__init__(f"run {run} is {state}; only a run that is {needed} can be {done}")
        self.run, self.state, self.needed = run, state, needed


class NotTheAuthor(Refusal):
    """Only who drafted a run may change the draft."""

    slug = "not-the-author"
    title = "Only the author may do this"

    def __init__(self, run: str, actor: str, author: str) -> None:
        super().__init__(f"run {run} was drafted by {author}; {actor} cannot change it")
        self.run, self.actor, self.author = run, actor, author


class ApproverIsAuthor(Refusal):
    """Two people for money: who drafted a run cannot approve it."""

    slug = "approver-is-author"
    title = "Two people for money"

    def __init__(self, run: str, author: str) -> None:
        super().__init__(f"run {run} was drafted by {author}, so somebody else has to approve it")
        self.run, self.author = run, author


class LinesChanged(Refusal):
    """What is due is no longer what the draft says, or the draft is no longer what the approver looked at."""

    slug = "lines-changed"
    title = "What is due has changed"

    def __init__(self, run: str, author: str) -> None:
        super().__init__(
            f"what is due has changed since run {run} was calculated or looked at: {author} can recalculate it; then look again"
        )
        self.run, self.author = run, author


class PeriodClosed(Refusal):
    """An approved run covers the period; what comes late is paid by the run over an open one."""

    slug = "period-closed"
    title = "The period is closed"

    def __init__(self, period: str, closed_through: str | None) -> None:
        super().__init__(f"{period} is closed: the books are closed up to and including {closed_through}")
        self.period, self.closed_through = period, closed_through


class PeriodNotEnded(Refusal):
    """Approving the run would close a period in which deals may still close."""

    slug = "period-not-ended"
    title = "The period has not ended"

    def __init__(self, period: str, today: date) -> None:
        super().__init__(f"{period} has not ended yet: today is {today.isoformat()}")
        self.period, self.today = period, today


class ActiveRun(Refusal):
    """One run per period: there is one that was not cancelled."""

    slug = "active-run"
    title = "The period has a run"

    def __init__(self, period: str) -> None:
        super().__init__(f"{period} has a run already that was not cancelled")
        self.period = period


class NoSuchProfile(Refusal):
    """A pay group names a payroll profile that nobody published: nobody knows which file payroll gets."""

    slug = "no-such-profile"
    title = "There is no such payroll profile"

    def __init__(self, pay_group: str, profile: str) -> None:
        super().__init__(
            f"pay group {pay_group} names payroll profile {profile}, which is not published: publish it, or the pay group with another"
        )
        self.pay_group, self.profile = pay_group, profile


class LinesTampered(Refusal):
    """The lines of an approved run are not those that were approved; nothing is paid on them."""

    slug = "lines-tampered"
    title = "The lines are not those that were approved"

    def __init__(self, run: str) -> None:
        super().__init__(f"the lines of run {run} do not have the hash they were approved with")
        self.run = run


class NotYourStep(Refusal):
    """Another role has to take the next step of the approval, or somebody who took none yet."""

    slug = "not-your-step"
    title = "Another person takes this step of the approval"

    def __init__(self, run: str, actor: str, step: str) -> None:
        super().__init__(f"the next step of the approval of {run} is that of another person in the role {step}")
        self.run, self.actor, self.step = run, actor, step


class Touched(Refusal):
    """Whoever set something that a run pays on cannot approve it; `what` names the kinds of it."""

    slug = "touched"
    title = "Two people for money"

    def __init__(self, run: str, actor: str, what: str) -> None:
        super().__init__(f"{actor} set what {run} pays on ({what}): somebody else approves it")
        self.run, self.actor, self.what = run, actor, what


class NotSettled(Refusal):
    """Earnings are still on their way from scoring to the ledger."""

    slug = "not-settled"
    title = "Earnings are still being booked"

    def __init__(self, participants: Collection[str], period: str) -> None:
        first = ", ".join(sorted(participants)[:5])
        super().__init__(
            f"the earnings of {len(participants)} participants in {period} are still on their way to the ledger, first those of {first}: try again"
            " in a moment; if it stays so, the log of scoring says what stops it"
        )
        self.participants, self.period = len(participants), period


class NothingDue(Refusal):
    """An off-cycle run is made to pay somebody, and there is nothing to pay."""

    slug = "nothing-due"
    title = "Nothing is due"

    def __init__(self, participants: Sequence[str], day: date) -> None:
        super().__init__(
            f"nothing is due to {', '.join(participants)} by {day.isoformat()}: no run was made; a simulation of it shows what is earned, held "
            "and carried"
        )
        self.participants, self.day = list(participants), day


class NoSuchDecision(Refusal):
    """There is no hold or adjustment with this id."""

    slug = "no-such-decision"
    title = "There is no such hold or adjustment"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is no {what} {name}")
        self.what, self.name = what, name


class ReleasedAfterRun(Refusal):
    """The next run would still hold what is to be released."""

    slug = "release-after-run"
    title = "The next run would still hold it"

    def __init__(self, hold: str, on: date, ends: date) -> None:
        super().__init__(
            f"the next run pays what is due by {ends.isoformat()} and would still hold what {hold} stops: release it on {ends.isoformat()} or "
            f"earlier, or say scheduled to have it released on {on.isoformat()} on purpose"
        )
        self.hold, self.on, self.ends = hold, on, ends


class NothingToKeep(Refusal):
    """No run would look at what a dismissal is about."""

    slug = "nothing-to-keep"
    title = "No run takes anything of it back"

    def __init__(self, participant_id: str, deal: str) -> None:
        super().__init__(
            f"{participant_id} earns nothing by deal {deal} that a run may still take back, and no run that knew a clawback took any of it: "
            "check both names, or adjust the pay by hand"
        )
        self.participant_id, self.deal = participant_id, deal


class AlreadyDecided(Refusal):
    """Decisions are only ever added, each once."""

    slug = "already-decided"
    title = "That is decided already"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is a {what} {name} already")
        self.what, self.name = what, name
