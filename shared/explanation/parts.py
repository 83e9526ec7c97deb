"""An earning told line by line: which deal moved the measure from where to where, at which rates, and what that paid.

A reader with a pocket calculator arrives at the same cents; the sentences are in `sentences`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from shared.explanation import sentences
from shared.explanation.model import ENOUGH_DIGITS, Line, Part, RuleSkipped, Slice
from shared.explanation.named import Names
from shared.explanation.numbers import attainment, plain, share_percent
from shared.kernel import Explained, Plan, PlanSet, Roster, explain
from shared.kernel.arithmetic.expressions import AMOUNT_SCALE, RATE_SCALE
from shared.kernel.calendar import Fiscal, fiscal_of, name_of, window_of
from shared.kernel.components import Component
from shared.kernel.components.groups import grouped
from shared.kernel.evaluation.pay import context_for
from shared.kernel.tables import BY_TIER
from shared.money import from_minor
from shared.periods import Month

NOTHING = Decimal(0)


def parts(
    credits: pl.DataFrame,
    earned: pl.DataFrame,
    *,
    roster: Roster,
    plans: PlanSet,
    component: str,
    period: Month,
    pay: pl.DataFrame | None = None,
    everyone: pl.DataFrame | None = None,
) -> list[Part]:
    """The parts of an earning from a participant's `EARNINGS`, `CREDITS` and `PAY_CREDITS`, of all periods of the
    windows it sums over; `everyone` are the `CREDITS` of all, where measures of groups add them up.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    return parts_of_lines(
        explain(credits, roster, plans=plans, earnings=earned, pay=pay, everyone=everyone),
        earned,
        plans=plans,
        component=component,
        period=period,
    )


def parts_of_lines(
    explained: Explained,
    earned: pl.DataFrame,
    *,
    plans: PlanSet,
    component: str,
    period: Month,
    everyone: pl.DataFrame | None = None,
    roster: Roster | None = None,
    carried: Mapping[tuple[str, int], Decimal] | None = None,
) -> list[Part]:
    """The parts of one of a participant's earnings, all of whose lines are known.

    `everyone` are the `EARNINGS` of all participants, for whoever has them: with them places and pools are told. Those
    of each team, territory or position are told with the `roster`, which says who is in it.
    `carried` says per plan and version what the window paid before the period, for whoever has the lines of the period
    only.
    """
    lines, slices = (
        table.filter((pl.col("component") == component) & (pl.col("period") <= period)) for table in explained
    )
    earnings = earned.filter((pl.col("component") == component) & (pl.col("period") == period))
    # Decimal's default of 28 digits would round a product of amount, rate and factor, and the reader with the
    # calculator would be a cent away.
    with localcontext(prec=ENOUGH_DIGITS):
        return [
            _part(
                row,
                plans.plans[row["plan"], row["version"]],
                lines=_under(lines, row),
                slices=_under(slices, row),
                everyone=everyone,
                roster=roster,
                carried=(carried or {}).get((row["plan"], row["version"]), NOTHING),
            )
            for row in earnings.sort("plan", "version", "fiscal").iter_rows(named=True)
        ]


