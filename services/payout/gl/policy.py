"""The policy `gl_accounts`: which accounts, dimensions and file the books of an entity take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints, model_validator

from services.payout.gl.formats import FORMATS
from shared.contracts.base import ExactDecimal
from shared.pay.policy import Named, Policy, PolicyPart, Reference

LedgerAccount = Literal["earned", "adjusted", "guaranteed", "held", "payable", "draw", "clawback", "paid"]
Account = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f](?:.*[^\s])?$")]
"""An account as the books write it."""
Rate = Annotated[ExactDecimal, Field(ge=0, le=1)]


DEFAULT: Final = "default"
"""The policy of every entity that has none of its own."""


class AccountRule(PolicyPart):
    """An account of the books for one of the ledger, for all of it or for a part. The first rule that fits counts."""

    ledger: LedgerAccount
    """The account of the ledger of pay."""
    component: str | None = None
    """Only for this plan component. Only `earned` and `held` know components."""
    plan: str | None = None
    """Only for this plan."""
    cost_center: str | None = None
    """Only for this cost centre."""
    entity: str | None = None
    """Only for this entity, in a policy that serves several."""
    account: Account
    """The account of the books, exactly as these write it."""


class Dimension(PolicyPart):
    """What the books want to know of a line beside its account: department, class, location, tracking category."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 _-]{0,39}$")]
    """The name in the books. NetSuite and QuickBooks know Department, Class, Location and Name."""
    source: Literal["cost_center", "component", "plan", "entity", "participant"]
    """Where its value comes from. `participant` shows persons in the books; else all amounts are sums over persons."""
    values: dict[str, str] = Field(default_factory=dict)
    """What the books call a value; a value that is not here is written as it is."""
    default: str = ""
    """What a line has whose value is not known."""
    lines: Literal["expenses", "all"] = "expenses"
    """Whether only expenses carry it, or every line."""


class OnCosts(PolicyPart):
    """Employer's contributions on pay, such as payroll tax, accrued with it."""

    rate: Rate
    """The employer's rate as text: "0.0765" is 7.65 %."""
    of: tuple[Literal["earned", "adjusted", "guaranteed"], ...] = ("earned", "adjusted", "guaranteed")
    """Which expenses of pay they are due on."""
    expense: Account
    """The account of the expense."""
    liability: Account
    """The account of what is owed for it."""


class ContractCostAccounts(PolicyPart):
    """The accounts of contract costs (ASC 340-40, IFRS 15). What is capitalised here was accrued as pay, so the policy
    `contract_costs` credits `commission_expense`.
    """

    deferred_contract_costs: Account
    """The asset."""
    commission_expense: Account
    """The expense of commissions, credited with what is capitalised."""
    amortisation: Account | None = None
    """The expense of a month of the asset, where it is not `commission_expense`."""
    impairment_loss: Account
    """The expense of what is lost."""
    on_cost_expense: Account | None = None
    """The expense of employer's contributions, credited with what of them is capitalised."""
    accrued_commissions: Account | None = None
    """Only where contract costs are accrued on their own."""
    accrued_on_costs: Account | None = None
    """Only where contract costs are accrued on their own."""
    clawback_receivable: Account | None = None
    """What a participant has to give back outside payroll."""

    def account(self, event: str, account: str) -> str | None:
        """The account of the books for an account of contract costs; None where the policy has none."""
        if event == "amortise" and account == "commission_expense" and self.amortisation:
            return self.amortisation
        named: str | None = getattr(self, account)
        return named


class GlAccounts(Policy):
    """How pay is booked in the general ledger of an entity. The id is the entity's; `default` serves all others."""

    rules_pay = False
    kind: Literal["gl_accounts"]
    """What is set."""
    accounts: tuple[AccountRule, ...]
    """Which account is which. An account of the ledger that is used and not here is refused, by name."""
    dimensions: tuple[Dimension, ...] = ()
    """What lines say beside their account."""
    on_costs: OnCosts | None = None
    """Employer's contributions, if they are accrued here."""
    contract_costs: ContractCostAccounts | None = None
    """Needed where contract costs are capitalised."""
    intercompany: Account | None = None
    """What balances a transfer between entities."""
    format: str = "csv"
    """The file that the books take, unless another is asked for."""
    formats: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The settings of formats, by the format's name."""

    def names(self) -> Iterable[Reference]:
        """The entity whose books these are, and what its rules are for."""
        if self.id != DEFAULT:
            yield Reference("id", "legal entity", self.id)
        for at, rule in enumerate(self.accounts):
            named: tuple[tuple[Named, str | None], ...] = (
                ("plan", rule.plan),
                ("cost center", rule.cost_center),
                ("legal entity", rule.entity),
            )
            for what, name in named:
                if name:
                    field = what.removeprefix("legal ").replace(" ", "_")
                    yield Reference(f"accounts.{at}.{field}", what, name)

    @model_validator(mode="after")
    def _formats_are_known(self) -> GlAccounts:
        for name in (self.format, *self.formats):
            if name not in FORMATS:
                raise ValueError(f"there is no format {name!r}; the formats are {', '.join(FORMATS)}")
        for name in self.formats:
            self.settings(name)
        # Plain-text books write a dimension as a tag, in which these are one (`formats.plain_text.tag`).
        names = {re.sub("[ _-]+", "-", dimension.name).casefold() for dimension in self.dimensions}
        if len(names) < len(self.dimensions):
            raise ValueError("two dimensions have one name: case, blanks, - and _ make no difference")
        return self

    def settings(self, name: str) -> PolicyPart:
        """The settings of a format; its defaults where the policy has none."""
        # By way of JSON, for the models are strict: what a policy brought from YAML may be of other types than theirs.
        return FORMATS[name].settings.model_validate_json(orjson.dumps(self.formats.get(name, {}), default=str))

    def account(self, ledger: str, facts: Mapping[str, str]) -> str | None:
        """The account of the books for an account of the ledger and its facts; None where no rule fits."""
        if ledger == "intercompany":
            return self.intercompany
        # The first that fits, so that a policy reads from the special to the general.
        for rule in self.accounts:
            wanted = (rule.component, rule.plan, rule.cost_center, rule.entity)
            given = (facts["component"], facts["plan"], facts["cost_center"], facts["entity"])
            if rule.ledger == ledger and all(
                want is None or want == have for want, have in zip(wanted, given, strict=True)
            ):
                return rule.account
        return None
