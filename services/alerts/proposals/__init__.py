"""From alert to change: candidate changes of a plan or of quotas, what people decide on them, what came of it."""

from services.alerts.proposals.rules import PlanChange, Rule, rules, rules_for
from shared.contracts.alerts import Direction

__all__ = ["Direction", "PlanChange", "Rule", "rules", "rules_for"]
