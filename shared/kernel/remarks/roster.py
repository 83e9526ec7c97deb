"""What roster and plans say that is allowed and yet moves pay without a word: probably a slip of whoever wrote it.

One list and one wording for every road: `earnest calc` and `import`, ingest's answer to a roster, and what stands out
in a payout run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import polars as pl

from shared.formatting import percent, trimmed
from shared.kernel.language.plausibility import HIGH_ATTAINMENT, HIGH_RATE
from shared.kernel.language.units import MONEY
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.reference_point import reference_terms
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.quota_changes import LateQuota, QuotaChange, late_quotas, quota_changes
from shared.kernel.remarks.reporting_circles import circles
from shared.kernel.remarks.window_changes import MidWindowChange, plan_changes, version_changes
from shared.kernel.roster import EVERY, Roster

RemarkKind = Literal[
    "late_quota",
    "quota_far_off",
    "plan_changed_within",
    "version_within",
    "percent_sign_missing",
    "figure_unused",
    "unknown_plan",
    "plan_not_in_force",
    "managers_in_a_circle",
    "ids_alike",
    "far_above_quota",
    "far_below_quota",
    "deal_twice",
    "date_far_ahead",
    "pool_scaled",
]
MORE: Final[dict[RemarkKind, str]] = {
    "late_quota": "quotas begin within a window and count for the whole of it.",
    "quota_far_off": "quotas are ten times as much, or a tenth, of what they were.",
    "plan_changed_within": "people change their plan within a window.",
    "version_within": "versions begin within a window.",
    "percent_sign_missing": "figures look like a percentage that lost its sign.",
    "figure_unused": "figures are those of people whose plans do not look at them.",
    "unknown_plan": "plans that somebody is on do not exist.",
    "plan_not_in_force": "plans begin after somebody is on them.",
    "managers_in_a_circle": "chains of managers turn in a circle.",
    "ids_alike": "groups of participants whose ids differ only in case or in blanks, dots and dashes.",
    "far_above_quota": "attainments are ten times the quota or more.",
    "far_below_quota": "components for which everybody is far below quota.",
    "deal_twice": "groups of deals are alike in all but their ids.",
    "date_far_ahead": "deals close years ahead.",
    "pool_scaled": "pools are divided by scores that do not sum to 100%.",
}
SHOWN: Final = 5
"""How many of one kind are named; the others are counted."""
FAR: Final = 10
"""A quota that so many times the one before, or such a part of it, is rather a slip of a digit."""
EVER: Final = date.max


class Remark(NamedTuple):
    """One thing about a participant; it matters from `since` to `until`. In `says` the place of `{who}` is that of whom
    it is about, with the verb, so that what is alike is said once.
    """

    kind: RemarkKind
    participant_id: str
    says: str
    since: date = date.min
    until: date = date.max

    @property
    def message(self) -> str:
        """The sentence about this participant."""
        return _about(self.says, [self.participant_id])


def roster_remarks(roster: Roster, plans: PlanSet) -> list[Remark]:
    """Everything that there is to remark, by kind, day and participant."""
    changes = quota_changes(roster, plans)
    on = _on_plans(roster)
    found = [
        *(_late(each) for each in late_quotas(changes)),
        *(_far_off(each) for each in changes if not 1 / Decimal(FAR) < each.quota / each.before < FAR),
        *(_plan_changed(each) for each in plan_changes(roster, plans)),
        *(_version(each) for each in version_changes(roster, plans)),
        *_percent_signs(roster, plans, on=on),
        *_figures_unused(roster, plans),
        *_unknown_plans(plans, on),
        *_not_in_force(plans, on),
        *_circles(roster),
        *_ids_alike(roster),
    ]
    places = {kind: place for place, kind in enumerate(MORE)}
    return sorted(set(found), key=lambda each: (places[each.kind], each.says, each.since, each.participant_id))


def remarks_within(remarks: Iterable[Remark], first: date, *, last: date) -> list[Remark]:
    """Those that matter on some day from a first to a last one."""
    return [each for each in remarks if each.since <= last and each.until >= first]


def remark_sentences(remarks: Iterable[Remark]) -> list[str]:
    """Sentences about all of them: what is alike once with everybody, of each kind some, and how many more there
    are."""
    people: dict[RemarkKind, dict[str, list[str]]] = {}
    for each in remarks:
        people.setdefault(each.kind, {}).setdefault(each.says, []).append(each.participant_id)
    said: list[str] = []
    for kind, alike in people.items():
        said += [_about(says, who) for says, who in list(alike.items())[:SHOWN]]
        if len(alike) > SHOWN:
            said.append(f"{len(alike) - SHOWN:,} more {MORE[kind]}")
    return said


def figures_of(plan: Plan) -> set[str]:
    """The columns of a roster file at whose figures a plan looks."""
    names = [measure.measure for measure in plan.measures]
    return {f"{kind}.{name}" for kind in ("quota", "score") for name in names} | {
        f"term.{name}" for name in reference_terms(plan)
    }


def _about(says: str, who: list[str]) -> str:
    named = sorted(set(who))
    return says.replace(
        "{who}", f"{named[0]} is" if len(named) == 1 else f"{len(named):,} participants, {named[0]} first, are"
    )


def _late(late: LateQuota) -> Remark:
    change, after = late.change, late.last + timedelta(days=1)
    mend = " or say in the plan that quotas change by_period" if late.divides else ""
    says = (
        f"{_changed(change)}, and on plan {change.plan.plan} it counts for the whole of {late.first} to {late.last}."
        f" If it is not meant for the days before, let it begin on {after}{mend}."
    )
    return Remark(
        kind="late_quota", participant_id=change.participant_id, says=says, since=change.effective_from, until=late.last
    )


def _far_off(change: QuotaChange) -> Remark:
    times = "ten times as much or more" if change.quota > change.before else "a tenth or less"
    says = f"{_changed(change)}, {times}. If a digit slipped, set it again from that day."
    return Remark(
        kind="quota_far_off",
        participant_id=change.participant_id,
        says=says,
        since=change.effective_from,
        until=change.effective_from,
    )


def _plan_changed(within: MidWindowChange) -> Remark:
    plan, after = within.plan.plan, within.last + timedelta(days=1)
    says = (
        f"From {within.day} {within.participant_id} is on plan {plan} instead of {within.before}, within {within.first} to {within.last}:"
        f" what counted for {within.measure} before does not count on plan {plan}, and the quota of the whole time does."
        f" If that is not meant, let the change begin on {after}."
    )
    return Remark(
        kind="plan_changed_within", participant_id=within.participant_id, says=says, since=within.day, until=within.last
    )


def _version(within: MidWindowChange) -> Remark:
    says = (
        f"{within.plan.key} replaces {within.before} on {within.day}, within {within.first} to {within.last}: {within.measure} begins anew,"
        " and the quota of the whole time counts. Say in the plan `conventions: {versions: continue}`, or `restart` if that is meant."
    )
    return Remark(kind="version_within", participant_id="", says=says, since=within.day, until=within.last)


def _changed(change: QuotaChange) -> str:
    return (
        f"From {change.effective_from} the quota of {change.participant_id} for {change.measure.measure} is"
        f" {trimmed(change.quota)} instead of {trimmed(change.before)}"
    )


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
    rows = rows.join(people.select("participant_id").unique(), on="participant_id", how="semi")
    for who, value, since, until in rows.select("participant_id", "value", "since", "until").iter_rows():
        says = (
            f"From {since} {kind}.{name} of {who} is {trimmed(value)}, which is {percent(value)}: {does}."
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
        [(plan.plan, figure) for plan in plans.holding for figure in sorted(figures_of(plan))],
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
        )
    )
    ever = roster.assignments.select("participant_id", "plan").unique()
    looked_at = ever.join(looks, on="plan")
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
    for each in plans.holding:
        firsts[each.plan] = min(each.effective_from, firsts.get(each.plan, EVER))
    begun = min(firsts.values(), default=EVER)
    for who, plan, since, until in on.iter_rows():
        first, begins = max(since, begun), firsts.get(plan, begun)
        last = min(until, begins - timedelta(days=1))
        if first <= last:
            says = (
                f"{{who}} on plan {plan} from {first}, and its first version begins on {begins}: until {last} the plan pays nothing."
                f" Publish a version that begins on {first}, or correct the roster."
            )
            yield Remark(kind="plan_not_in_force", participant_id=who, says=says, since=first, until=last)


def _circles(roster: Roster) -> Iterator[Remark]:
    for circle in circles(roster.assignments) if roster.may_turn_in_circles else ():
        chain = [*circle.members, circle.members[0]]
        shown = ", ".join(chain if len(chain) <= SHOWN + 1 else [*chain[:SHOWN], "and so on"])
        says = (
            f"From {circle.since} managers report in a circle: {shown}. The chain above a deal ends there, and nobody above is credited."
            " Correct the manager of one of them."
        )
        for who in circle.members:
            yield Remark(
                kind="managers_in_a_circle", participant_id=who, says=says, since=circle.since, until=circle.until
            )


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
            f"Participants {', '.join(ids[:SHOWN])} have ids that differ only in case or in blanks, dots and dashes: deals and figures of one"
            " do not count for the other. If they are one person, use one id."
        )
        yield from (Remark(kind="ids_alike", participant_id=who, says=says, since=since, until=EVER) for who in ids)