def _under(table: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
    of_version = table.filter((pl.col("plan") == row["plan"]) & (pl.col("version") == row["version"]))
    return of_version.sort("period", "line", maintain_order=True)


def _part(
    row: dict[str, Any],
    plan: Plan,
    *,
    lines: pl.DataFrame,
    slices: pl.DataFrame,
    everyone: pl.DataFrame | None,
    roster: Roster | None,
    carried: Decimal,
) -> Part:
    component = next((component for component in plan.components if component.component == row["component"]), None)
    about = {row["problem"]: row["about"]}
    names = None if component is None else Names(plan, component)
    walk = _Walk(plan, component, names=names, lines=lines, slices=slices, carried=carried, about=about)
    part = Part(
        plan=plan.plan,
        version=plan.version,
        kind=None if component is None else component.kind,
        measure=None if component is None else component.main_measure(),
        measured_in="amounts" if component is None else sentences.measured_in(plan, component.main_measure()),
        measured=plain(row["measure"], plan.digits),
        quota=None if row["quota"] is None else plain(row["quota"], plan.digits),
        attainment=_attainment(row["attainment"]),
        window="month" if component is None else plan.window(component),
        fiscal_period=None if plan.calendar.weeks is None else name_of(Fiscal(row["fiscal"])),
        rounding=plan.conventions.rounding,
        rates_are_amounts=component is not None and component.rates_are_amounts,
        rule_skipped=RuleSkipped.where(row["problem"], row["about"]),
        currency=plan.currency,
        amount=from_minor(row["amount"], plan.currency),
        lines=list(walk.lines(row["period"], row["fiscal"])),
    )
    group = ""
    if everyone is not None and component is not None and component.needs_group:
        together = _compared(everyone, row, plan=plan, component=component, roster=roster)
        for own in together.filter(pl.col("participant_id") == row["participant_id"]).head(1).iter_rows(named=True):
            group = component.standing_in_words(together, own, currency=plan.currency)
    words = sentences.Sentences(plan, component, part=part, names=names, group=group)
    for line in part.lines:
        line.by_itself = words.by_itself(line)
        line.named = words.named(line)
        line.sentence = words.of_line(line)
    part.sentence = words.of_part(row["component"])
    return part


def _compared(
    everyone: pl.DataFrame, row: dict[str, Any], *, plan: Plan, component: Component, roster: Roster | None
) -> pl.DataFrame:
    """The `EARNINGS` of those with whom a component compares a participant; none where nobody knows who they are."""
    alike = [pl.col(name) == row[name] for name in ("plan", "version", "component", "period", "fiscal")]
    together = everyone.filter(*alike)
    among = getattr(component, "among", "plan")
    if among == "plan":
        return together
    if roster is None:
        return together.clear()
    own = together["participant_id"] == row["participant_id"]
    groups = grouped(context_for(together, plan, roster=roster), among)
    return together[[number for members in groups if own.gather(members).any() for number in members]]


class _Walk:
    """The lines of a component under a version, in order over all periods up to the one that is explained."""

    def __init__(
        self,
        plan: Plan,
        component: Component | None,
        *,
        names: Names | None,
        lines: pl.DataFrame,
        slices: pl.DataFrame,
        carried: Decimal,
        about: Mapping[str | None, str | None],
    ) -> None:
        self._plan, self._component, self._names, self._carried = plan, component, names, carried
        # A line before the last may be without pay for another reason than the month: a gate that a later deal opens.
        self._about = {"gate_closed": None if component is None else component.when, **about}
        self._measure = None if component is None else component.main_measure()
        self._rows = lines.with_columns(window=windows(lines, plan, component=component, by=["period", "fiscal"]))
        self._slices: dict[tuple[str, int], list[Slice]] = {}
        for row in slices.sort("period", "line", *BY_TIER).iter_rows(named=True):
            self._slices.setdefault((row["period"], row["line"]), []).append(_slice(row, plan))

    def lines(self, period: Month, fiscal: Fiscal) -> Iterator[Line]:
        """Those of a fiscal period in a month, each with what the window has paid before it."""
        currency = self._plan.currency
        paid = self._carried
        window = self._rows["window"].first()
        for row in self._rows.iter_rows(named=True):
            if row["window"] != window:
                window, paid = row["window"], Decimal(0)
            pieces = _that_say_something(self._slices.get((row["period"], row["line"]), []))
            amount = from_minor(row["amount"], currency)
            paid += amount
            if (row["period"], row["fiscal"]) == (period, fiscal):
                exact = self._exactly(sum((piece.pays for piece in pieces), Decimal(0)))
                # Of lines before the period only what they paid is needed: what the window had come to.
                yield self._line(row, pieces, exact=exact, paid=paid)
            if row["rule"] in sentences.LIMITS:  # the walk goes on from what it came to without the limit
                paid -= amount

    def _exactly(self, pays: Decimal) -> Decimal:
        """What slices pay; where every deal is rounded and nothing multiplies that, whole units, though a slice may
        have more digits than are kept."""
        component, plan = self._component, self._plan
        if component is None or component.component not in plan.pays_by_deal or component.multiply or component.when:
            return pays
        return pays.quantize(Decimal(1).scaleb(-plan.digits))

    def _line(self, row: dict[str, Any], pieces: list[Slice], *, exact: Decimal, paid: Decimal) -> Line:
        plan, amount = self._plan, from_minor(row["amount"], self._plan.currency)
        return Line(
            line=row["line"],
            deal_id=row["deal_id"],
            earned_by=row["earned_by"],
            credit_date=row["credit_date"] if row["deal_id"] is not None or row["earned_by"] is not None else None,
            rule=row["rule"],
            share_percent=None if row["share"] is None else share_percent(row["share"]),
            exchange=row["exchange"] or "",
            credited=from_minor(row["credited"], plan.currency),
            before=plain(row["before"], plan.digits),
            after=plain(row["after"], plan.digits),
            attainment_before=_attainment(row["attainment_before"]),
            attainment_after=_attainment(row["attainment_after"]),
            slices=pieces,
            exact=plain(exact, plan.digits),
            exact_so_far=plain(paid if row["exact"] is None else row["exact"], plan.digits),
            paid_before=paid - amount,
            paid_after=paid,
            amount=amount,
            rule_skipped=RuleSkipped.where(
                row["problem"], self._about.get(row["problem"], self._measure or row["component"])
            ),
            values=[] if self._names is None else self._names.values(row["values"], of_deal=row["deal_id"] is not None),
        )


def windows(lines: pl.DataFrame, plan: Plan, *, component: Component | None, by: list[str]) -> pl.Series:
    """The window in which each line stands; a line without a deal stands in that of the deal after it, or else before
    it.

    `by` tells earnings apart whose lines these are, in order.

    Where a component is paid less often than its window ends, lines of one payment are of several windows.
    """
    fiscal = pl.when(pl.col("deal_id").is_not_null() | pl.col("earned_by").is_not_null()).then(
        fiscal_of(pl.col("credit_date"), plan.calendar)
    )
    known = lines.with_columns(of=fiscal.backward_fill().over(by).forward_fill().over(by))
    reset = "month" if component is None else plan.window(component)
    number = window_of(pl.col("of").fill_null(pl.col("fiscal")), reset)
    return known.with_columns(window=number)["window"]


def _that_say_something(pieces: list[Slice]) -> list[Slice]:
    """Without those that take back nothing: where a rate moves away from zero the old product is zero, which would only
    puzzle.
    """
    return [piece for piece in pieces if piece.pays or piece.credited > 0] or pieces


def _slice(row: dict[str, Any], plan: Plan) -> Slice:
    credited = plain(Decimal(row["credited"]).scaleb(-plan.digits) / AMOUNT_SCALE, plan.digits)
    rate = plain(Decimal(row["rate"]) / RATE_SCALE)
    factor = plain(Decimal(row["factor"]) / RATE_SCALE)
    pays = credited * rate * factor if row["pays"] is None else row["pays"]
    pays = pays or abs(pays)  # nothing has no sign
    return Slice(
        tier=row["tier"], reach=row["reach"], credited=credited, rate=rate, factor=factor, pays=plain(pays, plan.digits)
    )


def _attainment(share: Decimal | None) -> Decimal | None:
    return None if share is None else attainment(share)
