"""Conventions on which the pay of this plan depends and which it does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.components import Component
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
        name: ", ".join(
            component.component
            for component in plan.components
            if name in component.leaves_open() and (name != "zero_quota" or _may_lack_quota(component, plan))
        )
        for name in ("boundary", "zero_quota")
    }
    looked_up = [measure.measure for measure in plan.measures if "boundary" in measure.leaves_open()]
    depending["boundary"] = ", ".join(filter(None, (depending["boundary"], *looked_up)))
    if depending["boundary"]:
        what = f"to which tier a value exactly on a boundary belongs ({depending['boundary']})"
        yield "boundary", what, "the tier that ends there", "upper: the tier that begins there"
    if depending["zero_quota"]:
        what = f"what somebody without a quota is paid ({depending['zero_quota']})"
        default = "nothing, and the missing quota is named as a problem"
        yield "zero_quota", what, default, "nothing: attainment is 0%; full: attainment is 100%"
    longer = ", ".join(
        measure.measure for measure in plan.measures if measure.window != "month" and measure.ingredients
    )
    # A version that replaces one from its first day begins with it: sums begin when they began.
    begins = any(other.effective_from != plan.effective_from for other in others) if others else plan.version > 1
    if longer and begins:
        what = f"what becomes of sums over more than a month when a version begins ({longer})"
        yield "versions", what, "they begin anew", "continue: they go on, and the new version pays what is added"
    yield "rounding", "how half a cent is rounded", "away from zero", "half_even, up, down"


def _may_lack_quota(component: Component, plan: Plan) -> bool:
    """Whether somebody may be without a quota that it looks at: what is a share by itself has one of 1."""
    names = plan.quotas_of(component)
    looked_at = [measure for measure in plan.measures if measure.measure in names]
    return any(not measure.is_share or measure.quota.default is not None for measure in looked_at)
