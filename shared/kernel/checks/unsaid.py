"""Conventions on which the pay of this plan depends and which it does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.language.findings import Finding
from shared.kernel.plan.version import Plan


def left_unsaid(plan: Plan, others: Sequence[Plan]) -> Iterator[Finding]:
    """Readings that the file leaves open; the default holds, but two people may expect two things."""
    conventions = plan.conventions
    for name, what, default, alternative in _open_readings(plan, others):
        if name in conventions.model_fields_set:
            continue
        # How half a cent is rounded moves a cent; the others may move whole payouts.
        finding = Finding.note if name == "rounding" else Finding.warning
        yield finding(
            _CODES[name],
            ("conventions",),
            message=f"the plan does not say {what}; it is read as {getattr(conventions, name)}: {default}",
            mend=f"say it in `conventions: {{{name}: …}}`; another reading is {alternative}",
        )


_CODES = {"boundary": "P501", "zero_quota": "P502", "versions": "P503", "rounding": "P504"}


def _open_readings(plan: Plan, others: Sequence[Plan]) -> Iterator[tuple[str, str, str, str]]:
    """Each convention on which the pay depends: its name, what it decides, what its default means, and what else."""
    depending = {
        name: ", ".join(component.component for component in plan.components if name in component.leaves_open())
        for name in ("boundary", "zero_quota")
    }
    if depending["boundary"]:
        what = f"to which tier a value exactly on a boundary belongs ({depending['boundary']})"
        yield "boundary", what, "the tier that ends there", "upper: the tier that begins there"
    if depending["zero_quota"]:
        what = f"what somebody without a quota is paid ({depending['zero_quota']})"
        default = "nothing, and the missing quota is named as a problem"
        yield "zero_quota", what, default, "nothing: attainment is 0%; full: attainment is 100%"
    longer = ", ".join(measure.measure for measure in plan.measures if measure.reset != "month" and measure.ingredients)
    if longer and (plan.version > 1 or others):
        what = f"what becomes of sums over more than a month when a version begins ({longer})"
        yield "versions", what, "they begin anew", "continue: they go on, and the new version pays what is added"
    yield "rounding", "how half a cent is rounded", "away from zero", "half_even, up, down"
