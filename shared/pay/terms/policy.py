"""Payment terms, a policy document: each word of `shared.pay.terms.words` is one rule, and what is not said is paid as
it is earned.

Several documents may apply to a participant. They are read together, word by word: what is said of the participant goes
before what is said of their plan, that before their pay group, that before everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field, create_model, model_validator

from shared.contracts.base import CurrencyCode, Identifier
from shared.kernel.language.findings import Finding
from shared.money import to_minor
from shared.pay.policy import Named, Policy, PolicyPart, Reference
from shared.pay.terms.words import WORDS
from shared.pay.terms.words.base import Terms, Value, Word, levels


class AppliesTo(PolicyPart):
    """Whose terms these are. Whoever is named in any way; everybody where nothing is said."""

    participants: tuple[Identifier, ...] = ()
    """Participants by id."""
    plans: tuple[Identifier, ...] = ()
    """Participants who are on one of these plans."""
    pay_groups: tuple[str, ...] = ()
    """Participants of one of these pay groups."""

    def rank(self, participant_id: str, plan: str | None, *, pay_group: str) -> int | None:
        """How closely the terms are said of a participant: 3 by id, 2 by plan, 1 by pay group, 0 of everybody, None not
        at all.
        """
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


class _Document(Policy):
    """How what its participants earn becomes what they are paid. Holds for pay periods that end on `valid_from` or
    later.
    """

    kind: Literal["payment_terms"]
    """`payment_terms`."""
    currency: CurrencyCode
    """The currency of all amounts; pay in other currencies is not touched by them."""
    applies_to: AppliesTo = AppliesTo()
    """Whose terms these are."""

    def __getitem__(self, word: Word[Value]) -> Value:
        """What a word says; what it means when it is not said, where it is not."""
        value: Value = self.said().get(word.name, word.absent)
        return value

    def said(self) -> dict[str, Any]:
        """What is said, by word."""
        return {word.name: value for word in WORDS if (value := getattr(self, word.name)) is not None}

    def names(self) -> Iterable[Reference]:
        """Whose terms these are."""
        named: tuple[tuple[str, Named, tuple[str, ...]], ...] = (
            ("participants", "participant", self.applies_to.participants),
            ("plans", "plan", self.applies_to.plans),
            ("pay_groups", "pay_group", self.applies_to.pay_groups),
        )
        return [Reference(f"applies_to.{field}", what, name) for field, what, names in named for name in names]

    def slips(self) -> Iterable[Finding]:
        """Words that take back what others promise."""
        return [slip for word in WORDS if word.slips is not None for slip in word.slips(self, self.id)]

    @model_validator(mode="after")
    def _each_word_can_be_meant(self) -> _Document:
        for word in WORDS:
            if word.check is not None and (value := getattr(self, word.name)) is not None:
                word.check(value)
        return self

    @model_validator(mode="after")
    def _amounts_are_whole_in_the_currency(self) -> _Document:
        for value in self.said().values():
            for level in levels(value):
                to_minor(level.amount, self.currency)
        return self


# The fields of the model are the words that there are; mypy looks words up (`terms[DRAW]`), of which each knows its
# type.
if TYPE_CHECKING:
    PaymentTerms = _Document
else:
    PaymentTerms = create_model(
        "PaymentTerms",
        __base__=_Document,
        __doc__=_Document.__doc__,
        __module__=__name__,
        **{word.name: (word.type | None, Field(None, description=word.about)) for word in WORDS},
    )


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
    return [reference for reference in terms.names() if (reference.what, reference.name) not in there]


def for_nobody(documents: Iterable[PaymentTerms], members: Iterable[Member]) -> list[PaymentTerms]:
    """The documents with any rule that are terms of no member, though they name some."""
    everybody = list(members)

    def is_for_nobody(terms: PaymentTerms) -> bool:
        names = list(terms.names())
        return bool(names and terms.said()) and len(names_without_anybody(terms, everybody)) == len(names)

    return [terms for terms in documents if is_for_nobody(terms)]


def applies_to_nobody(terms: PaymentTerms) -> str:
    """The warning about such terms."""
    return (
        f"payment terms {terms.id} apply to nobody: they are for {terms.applies_to.in_words()}, in {terms.currency},"
        f" from {terms.valid_from} on"
    )


def terms_for(
    documents: Iterable[PaymentTerms], participant_id: str, *, plan: str | None, pay_group: str, currency: str
) -> Terms:
    """The rules that apply to a participant's pay in a currency, each from the document that is said of them most
    closely.

    Among documents as close as each other the one that comes later by its id counts.
    """
    ranked = [
        (rank, document.id, document)
        for document in documents
        if document.currency == currency
        and (rank := document.applies_to.rank(participant_id, plan, pay_group=pay_group)) is not None
    ]
    said: dict[str, Any] = {}
    # The closest comes last and replaces what others said, word by word.
    for _, _, document in sorted(ranked, key=lambda entry: entry[:2]):
        said |= document.said()
    return Terms(currency, said)
