"""Conventions on which the pay of this plan depends and which it does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.language.findings import Finding
from shared.kernel.plan.version import Plan


def left_unsaid(plan: Plan, others: Sequence[Plan]) -> Iterator[Finding]:
    """Readings that the file leaves open; the default holds, but two people may expect two things."""
    said = plan.conventions.model_fields_set
    conventions = plan.conventions
    asking = {
        name: [each.component for each in plan.components if name in each.leaves_open()]
        for name in ("boundary", "zero_quota")
    }
    if asking["boundary"] and "boundary" not in said:
        yield _unsaid(
            "P501",
            "boundary",
            what=f"to which tier a value exactly on a boundary belongs ({', '.join(asking['boundary'])})",
            now=f"{conventions.boundary}: the tier that ends there",
            else_="upper: the tier that begins there",
        )
    if asking["zero_quota"] and "zero_quota" not in said:
        yield _unsaid(
            "P502",
            "zero_quota",
            what=f"what somebody without a quota is paid ({', '.join(asking['zero_quota'])})",
            now=f"{conventions.zero_quota}: nothing, and the missing quota is named as a problem",
            else_="nothing: attainment is 0%; full: attainment is 100%",
        )
    longer = [each.measure for each in plan.measures if each.reset != "month" and each.ingredients]
    if longer and "versions" not in said and (plan.version > 1 or others):
        yield _unsaid(
            "P503",
            "versions",
            what=f"what becomes of sums over more than a month when a version begins ({', '.join(longer)})",
            now=f"{conventions.versions}: they begin anew",
            else_="continue: they go on, and the new version pays what is added",
        )
    if "rounding" not in said:
        yield _unsaid(
            "P504",
            "rounding",
            what="how half a cent is rounded",
            now=f"{conventions.rounding}: away from zero",
            else_="half_even, up, down",
            severity_is_note=True,
        )


def _unsaid(code: str, name: str, *, what: str, now: str, else_: str, severity_is_note: bool = False) -> Finding:
    return Finding(
        code=code,
        severity="note" if severity_is_note else "warning",
        path=("conventions",),
        message=f"the plan does not say {what}; it is read as {now}",
        mend=f"say it in `conventions: {{{name}: …}}`; another reading is {else_}",
    )
