"""Why payout refuses to do something: one class per cause, with the facts in attributes and the HTTP status beside
them.

    Problem                          shared.problems: every error that HTTP tells
    `- Refusal                       409 where nothing else is said: against the rules as things stand
       |- BadPeriod                  422
       |- NoSuchPayGroup             404
       |- UnknownPayPeriod           422
       |- NoSuchRun                  404
       |- WrongState, LinesChanged, LinesTampered, ActiveRun, ActiveOffCycle, NothingDue, NotSettled,
       |  NoSuchProfile
       |- PeriodClosed, PeriodNotEnded
       |- NotTheAuthor, ApproverIsAuthor, NotYourStep, SegregationOfDuties         403: two people for money
       |- NoSuchDecision             404: a hold or an adjustment
       |- ReleasedAfterRun, NothingToKeep, AlreadyDecided
       |- AdjustedAlready, NotThePayCurrency (422)                                  runs.decisions.errors
       |- BeginsInClosedMonth, DoesNotFollow                                       policies.publishing
       |- MonthPassed, MonthsSkipped, EventExists, LineExists                      contract_costs.errors
       |- NoAccounts, NothingToPost, CannotPost, NoSuchEntity (404)                gl.errors
       `- LinesRefused, LinesReleased, NoSuchBatch (404), BadRejections (422),
          Mismatch, AlreadyAcknowledged, KeyReused, NotReturned                    payroll

What more than one feature raises or catches is here; what only one does is beside its domain. A cause is a class, so
that whoever catches it need not read a text; `type` names it for programs and never changes once clients may know it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, ClassVar

from shared.periods import Month
from shared.problems import Problem


class Refusal(Problem):
    """The request is understood and against the rules as things stand. Every attribute that a cause sets is a member of
    the answer.
    """

    status: ClassVar[int] = HTTPStatus.CONFLICT

    def __init__(self, detail: str) -> None:
        super().__init__(detail)

    def body(self) -> dict[str, Any]:
        """The problem as data, with the facts."""
        facts = {name: value for name, value in vars(self).items() if name not in {"detail", "headers", "facts"}}
        return super().body() | facts


class BadPeriod(Refusal):
    """The text does not name a month, or names the last of the calendar."""

    type = "no-such-period"
    title = "There is no such period"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, period: str) -> None:
        super().__init__(f"{period!r} is not a period: write it as 2025-03")
        self.period = period


class NoSuchPayGroup(Refusal):
    """No policy says how this pay group is paid."""

    type = "no-such-pay-group"
    title = "There is no such pay group"
    status = HTTPStatus.NOT_FOUND

    def __init__(self, group: str) -> None:
        super().__init__(f"there is no pay group {group}: publish a policy of kind pay_group with this id")
        self.group = group


class UnknownPayPeriod(Refusal):
    """The pay group has no pay period of this name."""

    type = "no-such-pay-period"
    title = "There is no such pay period"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.period = name


class NoSuchRun(Refusal):
    """There is no run with this id."""

    type = "no-such-run"
    title = "There is no such run"
    status = HTTPStatus.NOT_FOUND

    def __init__(self, run: str) -> None:
        super().__init__(f"there is no run {run}")
        self.run = run


class WrongState(Refusal):
    """The run is not in the state that this needs."""

    type = "wrong-state"
    title = "The run is in another state"

    def __init__(self, run: str, state: str, *, needed: str, done: str) -> None:
        super().__init__(f"run {run} is {state}; only a run that is {needed} can be {done}")
        self.run, self.state, self.needed = run, state, needed


class NotTheAuthor(Refusal):
    """Only who drafted a run may change the draft."""

    type = "not-the-author"
    title = "Only the author may do this"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, run: str, actor: str, *, author: str) -> None:
        super().__init__(f"run {run} was drafted by {author}; {actor} cannot change it")
        self.run, self.actor, self.author = run, actor, author


class ApproverIsAuthor(Refusal):
    """Two people for money: who drafted a run cannot approve it."""

    type = "approver-is-author"
    title = "Two people for money"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, run: str, author: str) -> None:
        super().__init__(f"run {run} was drafted by {author}, so somebody else has to approve it")
        self.run, self.author = run, author


class LinesChanged(Refusal):
    """What is due is no longer what the draft says, or the draft is no longer what the approver looked at."""

    type = "lines-changed"
    title = "What is due has changed"

    def __init__(self, run: str, author: str, *, state: str) -> None:
        given_back = f"give it back (earnest payout return {run}), " if state == "submitted" else ""
        super().__init__(
            f"what is due has changed since run {run} was calculated or looked at: {given_back}{author} can recalculate"
            f" it (earnest payout calculate {run}); then look again"
        )
        self.run, self.author = run, author


class PeriodClosed(Refusal):
    """An approved run covers the period; what comes late is paid by the run over an open one."""

    type = "period-closed"
    title = "The period is closed"

    def __init__(self, period: str, closed_through: Month | None, *, by: tuple[str, str] | None = None) -> None:
        run = "" if by is None else f"; run {by[0]} pays it and is {by[1]}"
        super().__init__(
            f"{period} is closed: the books are closed up to and including {closed_through}{run}. What comes late is"
            " paid by the run over an open pay period"
        )
        self.period, self.closed_through = period, closed_through


class PeriodNotEnded(Refusal):
    """Approving the run would close a period in which deals may still close."""

    type = "period-not-ended"
    title = "The period has not ended"

    def __init__(self, period: str, today: date) -> None:
        super().__init__(f"{period} has not ended yet: today is {today.isoformat()}")
        self.period, self.today = period, today


class ActiveRun(Refusal):
    """One run per period: there is one that was not cancelled."""

    type = "active-run"
    title = "The period has a run"

    def __init__(self, period: str, *, run: str, state: str) -> None:
        super().__init__(
            f"{period} has run {run} already, which is {state}: go on with it, or"
            f" {'return it and ' if state == 'submitted' else ''}cancel it first"
        )
        self.period, self.run, self.state = period, run, state


class ActiveOffCycle(Refusal):
    """Somebody is in an off-cycle run as of the same day that is neither cancelled nor booked: what is due would be in
    both.
    """

    type = "active-off-cycle-run"
    title = "There is such an off-cycle run"

    def __init__(self, run: str, state: str, *, day: date, participants: Sequence[str]) -> None:
        super().__init__(
            f"run {run} of {', '.join(participants)} is as of {day.isoformat()}, too, and is {state}: go on with it, or"
            " cancel it first"
        )
        self.run, self.state, self.day, self.participants = run, state, day, list(participants)


class NoSuchProfile(Refusal):
    """A pay group names a payroll profile that nobody published: nobody knows which file payroll gets."""

    type = "no-such-profile"
    title = "There is no such payroll profile"

    def __init__(self, pay_group: str, profile: str) -> None:
        super().__init__(
            f"pay group {pay_group} names payroll profile {profile}, which is not published: publish it, or the pay "
            "group with another"
        )
        self.pay_group, self.profile = pay_group, profile


class LinesTampered(Refusal):
    """The lines of an approved run are not those that were approved; nothing is paid on them."""

    type = "lines-tampered"
    title = "The lines are not those that were approved"

    def __init__(self, run: str) -> None:
        super().__init__(f"the lines of run {run} do not have the hash they were approved with")
        self.run = run


class NotYourStep(Refusal):
    """Another role has to take the next step of the approval, or somebody who took none yet."""

    type = "not-your-step"
    title = "Another person takes this step of the approval"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, run: str, actor: str, *, step: str) -> None:
        super().__init__(f"the next step of the approval of {run} is that of another person in the role {step}")
        self.run, self.actor, self.step = run, actor, step


class SegregationOfDuties(Refusal):
    """Whoever set something that a run pays on cannot approve it; `what` names the kinds of it."""

    type = "touched"
    title = "Two people for money"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, run: str, actor: str, *, what: str) -> None:
        super().__init__(f"{actor} set what {run} pays on ({what}): somebody else approves it")
        self.run, self.actor, self.what = run, actor, what


class NotSettled(Refusal):
    """Earnings are still on their way from scoring to the ledger."""

    type = "not-settled"
    title = "Earnings are still being booked"

    def __init__(self, participants: Collection[str], period: str) -> None:
        first = ", ".join(sorted(participants)[:5])
        super().__init__(
            f"the earnings of {len(participants)} participants in {period} are still on their way to the ledger, first "
            f"those of {first}: try again in a moment; if it stays so, the log of scoring says what stops it"
        )
        self.participants, self.period = len(participants), period


class NothingDue(Refusal):
    """An off-cycle run is made to pay somebody, and there is nothing to pay."""

    type = "nothing-due"
    title = "Nothing is due"

    def __init__(self, participants: Sequence[str], day: date) -> None:
        super().__init__(
            f"nothing is due to {', '.join(participants)} by {day.isoformat()}: no run was made; a simulation of it "
            "shows what is earned, held and carried"
        )
        self.participants, self.day = list(participants), day


class NotInPayGroup(Refusal):
    """A run names somebody whom its pay group does not pay."""

    type = "not-in-pay-group"
    title = "Not in the pay group"

    def __init__(self, participant_id: str, pay_group: str, *, other: str | None, day: date) -> None:
        where = f"is in pay group {other}" if other is not None else "is known neither to the roster nor to the ledger"
        super().__init__(
            f"{participant_id} {where} on {day.isoformat()}, and the run is of {pay_group}: no run was made"
        )
        self.participant_id, self.pay_group, self.other = participant_id, pay_group, other


class NoSuchDecision(Refusal):
    """There is no hold or adjustment with this id."""

    type = "no-such-decision"
    title = "There is no such hold or adjustment"
    status = HTTPStatus.NOT_FOUND

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is no {what} {name}")
        self.what, self.name = what, name


class ReleasedAfterRun(Refusal):
    """The next run would still hold what is to be released."""

    type = "release-after-run"
    title = "The next run would still hold it"

    def __init__(self, hold: str, on: date, *, ends: date) -> None:
        super().__init__(
            f"the next run pays what is due by {ends.isoformat()} and would still hold what {hold} stops: release it "
            f"on {ends.isoformat()} or earlier, or say that it is scheduled "
            f"(--scheduled) to have it released on {on.isoformat()}"
        )
        self.hold, self.on, self.ends = hold, on, ends


class NothingToKeep(Refusal):
    """No run would look at what a dismissal is about."""

    type = "nothing-to-keep"
    title = "No run takes anything of it back"

    def __init__(self, participant_id: str, deal: str) -> None:
        super().__init__(
            f"{participant_id} earns nothing by deal {deal} that a run may still take back, and no run that knew a "
            "clawback took any of it: check both names, or adjust the pay by hand"
        )
        self.participant_id, self.deal = participant_id, deal


class AlreadyDecided(Refusal):
    """Decisions are only ever added, each once."""

    type = "already-decided"
    title = "That is decided already"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name}: that is decided already")
        self.what, self.name = what, name
