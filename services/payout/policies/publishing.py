"""Whether a policy may be published, after the versions that there are and in the books as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.payout.errors import Refusal
from shared.pay.calendars.pay_periods import misfit
from shared.pay.calendars.policy import DEFAULT, PayGroup
from shared.pay.policy import Policy, Version
from shared.periods import Month, first_day, next_period


class BeginsInClosedMonth(Refusal):
    """A policy would change the pay of a month that is closed."""

    type = "month-closed"
    title = "The policy would begin in a closed month"

    def __init__(self, valid_from: date, first_open: date) -> None:
        super().__init__(
            f"{valid_from} is in a month that is closed: the first day from which a policy can hold is {first_open}"
        )
        self.valid_from, self.first_open = valid_from.isoformat(), first_open.isoformat()


class DoesNotFollow(Refusal):
    """The new calendar of a pay group does not go on where the one before ends."""

    type = "calendar-does-not-follow"
    title = "The new calendar does not follow the one before it"

    def __init__(self, group: str, why: str) -> None:
        super().__init__(why)
        self.group = group


def is_new(policy: Policy, before: Sequence[Version[Policy]], *, closed_through: Month | None) -> bool:
    """Whether the policy becomes a new version; False where the latest version says the same already.

    Args:
        policy: what is to be published.
        before: the versions that there are, in the order of their publication.
        closed_through: the last closed month of those whom the policy may apply to.

    Raises:
        BeginsInClosedMonth: the policy would hold in a closed month.
        DoesNotFollow: a pay group's new calendar does not go on where the one before ends.
    """
    if before and before[-1].policy == policy:
        return False
    if closed_through is not None:
        first_open = first_day(next_period(closed_through))
        if policy.valid_from < first_open:
            raise BeginsInClosedMonth(policy.valid_from, first_open)
    if isinstance(policy, PayGroup):
        groups = [version.policy for version in before if isinstance(version.policy, PayGroup)]
        why = misfit(policy, [DEFAULT, *groups] if policy.id == DEFAULT.id else groups)
        if why is not None:
            raise DoesNotFollow(policy.id, why)
    return True
