"""The words of payment terms, a policy document: each field is one rule, and what is not said is paid as it is earned.

Several documents may apply to a participant. They are read together, word by word: what is said of the participant goes before
what is said of their plan, that before their pay group, that before everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from shared.contracts.base import CurrencyCode, Identifier, PeriodName
from shared.kernel.language.findings import Finding
from shared.kernel.language.values import Amount, Rate
from shared.money import to_minor
from shared.pay.policy import Policy, PolicyPart
from shared.pay.references import Named, Reference
from shared.pay.terms.contradictions import contradictions

Share = Annotated[Rate, Field(ge=0, le=1)]
"""A part of a whole: `50%`."""
Money = Annotated[Amount, Field(ge=0)]
"""An amount in major units of the terms' currency, not negative."""


class InForce(PolicyPart):
    """Something that holds from one pay period's month to another."""

    since: PeriodName | None = None
    """The first month it holds in; from the beginning where absent."""
    until: PeriodName | None = None
    """The last month it holds in; without end where absent."""

    @model_validator(mode="after")
    def _holds_at_some_time(self) -> Self:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}: it would never hold; exchange them")
        return self

    def overlaps(self, other: InForce) -> bool:
        """Whether there is a month in which both hold."""
        return (self.since or "") <= (other.until or "9999") and (other.since or "") <= (self.until or "9999")

    def holds_in(self, period: str) -> bool:
        """Whether it holds in the month `2026-06`."""
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)


class Draw(InForce):
    """An advance: every pay period pays at least `amount`."""

    amount: Money
    """What a pay period pays at least."""
    prorate: Literal["no", "days"] = "no"
    """For whoever joins or leaves within a pay period: all of the amount, or the part of its days on which they were there."""
    kind: Literal["recoverable", "non_recoverable", "forgiven"] = "recoverable"
    """recoverable: what was advanced is taken from later pay above the draw. non_recoverable: it is never taken back.
    forgiven: recoverable, and what is left at the end of `forgive_every` is given up."""
    recover: Share = Decimal(1)
    """How much of the pay above the draw goes into recovery in one pay period."""
    forgive_every: Literal["quarter", "half_year", "year", "end"] = "end"
    """When the balance of a forgiven draw is given up: at the end of each such span, or with the draw's last month."""

    @model_validator(mode="after")
    def _ends_where_it_is_forgiven(self) -> Draw:
        if self.kind == "forgiven" and self.forgive_every == "end" and self.until is None:
            raise ValueError(
                "a draw forgiven at its end needs `until`, or say forgive_every: quarter, half_year or year"
            )
        return self

    def forgives_in(self, period: str) -> bool:
        """Whether the balance is given up once the pay of the month is settled."""
        if self.kind != "forgiven" or not self.holds_in(period):
            return False
        if self.forgive_every == "end":
            return period == self.until
        return int(period[5:]) % {"quarter": 3, "half_year": 6, "year": 12}[self.forgive_every] == 0


class Guarantee(InForce):
    """What a pay period pays at least, for good: what earnings lack is topped up and never taken back."""

    amount: Money
    """What a pay period pays at least."""
    prorate: Literal["no", "days"] = "no"
    """For whoever joins or leaves within a pay period: all of the amount, or the part of its days on which they were there."""


class Minimum(InForce):
    """What happens with less than `amount`."""

    amount: Money
    """The least that is paid."""
    below: Literal["carry", "top_up"] = "carry"
    """carry: less than the minimum waits until it has grown to it. top_up: it is paid up to the minimum."""


class Maximum(InForce):
    """The most that a pay period pays."""

    amount: Money
    """The most that is paid."""
    above: Literal["carry", "forfeit"] = "carry"
    """carry: what is above is paid later, within the maximum of its time. forfeit: it is lost."""


class Negative(PolicyPart):
    """What happens when more was taken back than was earned."""

    balance: Literal["carry", "receivable", "write_off"] = "carry"
    """carry: the next pay begins with it. receivable: it is booked as owed by the participant and taken from later pay.
    write_off: the company bears it."""
    recover: Share = Decimal(1)
    """How much of a pay period's pay may go into what is receivable."""


