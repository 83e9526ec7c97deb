"""Takes a run through its life: drafted, calculated, submitted, approved. What moves no more than rows does so in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.errors import (
    ActiveRun,
    LinesChanged,
    LinesTampered,
    NothingDue,
    PeriodClosed,
    PeriodNotEnded,
    Touched,
    UnknownPayPeriod,
)
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.booking import Place
from services.payout.ledger.journal import Journal
from services.payout.payroll.errors import LinesRefused
from services.payout.policies import store_in_force as policies_in_force
from services.payout.policies.store_pay_groups import pay_group
from services.payout.runs import calculation
from services.payout.runs import journals as entries
from services.payout.runs import store as runs
from services.payout.runs import store_balances as positions
from services.payout.runs import store_payees as payees
from services.payout.runs.calculation import Calculated
from services.payout.runs.frozen import Frozen, Pay
from services.payout.runs.inputs import gather
from services.payout.runs.lifecycle import Approval, check_author, check_move, check_unchanged, next_step
from services.payout.runs.payees import payees_of
from services.payout.runs.payments import profile_in_force, would_refuse
from services.payout.runs.record import freeze
from services.payout.runs.snapshot import inputs_sha256, load
from shared.auth import Principal
from shared.pay.approval import steps_for
from shared.pay.balances import PayKey
from shared.pay.calendars.pay_periods import NoSuchPayPeriod, pay_period_at
from shared.pay.calendars.timeline import pay_period_named, ruling
from shared.pay.review_rules import LEFT_OUT
from shared.pay.run import Run, RunPayment, run_totals
from shared.pay.settlement import EarningLineKey, HeldAmount
from shared.periods import next_period, period_of

LOOKS: Final = 2
"""How often a calculation looks at everything where something moves while it does: whoever would only hand on what is outdated looks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run somebody wants: over a pay period of a group, of everybody or of some; or off-cycle, for some, as of a date."""

    pay_period: str
    pay_group: str
    participants: tuple[str, ...] | None = None
    off_cycle: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a run would do as things stand: what was calculated, what it would keep of it, and the hash of what it was calculated from."""

    calculated: Calculated
    frozen: Frozen
    inputs_sha256: str

    @property
    def pays_anybody(self) -> bool:
        """Whether anything is paid."""
        return any(each.paid for each in self.calculated.settlements)


def draft(deps: Dependencies, request: RunRequest, *, author: str) -> Run:
    """A new draft.

    Raises:
        NoSuchPayGroup, UnknownPayPeriod: there is none.
        PeriodNotEnded: more may be earned in it; a simulation may look at it all the same.
        PeriodClosed: an approved run covers it.
        ActiveRun: another run is over it.
        NothingDue: it is off-cycle, and would pay nobody.
    """
    if request.participants and request.off_cycle is not None:
        # Looked at before anything is locked: nobody else drafts a run for as long as this one is being added.
        _, proposal = simulate(deps, request, author=author)
        if not proposal.pays_anybody:
            raise NothingDue(request.participants, request.off_cycle)
    with deps.engine.begin() as connection:
        runs.lock_drafts(connection)
        run = _drafted(connection, deps, request=request, author=author, simulated=False)
        if not runs.add(connection, run):
            raise ActiveRun(run.pay_period)
    return run


def simulate(deps: Dependencies, request: RunRequest, *, author: str) -> tuple[Run, Proposal]:
    """What a run would do as things stand, also over a pay period that has not ended. Nothing is kept.

    Raises:
        NoSuchPayGroup, UnknownPayPeriod, PeriodClosed: as for a draft.
        NotSettled, Unavailable: it cannot be calculated at the moment.
    """
    with deps.snapshot.connect() as connection:
        run = _drafted(connection, deps, request=request, author=author, simulated=True)
    return run, _propose(deps, run)


def _drafted(connection: Connection, deps: Dependencies, *, request: RunRequest, author: str, simulated: bool) -> Run:
    today = deps.today()
    groups = pay_group(connection, request.pay_group)
    if request.off_cycle is None:
        try:
            group, span = pay_period_named(groups, request.pay_period)
        except NoSuchPayPeriod as error:
            raise UnknownPayPeriod(request.pay_period, str(error)) from None
        ends = span.end
        if ends >= today and not simulated:
            raise PeriodNotEnded(span.name, today)
    else:
        group, ends = ruling(groups, request.off_cycle), request.off_cycle
        span = pay_period_at(group, ends)
    closed = closings.closed_through(connection, group.id)
    closes = span.months[-1] if span.months else None
    month = period_of(ends)
    if closed is not None and (closes or month) <= closed:
        if request.off_cycle is None:
            raise PeriodClosed(span.name, closed)
        month = next_period(closed)  # an off-cycle run of a closed month books in the first that is open
    number = 0 if simulated else runs.number_of(connection, span.name) + 1
    return Run(
        id=f"run-{span.name}-{number}",
        kind="regular" if request.off_cycle is None else "off_cycle",
        pay_group=group.id,
        pay_period=span.name,
        month=month,
        starts=span.start,
        ends=ends,
        pay_date=span.pay_date,
        # Who is not in the run is not paid by it: only a regular run over all of the group closes the month.
        closes=closes if request.participants is None and request.off_cycle is None else None,
        participants=request.participants,
        state="draft",
        author=author,
        created_at=deps.now(),
    )


