"""The plan language and the pure calculation of pay: credit, measure, earn, explain. Tables in, tables out, no I/O."""

from shared.kernel.credit import Credited, credit
from shared.kernel.earn import earn
from shared.kernel.explain import Explained, explain
from shared.kernel.measure import measure, summed
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

__all__ = ["Credited", "Explained", "Plan", "PlanSet", "Roster", "credit", "earn", "explain", "measure", "summed"]
