"""The inverse question: the least amount of one further deal with which somebody's pay reaches a target.

Pay is no formula that could be solved: it is calculated, for many amounts at once, around every number of the plans,
around what those make of the deal's other columns, and in between, more closely wherever pay does not run straight
(`earnest.simulation.bends`). Where it first reaches the target, the amounts around that place are divided down to the
smallest unit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from earnest.files.kernel_inputs import KernelInputs, check_in_roster
from earnest.files.rejections import FileError
from earnest.simulation.bends import along_bends, crossings
from earnest.simulation.further_deal import fields_of, plan_on
from earnest.simulation.paid_on_others import others_credited
from earnest.simulation.used_up import used_up
from shared.kernel import Credited, Roster, credit, measure
from shared.kernel.calendar import fiscal_at, window_of
from shared.kernel.checks.numbers_in_plan import numbers_of, numbers_of_rules
from shared.kernel.crediting.deals import values_table
from shared.kernel.idle_months import Months, earn_every_month
from shared.kernel.language.conventions import Reset
from shared.kernel.reasons import in_words
from shared.money import MoneyError, major_text, minor_digits, to_minor
from shared.periods import period_of

Span = Literal["month", "quarter", "half_year", "year"]
MOST: Final = 10**9
"""The highest amount that is tried, in major units."""
MARKS: Final = 1500
"""Amounts that are tried around the numbers of the plans; a plan of thousands of rates is looked at in its first."""
PROBES: Final = [10**power for power in range(2, 12, 3)]
"""Amounts, in the smallest unit, at which is looked whether a deal is credited and with how much: a rule may select
small deals only."""
SPLIT: Final = 48
"""Parts of an interval that are calculated at once."""
SEVERAL: Final = (2, 3, 4, 5, 6, 8, 10, 15, 20)
"""Numbers of equal deals that are tried where one is not enough."""
APART: Final = 40
"""Amounts that are tried where participants are compared, so that everybody is calculated for each."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Who wants to earn how much (major units) of a window of time, by further deals of a kind on a day.

    `columns` are those of a deals file that the deals have, `number` how many there are, equal ones.
    """

    participant: str
    target: Decimal
    by: date
    over: Span
    columns: Mapping[str, str]
    number: int = 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Pay in minor units of `currency`, amounts of a deal in minor units of `deal_currency`.

    Args:
        now: the pay without a further deal.
        amount: the least that reaches the target; None where none does. 0 where nothing more is needed.
        pays: the pay with it, or the most there is where the target is not reached.
        most_from: the least amount that pays the most, where the target is not reached.
        falls_at: the amount above the found one from which on the target is not reached any more; None where it stays.
        several: how many equal deals would reach the target that one does not, and the least amount of each.
        unpaid: components that pay nothing with it, and why.
    """

    currency: str
    deal_currency: str
    now: int
    target: int
    amount: int | None
    pays: int
    most_from: int | None = None
    falls_at: int | None = None
    several: tuple[int, int] | None = None
    unpaid: list[str]


def answer(inputs: KernelInputs, question: Question, *, zone: ZoneInfo) -> Answer:
    """What it takes.

    Raises:
        FileError: nobody of that name is in the roster or on a plan then, a column is none, or such a deal credits
            neither them nor anybody on whose pay they are paid.
        Overflow: a sum is beyond 10^18 minor units.
    """
    check_in_roster(inputs, question.participant)
    return _Search(inputs, question, zone=zone).answer()


