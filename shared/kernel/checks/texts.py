"""Everything there is to say about plan files, each with line and column: what is wrong in the text, and what of a
sound plan is doubtful.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.kernel.checks import findings, slips
from shared.kernel.plan.located import Located, locate
from shared.kernel.plan.plan_file import PlanText
from shared.kernel.plan.version import Plan


def check_texts(
    texts: Sequence[PlanText], published: Sequence[Plan] = (), *, most_walked: int | None = None
) -> list[Located]:
    """What there is to say about some plan files, each from top to bottom; versions of one plan among them, and those
    that are `published`, know of each other. `most_walked` is as in `findings`.
    """
    plans = [*(plan_text.plan for plan_text in texts if plan_text.plan is not None), *published]
    everything: list[Located] = []
    for plan_text in texts:
        rest = plan_text.findings
        if plan_text.plan is not None:
            others = [other for other in plans if other is not plan_text.plan and other.plan == plan_text.plan.plan]
            rest = locate(
                plan_text.file, plan_text.root, findings=findings(plan_text.plan, others, most_walked=most_walked)
            )
        everything += sorted(rest, key=Located.order)
    return everything


def slips_of(plan_text: PlanText) -> list[str]:
    """What of a sound plan looks like a slip that moves pay, each with its place; the rest `check_texts` says."""
    if plan_text.plan is None:
        return []
    said = locate(plan_text.file, plan_text.root, findings=slips(plan_text.plan, None))
    return [f"{located.in_words}." for located in said]
