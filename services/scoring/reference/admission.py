"""Which published plan versions can stand beside those that are there already."""

from __future__ import annotations

from pydantic import ValidationError

from shared.contracts.plans import PlanPublished
from shared.kernel import Plan, PlanSet
from shared.kernel.plan.plan_file import mistakes
from shared.kernel.plan.plan_set import PlanConflict


class NotAdmitted(Exception):
    """A plan version that is refused: `code` is stable, the text is for the person who mends it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def admitted(plans: PlanSet, published: PlanPublished) -> PlanSet:
    """The plan set with the published version in it; the same set where it was there already.

    Raises:
        NotAdmitted: it is no plan, says other things than its envelope, or is in conflict with a version that is there.
    """
    try:
        plan = Plan.model_validate(published.document)
    except ValidationError as error:
        raise NotAdmitted("invalid_plan", "; ".join(mistakes(error))) from None
    named = (published.plan_id, published.version, published.effective_from)
    if (plan.plan, plan.version, plan.effective_from) != named:
        raise NotAdmitted("invalid_plan", f"{plan.key} from {plan.effective_from} was published as another version")
    known = plans.plans.get((plan.plan, plan.version))
    if known == plan:
        return plans
    if known is not None:
        raise NotAdmitted("plan_version_exists", f"{plan.key} was published before, with another content")
    try:
        return PlanSet([*plans, plan])
    except PlanConflict as error:
        raise NotAdmitted("plan_conflict", str(error)) from None
