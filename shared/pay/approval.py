"""Who has to approve a run: steps by role, the later ones only above an amount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from shared.contracts.base import CurrencyCode
from shared.kernel.language.values import Amount, Name
from shared.money import to_minor
from shared.pay.policy import Policy, PolicyPart, Reference
from shared.pay.run import RunTotal

ANYBODY: Final = "approver"
"""The role of a step that whoever may approve runs can take."""


class ApprovalStep(PolicyPart):
    """One approval."""

    role: Name
    """The role of whoever takes it, as `roles` of their key says."""
    above: dict[CurrencyCode, Annotated[Amount, Field(ge=0)]] = Field(default_factory=dict)
    """Only for runs that pay more than this in a currency, in major units; every run where nothing is said."""


class ApprovalPolicy(Policy):
    """The approvals that runs need. Every step is another person's. Holds for pay periods that end on `valid_from` or
    later.
    """

    controls_money = True
    kind: Literal["approval"]
    """`approval`."""
    pay_groups: tuple[str, ...] = ()
    """The pay groups it is for; all where none is named."""
    steps: Annotated[tuple[ApprovalStep, ...], Field(min_length=1)]
    """In the order in which they are taken."""

    def names(self) -> Iterable[Reference]:
        """The pay groups, and the roles of which somebody has to have each."""
        yield from (Reference("pay_groups", "pay_group", name) for name in self.pay_groups)
        yield from (Reference(f"steps.{at}.role", "role", step.role) for at, step in enumerate(self.steps))


def steps_for(policies: Iterable[ApprovalPolicy], pay_group: str, *, totals: Iterable[RunTotal]) -> tuple[str, ...]:
    """The roles that have to approve a run of a pay group, in order; one approver of any role where no policy is for
    the group.

    A policy that names the group goes before one for all groups; of several the last by id.
    """
    applying = [policy for policy in policies if not policy.pay_groups or pay_group in policy.pay_groups]
    if not applying:
        return (ANYBODY,)
    paid = {total.currency: total.paid for total in totals}
    steps = max(applying, key=lambda policy: (bool(policy.pay_groups), policy.id)).steps
    needed = [
        step.role
        for step in steps
        if not step.above
        or any(paid.get(currency, 0) > to_minor(amount, currency) for currency, amount in step.above.items())
    ]
    # A run below every amount still needs a second person.
    return tuple(needed) or (steps[0].role,)
