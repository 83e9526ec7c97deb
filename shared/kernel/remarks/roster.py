"""What roster and plans say that is allowed and yet moves pay without a word: probably a slip of whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.formatting import percent, trimmed
from shared.kernel.language.plausibility import HIGH_ATTAINMENT, HIGH_RATE
from shared.kernel.language.units import MONEY
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.reference_point import reference_terms
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.quota_changes import quota_changes
from shared.kernel.remarks.remark import EVER, MORE, SHOWN, Remark, whom
from shared.kernel.remarks.reporting_circles import reporting_circles
from shared.kernel.remarks.undated_scores import undated_scores
from shared.kernel.remarks.unknown_categories import unknown_categories
from shared.kernel.remarks.unknown_pay import unknown_pay
from shared.kernel.remarks.window_changes import plan_changes, version_changes
from shared.kernel.roster import EVERY, Roster


def roster_remarks(roster: Roster, plans: PlanSet) -> list[Remark]:
    """Everything that there is to remark, by kind, day and participant."""
    on = _on_plans(roster)
    remarks = {
        *quota_changes(roster, plans),
        *plan_changes(roster, plans),
        *version_changes(roster, plans),
        *_percent_signs(roster, plans, on=on),
        *_figures_unused(roster, plans),
        *undated_scores(roster, plans),
        *unknown_categories(roster, plans),
        *_unknown_plans(plans, on),
        *_not_in_force(plans, on),
        *unknown_pay(plans, on),
        *(reporting_circles(roster.assignments) if roster.may_turn_in_circles else ()),
        *_ids_alike(roster),
        *_aliases_of_several(roster),
    }
    places = {kind: place for place, kind in enumerate(MORE)}
    return sorted(remarks, key=lambda remark: (places[remark.kind], remark.says, remark.since, remark.participant_id))


def _on_plans(roster: Roster) -> pl.DataFrame:
    """participant_id, plan, since, until: the days on which somebody is active on a plan."""
    return (
        _lasting(roster.assignments, "participant_id")
        .filter(pl.col("active") & pl.col("plan").is_not_null())
        .select("participant_id", "plan", "since", "until")
    )


def _lasting(table: pl.DataFrame, *of: str) -> pl.DataFrame:
    """The rows of a timeline with their first and last day."""
    following = pl.col("effective_from").shift(-1).over(*of) - timedelta(days=1)
    return table.sort("effective_from").with_columns(since="effective_from", until=following.fill_null(EVER))


def _percent_signs(roster: Roster, plans: PlanSet, *, on: pl.DataFrame) -> Iterator[Remark]:
    """Rates, scores and quotas of shares that are so high that a percent sign is rather missing."""
    terms, scores = _lasting(roster.terms, "participant_id", "name"), _lasting(roster.scores, "participant_id", "name")
    quotas = _lasting(roster.quotas, "participant_id", "measure").rename({"measure": "name", "quota": "value"})
    for plan in plans.holding:
        units, people = plan.units, on.filter(pl.col("plan") == plan.plan)
        for component in plan.components:
            if (rate := component.own_rate) is not None and units.of(component.main_measure()) == MONEY:
                does = (
                    f"component {component.component} of plan {plan.plan} pays so many times {component.main_measure()}"
                )
                yield from _too_high(
                    terms, "term", name=rate.term, high=Decimal(HIGH_RATE) / abs(rate.times), people=people, does=does
                )
        attained = {name for component in plan.components for name in plan.quotas_of(component)}
        for measure in plan.measures:
            does = f"plan {plan.plan} compares it with 100%"
            if measure.measure in attained and measure.score is not None:
                yield from _too_high(
                    scores, "score", name=measure.measure, high=Decimal(HIGH_ATTAINMENT), people=people, does=does
                )
            if measure.measure in attained and (measure.score is not None or measure.scorecard is not None):
                yield from _too_high(
                    quotas, "quota", name=measure.measure, high=Decimal(HIGH_ATTAINMENT), people=people, does=does
                )


def _too_high(
    figures: pl.DataFrame, kind: str, *, name: str, high: Decimal, people: pl.DataFrame, does: str
) -> Iterator[Remark]:
    rows = figures.filter((pl.col("name") == name) & (pl.col("value").abs() >= high))
    concerned = [*people["participant_id"].unique(), EVERYONE]
    rows = rows.filter(pl.col("participant_id").is_in(concerned))
    for who, value, since, until in rows.select("participant_id", "value", "since", "until").iter_rows():
        says = (
            f"From {since} {kind}.{name} of {whom(who)} is {trimmed(value)}, which is {percent(value)}: {does}."
            f" Write {trimmed(value)}% if percent is meant."
        )
        yield Remark(
            kind="percent_sign_missing",
            participant_id=who,
            says=says,
            since=since,
            until=until if kind != "score" else since,
        )


def _figures_unused(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Figures of people at which no plan of theirs looks; what a version looks at that is set aside, or is not there,
    is not known."""
    known = {plan.plan for plan in plans} - set(plans.quarantined["plan"])
    looks = pl.DataFrame(
        [(plan.plan, figure) for plan in plans.holding for figure in _figures_of(plan)],
        schema={"plan": pl.String, "figure": pl.String},
        orient="row",
    ).unique()
    given = pl.concat(
        _lasting(table, "participant_id", name)
        .filter(pl.col(value).is_not_null() & (pl.col(name) != EVERY))
        .select("participant_id", "since", "until", figure=pl.format("{}.{}", pl.lit(kind), name))
        for kind, table, name, value in (
            ("quota", roster.quotas, "measure", "quota"),
            ("term", roster.terms, "name", "value"),
            ("score", roster.scores, "name", "value"),
            ("category", roster.categories, "name", "value"),
        )
    )
    ever = roster.assignments.select("participant_id", "plan").unique()
    # What is everyone's is looked at by any plan that looks at it.
    of_everyone = looks.select("plan", "figure", participant_id=pl.lit(EVERYONE))
    looked_at = pl.concat([ever.join(looks, on="plan"), of_everyone], how="diagonal")
    unknown = ever.filter(~pl.col("plan").is_in(sorted(known)))
    idle = given.join(looked_at, on=["participant_id", "figure"], how="anti").join(
        unknown, on="participant_id", how="anti"
    )
    days = idle.group_by("figure", "participant_id").agg(pl.col("since").min(), pl.col("until").max())
    for figure, who, since, until in days.iter_rows():
        yield Remark(
            kind="figure_unused",
            participant_id=who,
            says=f"{figure}: {{who}} on no plan that looks at it.",
            since=since,
            until=until,
        )


