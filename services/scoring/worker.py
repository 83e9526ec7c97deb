"""The workers of scoring: which topics each reads, how much at once, and its step over a batch.

Any number of each may run side by side: a step locks what it reads, always in the same order. First the head of roster
and plans (for share; whoever changes them has it alone), then deals by id, or participants by id and month.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from services.scoring.allocation.worker import allocate_step, payments_step
from services.scoring.credit.worker import credit_step
from services.scoring.earn.worker import earn_step
from services.scoring.reference.store import ReferenceDataCache
from services.scoring.roster.worker import Harm, harmless, roster_step
from shared.contracts.topics import ACCOUNT_PAYMENTS, CREDITS, DEALS, PLANS, REALLOCATIONS, RECREDITS, ROSTER, Topic
from shared.log.step import Step

INPUTS: Final[Mapping[str, tuple[Topic, ...]]] = {
    "roster": (ROSTER, PLANS),
    "credit": (DEALS,),
    "payments": (ACCOUNT_PAYMENTS,),
    "allocate": (REALLOCATIONS,),
    "recredit": (RECREDITS,),
    "earn": (CREDITS,),
}
"""The workers by name, and the topics each of them reads. Deals to credit again have a worker of their own, so that a
change of the roster that touches a million deals does not keep new deals waiting."""

BATCH: Final[Mapping[str, int]] = {
    "roster": 5000,
    "credit": 5000,
    "payments": 5000,
    "allocate": 500,
    "recredit": 10,
    "earn": 5000,
}
"""How many records a worker takes at once: enough deals to spread the fixed cost of a batch, which is some
milliseconds.
"""

CALCULATING: Final = ("credit", "recredit", "earn")
"""The workers that calculate with plans and people's deals: their steps are given how, as `calculating`."""


def steps(harm: Harm = harmless) -> dict[str, Step]:
    """The steps of the workers by name, each with a memory of its own for roster and plans."""
    return {
        "roster": partial(roster_step, reference=ReferenceDataCache(), harm=harm),
        "credit": partial(credit_step, reference=ReferenceDataCache()),
        "payments": payments_step,
        "allocate": allocate_step,
        "recredit": partial(credit_step, reference=ReferenceDataCache()),
        "earn": partial(earn_step, reference=ReferenceDataCache()),
    }
