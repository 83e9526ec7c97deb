"""An independent reference model of pay: plain, slow, obviously right. It shares no code with the kernel, only the
meaning of a plan.

Patches are (deal_id, fields, occurred_at, sequence, source) as they lie on the road; a roster is a list of dated
changes; a plan is the data of a plan file. Everything is a fraction in major units until it is rounded; nothing is ever
kept but the facts.
"""

from tests.reference_model.facts import in_force, merged
from tests.reference_model.pay import earned, earnings

__all__ = ["earned", "earnings", "in_force", "merged"]
