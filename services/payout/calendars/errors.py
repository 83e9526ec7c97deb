"""Why payout knows no pay calendar for somebody."""

from __future__ import annotations

from services.payout.errors import Refusal


class NoSuchPayGroup(Refusal):
    """No policy says how this pay group is paid."""

    slug = "no-such-pay-group"
    title = "There is no such pay group"

    def __init__(self, group: str) -> None:
        super().__init__(f"there is no pay group {group}: publish a policy of kind pay_group with this id")
        self.group = group


class UnknownPayPeriod(Refusal):
    """The pay group has no pay period of this name."""

    slug = "no-such-pay-period"
    title = "There is no such pay period"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.period = name