def _figures_of(plan: Plan) -> list[str]:
    """The columns of a roster file at whose figures a plan looks."""
    names = [measure.measure for measure in plan.measures]
    return [
        *(f"{kind}.{name}" for kind in ("quota", "score") for name in names),
        *(f"term.{name}" for name in reference_terms(plan)),
        *(f"category.{category}" for _, (category, _) in plan.categories()),
    ]


def _unknown_plans(plans: PlanSet, on: pl.DataFrame) -> Iterator[Remark]:
    there = {plan.plan for plan in plans}
    for who, plan, since, until in on.filter(~pl.col("plan").is_in(sorted(there))).iter_rows():
        yield Remark(
            kind="unknown_plan",
            participant_id=who,
            says=f"{{who}} on plan {plan}, which does not exist.",
            since=since,
            until=until,
        )


def _not_in_force(plans: PlanSet, on: pl.DataFrame) -> Iterator[Remark]:
    """People on a plan before its first version begins, on days when other plans are in force already."""
    firsts: dict[str, date] = {}
    for version in plans.holding:
        firsts[version.plan] = min(version.effective_from, firsts.get(version.plan, EVER))
    begun = min(firsts.values(), default=EVER)
    for who, plan, since, until in on.iter_rows():
        first, begins = max(since, begun), firsts.get(plan, begun)
        last = min(until, begins - timedelta(days=1))
        if first <= last:
            says = (
                f"{{who}} on plan {plan} from {first}, and its first version begins on {begins}: until {last} the"
                " plan pays nothing."
                f" Publish a version that begins on {first}, or correct the roster."
            )
            yield Remark(kind="plan_not_in_force", participant_id=who, says=says, since=first, until=last)


def _ids_alike(roster: Roster) -> Iterator[Remark]:
    """People who are probably one: what is said of the one does not count for the other."""
    plain = pl.col("participant_id").str.to_lowercase().str.replace_all(r"[\s._-]", "")
    twins = (
        roster.assignments.group_by(plain=plain)
        .agg(pl.col("participant_id").unique().sort(), pl.col("effective_from").min())
        .filter(pl.col("participant_id").list.len() > 1)
    )
    for ids, since in twins.select("participant_id", "effective_from").iter_rows():
        says = (
            f"Participants {', '.join(ids[:SHOWN])} have ids that differ only in case or in blanks, dots and dashes:"
            " deals and figures of one do not count for the other. If they are one person, use one id."
        )
        yield from (Remark(kind="ids_alike", participant_id=who, says=says, since=since, until=EVER) for who in ids)


def _aliases_of_several(roster: Roster) -> Iterator[Remark]:
    """Names that were meant to be one participant's, and are another's too."""
    for alias, whose in roster.shared_aliases.iter_rows():
        says = (
            f"{alias} is an alias of several participants: {', '.join(whose[:SHOWN])}. Deals under that name credit"
            " nobody. Take it from all but one: with - in its cell, or null, from the same date."
        )
        yield from (Remark(kind="alias_of_several", participant_id=who, says=says) for who in whose)
    ids = roster.assignments.select(alias="participant_id", of="participant_id").unique()
    taken = roster.aliases.select("participant_id", alias="value").unique().join(ids, on="alias")
    for who, alias in taken.filter(pl.col("of") != pl.col("participant_id")).sort(pl.all()).drop("of").iter_rows():
        says = f"The alias {alias} of {who} is the id of another participant, who is meant by it."
        yield Remark(kind="alias_of_several", participant_id=who, says=says)