class Tranche(PolicyPart):
    """A part of what a deal earns, and when it is due."""

    share: Share
    """How much of it: `50%`."""
    when: Literal["booked", "collected", "paid_in_full", "started"]
    """booked: with the period it is earned in. collected: as the customer's money comes in, in proportion. paid_in_full: once all of
    it is in. started: when the contract's service starts."""
    days_after: Annotated[int, Field(ge=0, le=3650)] = 0
    """So many days after that."""


class ClawbackStep(PolicyPart):
    """What is taken back while the deal is no older than this."""

    within_months: Annotated[int, Field(ge=1, le=600)]
    """The age of the deal in months, up to and including."""
    take_back: Share
    """How much of what the deal earned is taken back."""


class Clawback(PolicyPart):
    """What is taken back of a deal that is cancelled or refunded later. Without these words: all of it, however old the deal."""

    steps: tuple[ClawbackStep, ...] = ()
    """Windows by age, shortest first; beyond the last nothing is taken back."""
    prorated_over_months: Annotated[int, Field(ge=1, le=600)] | None = None
    """Taken back in proportion to the months that are missing: after 6 of 12, half."""

    @model_validator(mode="after")
    def _one_schedule_in_order(self) -> Clawback:
        if bool(self.steps) == (self.prorated_over_months is not None):
            raise ValueError("say either steps or prorated_over_months")
        ages = [step.within_months for step in self.steps]
        if ages != sorted(set(ages)):
            raise ValueError("write the steps by age, the shortest first, each age once")
        return self


class Leaver(PolicyPart):
    """What happens to a participant's money when they leave."""

    held: Literal["release_when_due", "release", "forfeit"] = "release_when_due"
    """What is not released yet: paid when it would have been, at once with the final pay, or lost."""
    days_to_collect: Annotated[int, Field(ge=0, le=3650)] = 0
    """For `forfeit`: what is released within so many days after the last day is still paid."""
    draw_balance: Literal["recover", "receivable", "forgive"] = "recover"
    """What is left of a draw after the final pay, which recovers as much as it can: it stays and is taken from any later pay, is booked as
    owed by the participant, or given up."""
    guarantee: Literal["ends", "final_month"] = "final_month"
    """Whether guarantee and draw are paid for the month of the last day."""


class AppliesTo(PolicyPart):
    """Whose terms these are. Whoever is named in any way; everybody where nothing is said."""

    participants: tuple[Identifier, ...] = ()
    """Participants by id."""
    plans: tuple[Identifier, ...] = ()
    """Participants who are on one of these plans."""
    pay_groups: tuple[str, ...] = ()
    """Participants of one of these pay groups."""

    def rank(self, participant_id: str, plan: str | None, pay_group: str) -> int | None:
        """How closely the terms are said of a participant: 3 by id, 2 by plan, 1 by pay group, 0 of everybody, None not at all."""
        if participant_id in self.participants:
            return 3
        if plan in self.plans:
            return 2
        if pay_group in self.pay_groups:
            return 1
        return None if self.participants or self.plans or self.pay_groups else 0

    def in_words(self) -> str:
        """`plan ae, pay group west`; `everybody` where nothing is said."""
        said = [("participant", self.participants), ("plan", self.plans), ("pay group", self.pay_groups)]
        return ", ".join(f"{what} {name}" for what, names in said for name in names) or "everybody"


