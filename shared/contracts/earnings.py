"""Topic `earnings`: absolute amounts per component of one participant and period, keyed by participant id."""

from __future__ import annotations

from typing import Literal

from shared.contracts.base import Contract, CurrencyCode, Identifier, NumberText, PeriodText

TYPE = "earnest.earnings.changed"


class ComponentEarning(Contract):
    """What one plan component pays in one month. `amount` is in minor units of `currency`.

    `measure`, `quota` and `attainment` are decimals as text, amounts of money among them in major units; 1 is an
    attainment of 100%. They are those of the calculation, cut after nine decimals where they have more, the last of
    which is then odd: so a number that is just below another is never written as that. Without a quota above zero there
    is no attainment. `share` is the share of a pool that it pays, in 10^-8.

    `reset` says after which time `measure` and `quota` begin anew where that is no month: in February `quarter` has the
    sum of two months beside the quota of three. It is null where the quota is only that of the months so far.

    `fiscal` is the fiscal period of the plan that it is paid for, by number: twelve times the fiscal year, and its
    place in it from 0 to 11. Of a calendar of weeks, a component may pay in one month for two or three, each beside the
    others. `problem` is the reason why it pays nothing (`shared.kernel.reasons`): `no_quota`, `gate_closed`; `about` is
    what that is about, such as the measure without a quota.
    """

    component: str
    plan: Identifier
    version: int
    fiscal: int | None = None
    amount: int
    currency: CurrencyCode
    measure: NumberText
    quota: NumberText | None = None
    attainment: NumberText | None = None
    reset: Literal["quarter", "half_year", "year", "never"] | None = None
    share: int | None = None
    problem: str | None = None
    about: str | None = None


class EarningsChanged(Contract):
    """All component earnings of a participant for a period, which is a calendar month: a component that is not listed
    has earned nothing.

    `revision` grows with every change of this participant and period; readers drop what is not newer than what they
    hold. `basis` names the log positions up to which credits were counted: partition of topic `credits` -> next
    position.
    """

    participant_id: Identifier
    period: PeriodText
    revision: int
    earnings: list[ComponentEarning]
    basis: dict[str, int]