def calculate(deps: Dependencies, run_id: str, actor: str) -> Run:
    """Calculate what the run would pay, as its author; again as often as something changed before it is submitted.

    The one move that is more than a transaction: everything is looked at first, with no lock and while nothing is open (`inputs`), and
    only what came out is written, under the lock of the run, if it is still what would come out. Where something moved meanwhile all is
    looked at again, and in the end kept as it was last seen: a calculated run is a proposal, and `submit` takes none that is outdated.

    Raises:
        NoSuchRun, WrongState, NotTheAuthor: there is none, not now, not by the actor.
        NotSettled: earnings are still on their way.
        Unavailable: scoring does not answer.
    """
    with deps.snapshot.connect() as connection:
        run = _to_calculate(runs.run(connection, run_id), actor)
    looks_left = LOOKS
    while True:
        looks_left -= 1
        proposal = _propose(deps, run)
        earned = runs.packed(proposal.calculated.inputs.lines.drop("detail"))
        with deps.engine.begin() as connection:
            run = _to_calculate(runs.run(connection, run_id, for_change=True), actor)
            if not (looks_left and _moved(connection, run, proposal=proposal)):
                _keep(connection, run, proposal=proposal, earned=earned, actor=actor, at=deps.now())
                return runs.run(connection, run_id)


def _to_calculate(run: Run, actor: str) -> Run:
    check_move(run, "calculate")
    check_author(run, actor)
    return run


def _propose(deps: Dependencies, run: Run) -> Proposal:
    calculated = calculation.calculate(gather(deps, run))
    with deps.snapshot.connect() as connection:
        frozen = freeze(connection, calculated, settings=deps.settings)
        stands_for = inputs_sha256(connection, calculated.inputs.snapshot, entries=_looked_at(frozen.pays))
    return Proposal(calculated=calculated, frozen=frozen, inputs_sha256=stands_for)


def _moved(connection: Connection, run: Run, *, proposal: Proposal) -> bool:
    """Whether the run would be calculated from something else by now, in the sense in which `submit` asks for it."""
    before = proposal.calculated.inputs.snapshot
    snapshot = load(connection, run, quarantined=before.left_out, paid_less=before.paid_less)
    return inputs_sha256(connection, snapshot, entries=_looked_at(proposal.frozen.pays)) != proposal.inputs_sha256


def _keep(connection: Connection, run: Run, *, proposal: Proposal, earned: bytes, actor: str, at: datetime) -> None:
    """Write what the run would do in place of what it would have done before."""
    frozen = replace(proposal.frozen, earned_sha256=sha256(earned).hexdigest())
    runs.replace(connection, run.id, frozen=frozen, earned=earned)
    hashes = {"lines_sha256": frozen.sha256(run), "inputs_sha256": proposal.inputs_sha256}
    steps = _steps(connection, run, lines=frozen.lines)
    runs.move(connection, run.id, verb="calculate", actor=actor, at=at, steps=steps, **hashes)


def submit(connection: Connection, deps: Dependencies, run: Run, actor: str) -> Run:
    """Hand the run on for approval. From now on the stream books what its months still bring into the month after.

    Raises:
        WrongState, NotTheAuthor: not now, not by the actor.
        LinesChanged: something it was calculated from has changed.
        LinesRefused: payroll would refuse a line, which nobody can mend once the run is approved.
    """
    check_move(run, "submit")
    check_author(run, actor)
    closings.hold_for_closing(connection, [run.pay_group])
    _check_current(connection, run, seen=None)
    if refused := would_refuse(connection, run, frozen=runs.frozen(connection, run.id)):
        raise LinesRefused([each for _, each in refused])
    runs.move(connection, run.id, verb="submit", actor=actor, at=deps.now())
    if run.closes is not None:
        closings.soft_close(connection, run.pay_group, period=run.closes, run=run.id, actor=actor, at=deps.now())
    return runs.run(connection, run.id)


def send_back(connection: Connection, deps: Dependencies, *, run: Run, actor: str, reason: str) -> Run:
    """Give what was submitted back to its author, with a reason. Its months are open again."""
    check_move(run, "return")
    closings.hold_for_closing(connection, [run.pay_group])
    runs.move(connection, run.id, verb="return", actor=actor, at=deps.now(), note=reason)
    closings.lift(connection, run.pay_group, run=run.id, actor=actor, at=deps.now())
    return runs.run(connection, run.id)