class PaymentTerms(Policy):
    """How what its participants earn becomes what they are paid. Holds for pay periods that end on `valid_from` or later."""

    kind: Literal["payment_terms"]
    """`payment_terms`."""
    currency: CurrencyCode
    """The currency of all amounts; pay in other currencies is not touched by them."""
    applies_to: AppliesTo = AppliesTo()
    """Whose terms these are."""
    draw: Draw | None = None
    """An advance against later pay."""
    guarantee: Guarantee | None = None
    """What is paid at least."""
    minimum: Minimum | None = None
    """The least that is paid."""
    maximum: Maximum | None = None
    """The most that is paid."""
    negative: Negative | None = None
    """What happens when more was taken back than was earned."""
    release: Annotated[tuple[Tranche, ...], Field(min_length=1)] | None = None
    """When what a deal earns is due, in parts that sum to the whole."""
    clawback: Clawback | None = None
    """What is taken back of a deal that is lost after it was paid."""
    leaver: Leaver | None = None
    """What happens when a participant leaves."""

    def names(self) -> Iterable[Reference]:
        """Whose terms these are."""
        whose: tuple[tuple[str, Named, tuple[str, ...]], ...] = (
            ("participants", "participant", self.applies_to.participants),
            ("plans", "plan", self.applies_to.plans),
            ("pay_groups", "pay_group", self.applies_to.pay_groups),
        )
        return [Reference(f"applies_to.{field}", what, name) for field, what, names in whose for name in names]

    @model_validator(mode="after")
    def _tranches_sum_to_the_whole(self) -> PaymentTerms:
        if self.release is not None and (total := sum(tranche.share for tranche in self.release)) != 1:
            raise ValueError(f"the shares of `release` must sum to 100%, not {total:.2%}")
        return self

    def slips(self) -> Iterable[Finding]:
        """Words that take back what others promise."""
        return contradictions(self)

    @model_validator(mode="after")
    def _amounts_are_whole_in_the_currency(self) -> PaymentTerms:
        for each in (self.draw, self.guarantee, self.minimum, self.maximum):
            if each is not None:
                to_minor(each.amount, self.currency)
        return self


class Member(NamedTuple):
    """By what terms can be somebody's."""

    participant_id: str
    plan: str | None
    pay_group: str


def names_without_anybody(terms: PaymentTerms, members: Iterable[Member]) -> list[Reference]:
    """What of the names of those whose terms these are is nobody of the members, nor has any of them."""
    there: set[tuple[Named, str | None]] = set()
    for who, plan, pay_group in members:
        there |= {("participant", who), ("plan", plan), ("pay_group", pay_group)}
    return [each for each in terms.names() if (each.what, each.name) not in there]


def for_nobody(documents: Iterable[PaymentTerms], members: Iterable[Member]) -> list[PaymentTerms]:
    """The documents with any rule that are terms of no member, though they name some."""
    everybody = list(members)
    return [
        each
        for each in documents
        if (names := list(each.names()))
        and any(getattr(each, rule) is not None for rule in RULES)
        and len(names_without_anybody(each, everybody)) == len(names)
    ]


def applies_to_nobody(terms: PaymentTerms) -> str:
    """The warning about such terms."""
    return (
        f"payment terms {terms.id} apply to nobody: they are for {terms.applies_to.in_words()}, in {terms.currency},"
        f" from {terms.valid_from} on"
    )


RULES = ("draw", "guarantee", "minimum", "maximum", "negative", "release", "clawback", "leaver")


class Terms(NamedTuple):
    """The rules for one participant in one currency, from all documents that apply. Absent rules change nothing."""

    currency: str
    draw: Draw | None = None
    guarantee: Guarantee | None = None
    minimum: Minimum | None = None
    maximum: Maximum | None = None
    negative: Negative = Negative()
    release: tuple[Tranche, ...] | None = None
    clawback: Clawback | None = None
    leaver: Leaver = Leaver()

    def minor(self, rule: Draw | Guarantee | Minimum | Maximum) -> int:
        """The amount of a rule in minor units."""
        return to_minor(rule.amount, self.currency)


def terms_for(
    documents: Iterable[PaymentTerms], participant_id: str, plan: str | None, pay_group: str, currency: str
) -> Terms:
    """The rules that apply to a participant's pay in a currency, each from the document that is said of them most closely.

    Among documents as close as each other the one that comes later by its id counts.
    """
    ranked = [
        (rank, document.id, document)
        for document in documents
        if document.currency == currency
        and (rank := document.applies_to.rank(participant_id, plan, pay_group)) is not None
    ]
    said: dict[str, Any] = {}
    for _, _, document in sorted(ranked, key=lambda each: each[:2]):
        said |= {rule: value for rule in RULES if (value := getattr(document, rule)) is not None}
    return Terms(currency, **said)


def part(amount: int, share: Decimal | Fraction) -> int:
    """A share of an amount, half away from zero: the one rounding of payment terms."""
    exact = amount * Fraction(share)
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole
