"""Topic `earnings`: absolute amounts per component of one participant and period, keyed by participant id."""

from __future__ import annotations

from shared.contracts.base import Contract, CurrencyCode, Identifier, PeriodName

TYPE = "earnest.earnings.changed"


class ComponentEarning(Contract):
    """What one plan component pays for one period. `amount`, `measure` and `quota` are in minor units of `currency`.

    `problem` says why a component could not be evaluated (`no_quota`); its amount is then zero.
    """

    component: str
    plan: Identifier
    version: int
    amount: int
    currency: CurrencyCode
    measure: int
    quota: int | None = None
    problem: str | None = None


class EarningsChanged(Contract):
    """All component earnings of a participant for a period: a component that is not listed has earned nothing.

    `revision` grows with every change of this participant and period; readers drop what is not newer than what they hold.
    `basis` names the log positions up to which credits were counted: partition of topic `credits` -> next position.
    """

    participant_id: Identifier
    period: PeriodName
    revision: int
    earnings: list[ComponentEarning]
    basis: dict[str, int]