def approve(connection: Connection, deps: Dependencies, *, run: Run, who: Principal, seen: str | None) -> Run:
    """Take the next step of the approval; the last one books the run and closes its months.

    Raises:
        WrongState, ApproverIsAuthor, NotYourStep, Touched: not now, not by this person.
        LinesChanged: what is due, or what the approver saw, is not what was submitted.
        PeriodClosed: another run has closed its month.
        LinesTampered: what is stored of the run is not what was calculated.
    """
    closings.hold_for_closing(connection, [run.pay_group])
    hands = {event.actor for event in runs.events(connection, run.id) if event.verb in ("calculate", "submit")}
    taken = runs.approvals(connection, run.id)
    role = next_step(run, taken, approver=who.name, roles=who.roles, hands=hands)
    if mine := [what for name, what in runs.touches(connection, run.id) if name == who.name]:
        raise Touched(run.id, who.name, what=", ".join(mine))
    _check_current(connection, run, seen=seen)
    frozen = untampered(connection, run)
    at = deps.now()
    runs.approve(connection, run, step=len(taken), approval=Approval(role, who.name, at))
    if len(taken) + 1 == len(run.steps):
        _book(connection, run, frozen=frozen, actor=who.name, at=at)
        runs.move(connection, run.id, verb="approve", actor=who.name, at=at)
    return runs.run(connection, run.id)


def cancel(connection: Connection, deps: Dependencies, run: Run, actor: str) -> Run:
    """Give up what was not submitted, as its author."""
    check_move(run, "cancel")
    check_author(run, actor)
    runs.move(connection, run.id, verb="cancel", actor=actor, at=deps.now())
    return runs.run(connection, run.id)


def untampered(connection: Connection, run: Run) -> Frozen:
    """What is stored of a run.

    Raises:
        LinesTampered: it does not have the hash that the run was calculated with.
    """
    frozen = runs.frozen(connection, run.id)
    if frozen.sha256(run) != run.lines_sha256:
        raise LinesTampered(run.id)
    return frozen


def _check_current(connection: Connection, run: Run, *, seen: str | None) -> None:
    """Nothing that the run was calculated from has changed, its month is open, and it takes the approvals that it was calculated with."""
    closed = closings.closed_through(connection, run.pay_group)
    if closed is not None and run.month <= closed:
        raise PeriodClosed(run.pay_period, closed)
    left_out = {each.participant_id: each.why for each in runs.found(connection, run.id) if each.kind == LEFT_OUT}
    snapshot = load(connection, run, quarantined=left_out)
    looked_at = _looked_at(runs.pays(connection, run.id))
    check_unchanged(run, run.lines_sha256, inputs=inputs_sha256(connection, snapshot, entries=looked_at), seen=seen)
    profile, _ = profile_in_force(connection, run)
    kept = payees.payees(connection, run.id)
    if kept != payees_of(run, snapshot.people, who=(payee.participant_id for payee in kept), profile=profile):
        raise LinesChanged(run.id, run.author)
    if run.steps != _steps(connection, run, lines=runs.lines(connection, run.id)):
        raise LinesChanged(run.id, run.author)


def _looked_at(pays: Iterable[Pay]) -> dict[str, int]:
    """How many journals of each participant a run has looked at, of those to whom it does something: only of them it is kept."""
    return {pay.participant_id: pay.entries for pay in pays}


def _steps(connection: Connection, run: Run, *, lines: Iterable[RunPayment]) -> tuple[str, ...]:
    return steps_for(policies_in_force.approvals(connection, run.ends), run.pay_group, totals=run_totals(lines))


def _book(connection: Connection, run: Run, *, frozen: Frozen, actor: str, at: datetime) -> None:
    """Book everything the run does, in its month, which is closed right after."""
    places = {
        payee.participant_id: Place(run.month, payee.pay_group, payee.entity, payee.cost_center)
        for payee in frozen.payees
    }
    journals: list[Journal] = []
    held: dict[PayKey, dict[EarningLineKey, HeldAmount]] = {}
    for pay in frozen.pays:
        place = places[pay.participant_id]
        steps = entries.lines_of(pay.told)
        journals += entries.pay_journals(
            run.id, pay.participant_id, currency=pay.currency, lines=steps, paid=pay.paid, place=place, actor=actor
        )
        held[pay.participant_id, pay.currency] = entries.held_of(pay.told)
    books.post(connection, journals, now=at)
    runs.keep_held(connection, held)
    balances = [
        entries.EntityBalance(*row) for row in positions.balances_in_other_entities(connection, places, month=run.month)
    ]
    books.post(connection, list(entries.transfer_journals(run.id, balances, places=places, actor=actor)), now=at)
