"""Settles the pay of one participant in one currency: what is held and released, what a lost deal's age dismisses, what
terms change, what is paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.pay.held_lines import held_lines
from shared.pay.lost_lines import lost_lines
from shared.pay.settlement import Case, PayLine, SettledPeriod, Settlement
from shared.pay.steps import BESIDE, STEPS, StepName
from shared.pay.terms.pay import Pay, pay
from shared.pay.terms.words import reason
from shared.pay.terms.words.base import Position, TermLine
from shared.periods import Month


def settle(case: Case) -> Settlement:
    """Settle a participant's pay in one currency.

    In this order: what is held and what of lost deals stays decide what is due; what is due goes through the terms.
    What payroll gave back is left out of that, since it went through the terms when it was first paid.
    """
    holding = held_lines(case)
    losing = lost_lines(case)
    lines = holding.moves + losing.dismissals
    due = case.payable - case.returned - case.not_due + sum(line.amount for line in lines if line.step not in BESIDE)
    bases = _bases(case, due, lines=lines)
    members = _members(case, bases)
    bases |= {span: sum(members[span].values()) for span in case.spans if not bases.keys().isdisjoint(members[span])}
    outcome = pay(_position(case, due, bases=bases, members=members), case.terms)
    lines = _opening(case) + lines
    lines += [
        PayLine(
            line.step,
            line.amount,
            case.terms[line.pay_period].month,
            over=line.pay_period if line.pay_period in case.spans else None,
        )
        for line in outcome.lines
    ]
    if outcome.carried:
        lines.append(PayLine("carried_forward", -outcome.carried, case.month))
    return Settlement(
        participant_id=case.participant_id,
        currency=case.currency,
        lines=tuple(lines),
        paid=outcome.paid + case.returned,
        carried=outcome.carried,
        draw=outcome.draw,
        receivable=outcome.receivable,
        held=holding.after,
        settled={
            name: _as_left(case, name, base=base, lines=outcome.lines, members=members.get(name, {}))
            for name, base in bases.items()
        },
        loss_records=losing.records,
        hold_reasons=holding.reasons,
        reasons=_reasons(case, outcome),
        dismissal_reasons=losing.reasons,
        collection_unknown=dict(sorted(holding.collection_unknown.items())),
        paid_less=tuple(sorted(holding.paid_less)),
    )


def _bases(case: Case, due: int, *, lines: Sequence[PayLine]) -> dict[str, int]:
    """What the run's pay period brought, and every earlier one that was corrected.

    A correction of a month in which no run knew the participant counts with the run's own.
    """
    # Of a correction its pay period brought what is not held, and what stays although it was lost. What is released
    # later is brought by the pay period that releases it.
    corrections = dict(case.corrections)
    for line in lines:
        if line.step in ("hold", "dismissal") and line.about in corrections:
            corrections[line.about] += line.amount
    bases: dict[str, int] = {}
    of_earlier = 0
    for about, change in corrections.items():
        name = case.closed_in.get(about, case.pay_period)
        if name != case.pay_period and name in case.settled:
            bases[name] = bases.get(name, case.settled[name].base) + change
            of_earlier += change
    own = case.settled.get(case.pay_period, SettledPeriod()).base
    # An off-cycle run may have brought some of it already (`own`); what was carried in went through the terms of its
    # own pay period.
    bases[case.pay_period] = own + due - case.carried_in - of_earlier
    return bases


def _members(case: Case, bases: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """By span, what each pay period and shorter span in it brought, corrections included."""
    changes = {name: base - case.settled.get(name, SettledPeriod()).base for name, base in bases.items()}
    return {
        span: {name: amount + changes.get(name, 0) for name, amount in brought.items()}
        for span, brought in case.spans.items()
    }


def _position(case: Case, due: int, *, bases: Mapping[str, int], members: Mapping[str, Mapping[str, int]]) -> Position:
    """Where the participant stands before the terms."""
    before = {name: case.settled.get(name, SettledPeriod()) for name in bases}
    return Position(
        pay_period=case.pay_period,
        due=due,
        bases=bases,
        topped={name: period.topped for name, period in before.items()},
        forfeited={name: period.forfeited for name, period in before.items()},
        draw=case.draw,
        receivable=case.receivable,
        leaves=case.has_left,
        settles=case.settles,
        members=members,
        paid_over=case.paid_over,
    )


def _reasons(case: Case, outcome: Pay) -> dict[tuple[StepName, Month], str]:
    """What the terms say about each step in a month, of a pay period and of spans."""
    reasons: dict[tuple[StepName, Month], dict[str, None]] = {}
    if outcome.limited:
        reasons["carried_forward", case.month] = {outcome.limited: None}
    for line in outcome.lines:
        ruled = case.terms[line.pay_period]
        if said := reason(line.step, ruled):
            reasons.setdefault((line.step, ruled.month), {})[said] = None
    return {key: "; ".join(said) for key, said in reasons.items()}


def _opening(case: Case) -> list[PayLine]:
    """What there was before the run: carried in, earned in this pay period, corrected in earlier ones, adjusted by
    hand.
    """
    lines = [PayLine("carried_in", case.carried_in, case.month)]
    adjusted = sum(case.adjusted.values())
    prior = {about: amount - case.adjusted.get(about, 0) for about, amount in case.corrections.items()}
    # What is left of the balance when everything else is told: so the lines sum to it, whatever the stream books
    # meanwhile.
    earned = case.payable - case.returned - case.not_due - case.carried_in - adjusted - sum(prior.values())
    lines.append(PayLine("earnings", earned, case.month))
    lines += [PayLine("prior_period", amount, about) for about, amount in sorted(prior.items())]
    lines += [PayLine("adjustment", amount, about) for about, amount in sorted(case.adjusted.items())]
    lines.append(PayLine("returned", case.returned, case.month))
    return [line for line in lines if line.amount]


def _as_left(
    case: Case, name: str, *, base: int, lines: Sequence[TermLine], members: Mapping[str, int]
) -> SettledPeriod:
    """A pay period as the run leaves it, or a span of these members."""
    before = case.settled.get(name, SettledPeriod())
    about_it = [line for line in lines if line.pay_period == name]
    topped = sum(line.amount for line in about_it if STEPS[line.step].remembered == "topped")
    # What is forfeited lowers pay, so its lines are negative; what is remembered of it is how much it was.
    forfeited = -sum(line.amount for line in about_it if STEPS[line.step].remembered == "forfeited")
    # What a span brought is after the terms of the pay periods in it; where it is topped up, what counts for that.
    counted = members.keys() - (case.terms[name].uncounted if before.topped + topped else ())
    base -= sum(amount for member, amount in members.items() if member not in counted)
    base += sum(line.amount for line in lines if line.pay_period in counted)
    return SettledPeriod(base, before.topped + topped, before.forfeited + forfeited)