class _Search:
    def __init__(self, inputs: KernelInputs, question: Question, *, zone: ZoneInfo) -> None:
        self._inputs, self._question = inputs, question
        self._plan = plan_on(inputs, question.participant, day=question.by)
        values = fields_of(inputs, question.columns, day=question.by, zone=zone)
        self._values = {"currency": self._plan.currency, "owner": question.participant} | values
        # Of a deal of somebody else, on whose pay the participant is paid, what that pays turns on both plans.
        self._seller, self._plans = question.participant, [self._plan]
        self._deal_currency = str(self._values["currency"])
        try:
            self._target = to_minor(question.target, self._plan.currency)
        except MoneyError as error:
            raise FileError(f"--target: {error}") from None

    def answer(self) -> Answer:
        now = self._pay_now
        if now >= self._target:
            return self._answer(amount=0, pays=now)
        self._check_credited()
        tried = self._amounts
        pays = self._pay(tried)
        if not self._inputs.plans.grouped:  # where participants are compared each amount is a calculation of everybody
            tried, pays = along_bends(tried, pays, pay=self._pay, tolerance=len(self._plan.components))
        least = self._least(tried, pays, holds=lambda pay: pay >= self._target)
        if least is None:
            return self._out_of_reach(tried, pays)
        above = bisect_left(tried, least)
        falls_at = self._least(tried[above:], pays[above:], holds=lambda pay: pay < self._target)
        return self._answer(amount=least, pays=self._pay([least])[0], falls_at=falls_at)

    def _out_of_reach(self, tried: Sequence[int], pays: Sequence[int]) -> Answer:
        most = max(pays)
        least = self._least(tried, pays, holds=lambda pay: pay >= most) if most > self._pay_now else None
        several = self._several(tried) if self._question.number == 1 else None
        return self._answer(amount=None, pays=max(most, self._pay_now), most_from=least, several=several)

    def _several(self, tried: Sequence[int]) -> tuple[int, int] | None:
        """With how many equal deals, each of which amount: a gate or a bonus may count deals."""
        for number in SEVERAL:
            pays = self._pay(tried, number=number)
            least = self._least(tried, pays, holds=lambda pay: pay >= self._target, number=number)
            if least is not None:
                return number, least
        return None

    def _answer(self, *, amount: int | None, pays: int, **more: Any) -> Answer:
        looked_at = amount if amount is not None else more.get("most_from")
        return Answer(
            currency=self._plan.currency,
            deal_currency=self._deal_currency,
            now=self._pay_now,
            target=self._target,
            amount=amount,
            pays=pays,
            unpaid=self._unpaid(looked_at or None, is_reached=amount is not None),
            **more,
        )

    @cached_property
    def _pay_now(self) -> int:
        return self._sums(self._earned_now, [self._question.participant])[0]

    @cached_property
    def _earned_now(self) -> pl.DataFrame:
        return self._earned([], number=0)

    @cached_property
    def _probed(self) -> Credited:
        return self._credited(PROBES, number=1)

    @cached_property
    def _amounts(self) -> list[int]:
        """Amounts to try, in minor units of the deal: a ladder, and around whatever the plans' numbers make of them."""
        unit, most = 10 ** minor_digits(self._deal_currency), MOST * 10 ** minor_digits(self._deal_currency)
        ladder = {step * 10**power for power in range(len(str(most))) for step in (1, 2, 5)}
        factors = self._factors()
        begins = {Fraction(0)}
        quotas = {Fraction(1)}
        mine = self._earned_now.filter(pl.col("participant_id").is_in([self._question.participant, self._seller]))
        for value, quota in mine.filter(self._within()).select("measure", "quota").unique().iter_rows():
            begins |= {Fraction(value)} if value is not None else set()
            quotas |= {Fraction(quota)} if quota is not None and quota > 0 else set()
        turns = self._turns_by_columns(factors) | {
            (Fraction(number) * quota - begin) / factor / self._question.number
            for plan in self._plans
            for (_, number), quota, begin, factor in product(numbers_of(plan), quotas, begins, factors)
        }
        marks = {int(turn * unit) + move for turn in turns for move in (-1, 0, 1)}
        usable = sorted(mark for mark in marks | ladder if 0 < mark <= most)
        most_tried = MARKS if not self._inputs.plans.grouped else APART
        if len(usable) > most_tried:  # evenly, for which of them matter is not known
            usable = [usable[place * len(usable) // most_tried] for place in range(most_tried)]
        return usable

    def _turns_by_columns(self, factors: Sequence[Fraction]) -> set[Fraction]:
        """Amounts at which what the plans make of the other columns of the deal may turn."""
        columns = {Fraction(value) for value in self._values.values() if isinstance(value, Decimal | int)}
        numbers = {
            Fraction(number) for plan in self._plans for _, number in (*numbers_of(plan), *numbers_of_rules(plan))
        }
        return crossings(columns, numbers, factors=factors)

    def _factors(self) -> list[Fraction]:
        """What of a deal's amount a rule credits, by each of the rules that credit it."""
        units = Fraction(10 ** minor_digits(self._plan.currency), 10 ** minor_digits(self._deal_currency))
        credits = self._probed.credits.filter(participant_id=self._seller)
        factors = {
            Fraction(amount) / units / PROBES[int(deal_id.split()[0].removeprefix("#"))]
            for deal_id, amount in credits.select("deal_id", "amount").unique().iter_rows()
            if amount > 0
        }
        return sorted(factors) or [Fraction(1)]

    def _least(
        self, tried: Sequence[int], pays: Sequence[int], *, holds: Callable[[int], bool], number: int | None = None
    ) -> int | None:
        """The least amount with whose pay it holds, up to the first one tried with which it does; None where it holds
        with none of them.
        """
        place = next((place for place, pay in enumerate(pays) if holds(pay)), None)
        if place is None:
            return None
        return self._boundary(tried[place - 1] if place else 0, tried[place], holds=holds, number=number)

    def _boundary(self, low: int, high: int, *, holds: Callable[[int], bool], number: int | None = None) -> int:
        """The least amount above `low`, at which it does not hold, from which it holds, up to `high`."""
        while high - low > 1:
            inner = sorted({low + (high - low) * step // SPLIT for step in range(1, SPLIT)} - {low})
            if self._inputs.plans.grouped:  # everybody is calculated for each: one at a time
                inner = [(low + high) // 2]
            pays = self._pay(inner, number=number)
            first = next((place for place, pay in enumerate(pays) if holds(pay)), None)
            if first is None:
                low = inner[-1]
            else:
                low, high = inner[first - 1] if first else low, inner[first]
        return high

    def _pay(self, amounts: Sequence[int], *, number: int | None = None) -> list[int]:
        """The pay with further deals of each of these amounts."""
        number = number or self._question.number
        if self._inputs.plans.grouped:
            return [
                self._sums(self._earned([amount], number=number), [self._question.participant])[0] for amount in amounts
            ]
        return self._sums(self._earned(amounts, number=number), [self._name(place) for place in range(len(amounts))])

    def _earned(self, amounts: Sequence[int], *, number: int) -> pl.DataFrame:
        """Earnings: of the participant once for each amount, under a name for each; of everybody with one amount where
        what one is paid depends on others, or where there is none.
        """
        plans, roster = self._inputs.plans, self._inputs.roster
        if not amounts or plans.grouped:
            credits = self._credits
            if amounts:
                credits = pl.concat([credits, self._credited(amounts, number=number).credits])
            if not plans.grouped:
                mine = pl.col("participant_id") == self._question.participant
                credits, roster = credits.filter(mine), roster.only([self._question.participant])
            return earn_every_month(measure(credits, plans), roster, plans=plans, months=self._months)
        # A participant for each amount, with everything the one has: so all are calculated at once.
        names = [self._name(place) for place in range(len(amounts))]
        mine = pl.col("participant_id") == self._question.participant
        own = _for_each(self._credits.filter(mine), names)
        new = self._credited(amounts, number=number).credits.filter(mine)
        new = new.with_columns(participant_id=pl.col("deal_id").str.extract(r"^(#[0-9]+)", 1))
        clones = Roster(*(_for_each(getattr(roster, each.name).filter(mine), names) for each in fields(Roster)))
        together = pl.concat([own, new.select(own.columns)])
        return earn_every_month(measure(together, plans), clones, plans=plans, months=self._months)

    @cached_property
    def _credits(self) -> pl.DataFrame:
        return credit(self._inputs.deals, self._inputs.roster, plans=self._inputs.plans).credits

    @cached_property
    def _months(self) -> Months | None:
        """The months in which anyone has a credit, the further deal's among them."""
        new = self._credited([1], number=1).credits
        return Months.of(measure(pl.concat([self._credits, new]), self._inputs.plans), self._inputs.plans)

    def _credited(self, amounts: Sequence[int], *, number: int) -> Credited:
        """Of further deals alone."""
        return credit(self._deals(amounts, number=number), self._inputs.roster, plans=self._inputs.plans)

    def _deals(self, amounts: Sequence[int], *, number: int) -> pl.DataFrame:
        rows = (
            (f"#{place} {each}", self._values | {"amount": major_text(amount, self._deal_currency)})
            for place, amount in enumerate(amounts)
            for each in range(number)
        )
        return values_table(rows, self._inputs.plans.deal_columns)

    def _name(self, place: int) -> str:
        return f"#{place}"

    def _within(self) -> pl.Expr:
        """Earnings of the window of time that is asked for."""
        by, over = self._question.by, self._question.over
        if over == "month":
            return pl.col("period") == period_of(by)
        window: Reset = over
        fiscal = fiscal_at(by, self._plan.calendar)
        return window_of(pl.col("fiscal"), window) == window_of(pl.lit(fiscal), window)

    def _sums(self, earned: pl.DataFrame, names: Sequence[str]) -> list[int]:
        paid = earned.filter(self._within() & (pl.col("currency") == self._plan.currency))
        sums = dict(paid.group_by("participant_id").agg(pl.col("amount").sum()).iter_rows())
        return [int(sums.get(name, 0)) for name in names]

    def _check_credited(self) -> None:
        who, day = self._question.participant, self._question.by
        if who in self._probed.credits["participant_id"]:
            return
        theirs = others_credited(self._inputs, self._plan, participant=who, day=day, further=self._probed)
        self._seller = theirs[0]
        self._plans += [plan_on(self._inputs, seller, day=day) for seller in theirs]

    def _unpaid(self, amount: int | None, *, is_reached: bool) -> list[str]:
        """The components that pay nothing of the window, and why; where the target is not reached, also the budgets
        that are used up.
        """
        earned = self._earned([amount], number=self._question.number) if amount else self._earned_now
        who, day = self._question.participant, self._question.by
        used = used_up(self._plan, earned, participant=who, day=day) if not is_reached else ()
        named = self._name(0) if amount and not self._inputs.plans.grouped else self._question.participant
        problems = earned.filter(self._within() & pl.col("problem").is_not_null()).filter(participant_id=named)
        told = problems.select("component", "problem", "about").unique().sort("component").iter_rows()
        return [*(f"{component}: {in_words(problem, about)}" for component, problem, about in told), *used]


def _for_each(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows of a table once for each name, as that participant's."""
    every = pl.DataFrame({"participant_id": names}, schema={"participant_id": pl.String})
    # Row by row, so that what is sorted by date stays so.
    return table.drop("participant_id").join(every, how="cross").select(table.columns)
