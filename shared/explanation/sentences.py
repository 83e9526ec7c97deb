"""Earnings in sentences that a rep can follow and a calculator can check."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from shared.explanation.model import Line, MeasuredIn, Part, Slice
from shared.explanation.named import Names
from shared.explanation.numbers import plain
from shared.formatting import grouped, percent
from shared.kernel import Plan
from shared.kernel.arithmetic.expressions import MOST_OF_DEAL, REST_OF_MOST, WITHOUT_RATE
from shared.kernel.components import Component
from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.formulas import references
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import figure_in_words

LIMITS = ("minimum", "maximum", "budget", "limit", "carry_over")
WINDOWS = {
    "month": "",
    "quarter": " of the quarter",
    "half_year": " of the half-year",
    "year": " of the year",
    "never": "",
}


def measured_in(plan: Plan, name: str | None) -> MeasuredIn:
    """What a measure counts: deals and values, percentages, or else amounts."""
    measure = plan.measure(name)
    if measure is not None and measure.counts:
        return "numbers"
    if measure is not None and (measure.score is not None or measure.scorecard is not None):
        return "shares"
    return "amounts"


class Sentences:
    """The sentences of a part of an earning; `component` and its `names` are None for the limits of the plan
    itself."""

    def __init__(
        self, plan: Plan, component: Component | None, *, part: Part, names: Names | None, group: str = ""
    ) -> None:
        self._plan, self._component, self._part, self._group = plan, component, part, group
        self._names = names

    def of_line(self, line: Line) -> str:
        """What a line says."""
        currency = self._part.currency
        credits = line.deal_id is not None or line.earned_by is not None
        if not credits and not line.slices:
            return " ".join([f"{self._cause(line)}: {grouped(line.amount)} {currency}.", *self._here(line)])
        said = [self._credit(line)] if credits else [f"{self._cause(line)}."]
        if credits and self._part.measure is not None and (line.before != line.after or self._feeds(line)):
            said.append(self._moved(line))
        if line.rule_skipped is not None and not line.slices:
            said.append(f"It pays nothing. {line.rule_skipped.message}")
            if not line.amount:
                return " ".join([*said, *self._here(line)])
        if by_itself := self.by_itself(line):
            said.append(by_itself)
        else:
            said += [self._slice(piece, line) for piece in line.slices]
        if len(line.slices) > 1 and not by_itself:
            said.append(f"Together {grouped(line.exact)}.")
        said += self._here(line)
        if self._forfeited(line):
            return " ".join(
                [*said, f"Who leaves within the period is paid nothing of it: {grouped(line.amount)} {currency}."]
            )
        window = WINDOWS[self._part.window]
        if not line.slices and not line.amount:
            stays = (
                f"It reaches nothing that pays more: the pay{window} stays at {grouped(line.paid_after)} {currency}."
            )
            return " ".join([*said, stays])
        if self._priced_anew(line):
            said.append(
                f"By this version the pay{window} so far comes to {grouped(line.exact_so_far)}, and without this line"
                f" to {grouped(line.exact_so_far - line.exact)}, so this line pays {grouped(line.amount)} {currency}."
            )
            return " ".join(said)
        said.append(
            f"The pay{window} so far is {grouped(line.exact_so_far)}, rounded {grouped(line.paid_after)};"
            f" it was {grouped(line.paid_before)} before, so this line pays {grouped(line.amount)} {currency}."
        )
        return " ".join(said)

    def of_part(self, component: str) -> str:
        """What the lines of a part come to."""
        part = self._part
        said = f"{component} pays {grouped(part.amount)} {part.currency}"
        said += f" in {part.fiscal_period}" if part.fiscal_period is not None else ""
        if self._component is None:
            said += f" beside {grouped(part.measured)} that all components pay"
        elif part.measure is not None:
            said += f" for {part.measure} of {self._measured(part.measured)}"
            if part.quota is not None and not self._is_share:
                said += f" against a quota of {grouped(part.quota)}{self._of_quota(part.attainment)}"
            if part.window == "month" and self._component.pays != "month":
                said += f" in the last month, paid for the {self._component.pays.replace('_', '-')} together"
        if self._component is not None and self._component.when is not None:
            said += f", where {' '.join(self._component.when.split())}{self._at_the_gate()}"
        count = len(part.lines)
        said += f", under {part.plan} version {part.version}: the sum of {count} line{'s' if count != 1 else ''}."
        if part.rule_skipped is None:
            return said
        # What an earlier month carried over, or a minimum, may be paid all the same.
        nothing = "By itself it pays nothing" if part.amount else "It pays nothing"
        return f"{said} {nothing}. {part.rule_skipped.message}"

    def named(self, line: Line) -> str:
        """The numbers of the formulas after a line, beside the formula where that is arithmetic; empty without one."""
        if self._names is None or self._component is None:
            return ""
        scaled = (
            self._component.when is not None or self._component.multiply or self._plan.sums_rounded(self._component)
        )
        known = line.rule_skipped is None and not scaled
        return self._names.told(line.values, line.exact_so_far if known else None)

    def _here(self, line: Line) -> list[str]:
        return [f"Here {line.named}."] if line.named else []

    def _at_the_gate(self) -> str:
        """What the names in the gate came to at last, in brackets."""
        last = next((line.values for line in reversed(self._part.lines) if line.values), [])
        numbers = "" if self._names is None else self._names.of_gate(last)
        return f" ({numbers})" if numbers else ""

    def _forfeited(self, line: Line) -> bool:
        """Whether the plan pays nothing of it because the participant left within the period."""
        return self._plan.conventions.leavers == "nothing_in_the_last_period" and self._is_apart(line)

    def _priced_anew(self, line: Line) -> bool:
        """Whether the version prices also what earlier ones paid, and pays what is added."""
        return self._plan.conventions.versions == "continue" and self._is_apart(line)

    def _is_apart(self, line: Line) -> bool:
        """Whether there is a gap between what is due and what is paid: rounding alone leaves less than one unit."""
        return abs(line.exact_so_far - line.paid_after) >= Decimal(1).scaleb(-self._plan.digits)

    def _cause(self, line: Line) -> str:
        """What moved the pay of a line without a deal."""
        limits = self._component or self._plan
        match line.rule:
            case "opening":
                if any(measure.among is not None for measure in self._looked_at):
                    return "Not by a deal of their own: by what others have brought, scores, quotas and fixed amounts"
                before = ", and what the months before it brought" if any(m.rolling for m in self._looked_at) else ""
                return f"Before any deal of the month, by scores, quotas and fixed amounts{before}"
            case "minimum" if limits.minimum is not None:
                return f"Raised to the minimum of {figure_in_words(limits.minimum)}"
            case "maximum" if limits.maximum is not None:
                return f"Cut to the maximum of {figure_in_words(limits.maximum)}"
            case "budget" if self._component is not None and self._component.budget is not None:
                order = ", whose deals are paid in the order of their dates" if self._component.first_come else ""
                return f"Cut to the budget of {figure_in_words(self._component.budget)} for everyone together{order}"
            case "carry_over" if limits.maximum is not None:
                cut = line.amount < 0
                most = figure_in_words(limits.maximum)
                return f"Beyond the maximum of {most}, carried over" if cut else "Carried over from before"
            case "limit" if self._component is None and limits.minimum is not None and line.amount > 0:
                return f"Raised to the plan's minimum of {figure_in_words(limits.minimum)}"
            case "limit" if self._component is None and limits.maximum is not None:
                return f"Cut to the plan's maximum of {figure_in_words(limits.maximum)}"
            case "limit":
                return "Brought within the limits"
            case "result" if self._component is not None:
                share = "" if line.share_percent is None else f", {grouped(line.share_percent)}%"
                return f"{self._component.result}{share}{self._group}"
        return line.rule

    @property
    def _looked_at(self) -> list[Measure]:
        """The measures at which the component looks."""
        names = set() if self._component is None else self._plan.measures_of(self._component)
        return [measure for measure in self._plan.measures if measure.measure in names]

    def _credit(self, line: Line) -> str:
        if line.earned_by is None:
            return self._deal(line)
        at = f", converted at {line.exchange}," if line.exchange else ""
        return (
            f"What {line.earned_by} is paid until {line.credit_date} counts with"
            f" {grouped(line.credited)} {self._part.currency}{at}."
        )

    def _deal(self, line: Line) -> str:
        share = "" if line.share_percent in (None, 100) else f" (share {grouped(line.share_percent or Decimal(0))}%)"
        rule = next((rule for rule in self._plan.credits if rule.rule == line.rule), None)
        dated = "closed" if rule is None or rule.date == "close_date" else "credited"
        said = f"Deal {line.deal_id}, {dated} on {line.credit_date}"
        if not line.credited:
            return f"{said}, counts{self._for_others(line)} by rule {line.rule}{share}."
        amount = grouped(line.credited)
        unit = f" {self._part.currency}" if rule is None or rule.amount is None else ""
        at = f", converted at {line.exchange}," if line.exchange else ""
        return f"{said}, credits {amount}{unit}{at} by rule {line.rule}{share}."

    def _feeds(self, line: Line) -> bool:
        """Whether the rule of a line feeds the measure of the part, or what that is calculated from."""
        measure = None if self._part.measure is None else self._plan.measure(self._part.measure)
        if measure is None:
            return True
        of = {measure.measure, *(each.name for each in self._plan.followed(measure.builds_on()) if each.is_measure)}
        return any(line.rule in each.rules for each in self._plan.measures if each.measure in of)

    def _for_others(self, line: Line) -> str:
        """For which measures of a component a credit counts that does not count for the one of the part."""
        if self._feeds(line):
            return ""
        fed = [each.measure for each in self._looked_at if line.rule in each.rules]
        return f" for {' and '.join(fed)}" if fed else ""

    def _moved(self, line: Line) -> str:
        name = self._part.measure
        if line.before == line.after:
            return f"{name} stays at {self._measured_bare(line.after)}{self._of_quota(line.attainment_after)}."
        return (
            f"That takes {name} from {self._measured_bare(line.before)}{self._of_quota(line.attainment_before)}"
            f" to {self._measured_bare(line.after)}{self._of_quota(line.attainment_after)}."
        )

    def by_itself(self, line: Line) -> str:
        """How a deal pays, for kinds that pay every deal by its own size; empty for others."""
        component = self._component
        if component is None or component.component not in self._plan.pays_by_deal:
            return ""
        if self._plan.bounds_deals(component):  # the line may be of more deals than its own
            return ""
        if not line.slices or line.deal_id is None:
            return ""
        # The product in the kind's own words; without them, or where a factor moved, the slices tell it.
        words = component.deal_in_words(Fraction(line.credited), self._plan.conventions)
        if words is None or (factor := line.slices[0].factor) != line.slices[-1].factor:
            return ""
        times = "" if factor == 1 else f", × {grouped(factor)}"
        return f"By itself it pays {words}{times}, which comes to {grouped(line.exact)}."

    def _slice(self, piece: Slice, line: Line) -> str:
        """A product that a calculator can check; what a line takes back of earlier pay is said so."""
        amounts = self._component is not None and self._component.rates_are_amounts
        times = "" if piece.factor == 1 else f" × {grouped(piece.factor)}"
        # A third has no last digit: a rate that is cut off does not come to quite what it pays.
        equals = "=" if piece.is_exact else "≈"
        # What rounding each deal made of them is an amount, with no base and no rate to be multiplied; and an amount
        # that pays itself has a rate that says nothing.
        if piece.reach in WITHOUT_RATE or (amounts and piece.rate == 1):
            product = (
                f"{grouped(piece.credited)}{times} {equals} {grouped(piece.pays)}" if times else grouped(piece.pays)
            )
        elif amounts:
            rate = grouped(plain(piece.rate, self._plan.digits))
            product = f"{grouped(plain(piece.credited))} × {rate}{times} {equals} {grouped(piece.pays)}"
        else:
            product = f"{grouped(piece.credited)} × {percent(piece.rate)}{times} {equals} {grouped(piece.pays)}"
        # What the most of a deal cuts off was never paid.
        cut = piece.reach in (MOST_OF_DEAL, REST_OF_MOST)
        back = "Taken back: " if piece.credited < 0 <= line.credited and not cut else ""
        return f"{back}{product} ({self._left_of_most(piece, line) or piece.reach})."

    def _left_of_most(self, piece: Slice, line: Line) -> str:
        """Of a line that is cut since other credits of its deal have had their part of the deal's most, what that
        leaves."""
        if piece.reach != REST_OF_MOST or self._component is None or (piece.credited < 0) != (line.credited > 0):
            return ""
        most, of_most = self._component.deal_maximum, ""
        if isinstance(most, Decimal) and line.share_percent in (None, 100):
            of_most = f" of {grouped(plain(most, self._plan.digits))}"
        until = line.slices[: line.slices.index(piece) + 1]
        left = abs(round(sum((each.credited * each.rate for each in until), Decimal(0)), self._plan.digits))
        return f"of the deal's most{of_most} only {grouped(left)} is left"

    def _measured(self, value: Decimal) -> str:
        measure = self._plan.measure(self._part.measure)
        money = (
            measure is not None
            and (measure.sum_of or measure.average_of or measure.latest_of or measure.pay_of) is not None
            and not any(self._by_own_columns(rule) for rule in self._plan.credits if rule.rule in measure.rules)
        )
        return f"{self._measured_bare(value)} {self._part.currency}" if money else self._measured_bare(value)

    def _by_own_columns(self, rule: CreditingRule) -> bool:
        """Whether a rule credits what the company's own columns say, such as bottles or points: in what these are
        measured is not known."""
        return rule.amount is not None and all(column.name in self._plan.columns for column in references(rule.amount))

    def _measured_bare(self, value: Decimal) -> str:
        """Counts without decimals, shares in percent, amounts as amounts."""
        match self._part.measured_in:
            case "numbers":
                return grouped(plain(value))
            case "shares":
                return percent(value)
        return grouped(value)

    @property
    def _is_share(self) -> bool:
        """Whether the measure is its own attainment: a score, a ratio, without a quota of its own."""
        measure = self._plan.measure(self._part.measure)
        return measure is not None and measure.is_share and self._part.quota == 1

    def _of_quota(self, attainment: Decimal | None) -> str:
        return "" if attainment is None or self._is_share else f" ({grouped(attainment)}% of quota)"
