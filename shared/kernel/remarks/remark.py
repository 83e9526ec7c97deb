"""What looks like a slip, in a sentence: the kinds of remarks, and one wording for every road.

`earnest calc` and `import`, ingest's answer to a roster, and what stands out in a payout run all say it with these.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, NamedTuple

from shared.contracts.roster import EVERYONE

RemarkKind = Literal[
    "late_quota",
    "quota_far_off",
    "plan_changed_within",
    "version_within",
    "percent_sign_missing",
    "figure_unused",
    "score_undated",
    "score_missing",
    "category_unknown",
    "unknown_plan",
    "plan_not_in_force",
    "pay_unknown",
    "managers_in_a_circle",
    "ids_alike",
    "alias_of_several",
    "far_above_quota",
    "far_below_quota",
    "deal_twice",
    "date_far_ahead",
    "pool_scaled",
    "split_paid_whole",
]
MORE: Final[dict[RemarkKind, str]] = {
    "late_quota": "quotas begin within a window and count for the whole of it.",
    "quota_far_off": "quotas are ten times as much, or a tenth, of what they were.",
    "plan_changed_within": "people change their plan within a window.",
    "version_within": "versions begin within a window.",
    "percent_sign_missing": "figures look like a percentage that lost its sign.",
    "figure_unused": "figures are those of people whose plans do not look at them.",
    "score_undated": "scores have no day, and count in no window.",
    "score_missing": "scores are entered for nobody.",
    "category_unknown": "categories are written otherwise in roster and plan, or nobody has them.",
    "unknown_plan": "plans that somebody is on do not exist.",
    "plan_not_in_force": "plans begin after somebody is on them.",
    "pay_unknown": "plans pay on the pay of plans or components that do not exist.",
    "managers_in_a_circle": "chains of managers turn in a circle.",
    "ids_alike": "groups of participants whose ids differ only in case or in blanks, dots and dashes.",
    "alias_of_several": "aliases are those of several participants, or the id of another.",
    "far_above_quota": "attainments are ten times the quota or more.",
    "far_below_quota": "components for which everybody is far below quota.",
    "deal_twice": "groups of deals are alike in all but their ids.",
    "date_far_ahead": "deals close years ahead.",
    "pool_scaled": "pools are divided by scores that do not sum to 100%.",
    "split_paid_whole": "components pay each who holds a part of a split deal the whole amount.",
}
SHOWN: Final = 5
"""How many of one kind are named; the others are counted."""


EVER: Final = date.max


class Remark(NamedTuple):
    """One thing about a participant; it matters from `since` to `until`. In `says` the place of `{who}` is that of whom
    it is about, with the verb, so that what is alike is said once.
    """

    kind: RemarkKind
    participant_id: str
    says: str
    since: date = date.min
    until: date = EVER

    @property
    def message(self) -> str:
        """The sentence about this participant."""
        return _about(self.says, [self.participant_id])


def whom(participant_id: str) -> str:
    """Whom a figure is for, in words."""
    return "everyone" if participant_id == EVERYONE else participant_id


def remarks_within(remarks: Iterable[Remark], first: date, *, last: date) -> list[Remark]:
    """Those that matter on some day from a first to a last one."""
    return [remark for remark in remarks if remark.since <= last and remark.until >= first]


def remark_sentences(remarks: Iterable[Remark]) -> list[str]:
    """Sentences about all of them: what is alike once with everybody, of each kind some, and how many more there
    are."""
    people: dict[RemarkKind, dict[str, list[str]]] = {}
    for remark in remarks:
        people.setdefault(remark.kind, {}).setdefault(remark.says, []).append(remark.participant_id)
    said: list[str] = []
    for kind, alike in people.items():
        said += [_about(says, who) for says, who in list(alike.items())[:SHOWN]]
        if len(alike) > SHOWN:
            said.append(f"{len(alike) - SHOWN:,} more {MORE[kind]}")
    return said


def _about(says: str, who: list[str]) -> str:
    named = sorted({whom(one) for one in who})
    return says.replace(
        "{who}", f"{named[0]} is" if len(named) == 1 else f"{len(named):,} participants, {named[0]} first, are"
    )
