"""Topic `roster`: effective-dated patches, keyed by participant id.

An attribute set from a date on stays in force until a later-dated patch sets it again; attributes do not disturb each
other, so a new quota says nothing about the manager. On the road a patch is flat, its dated paths `<date>/<attribute>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.base import (
    EVERYONE_OR_ID,
    NAME,
    BusinessDate,
    Contract,
    ExactDecimal,
    FactPatch,
    Identifier,
    Submission,
    Text,
    WholeNumber,
    YesNo,
)
from shared.facts import Facts

TYPE = "earnest.roster.patched"

MeasureName = Annotated[str, StringConstraints(pattern=NAME)]

Figure = Annotated[ExactDecimal, Field(decimal_places=9)]
"""A number of a participant's own, with nine decimals at most, as many as a rate of a plan has."""


PayrollId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ /-]*$")]
"""An id in a payroll system, as it is there: leading zeros count. It cannot begin like a formula of a spreadsheet."""


TEXTS: Final = (
    "manager",
    "plan",
    "position",
    "territory",
    "pay_group",
    "payroll_id",
    "first_name",
    "last_name",
    "entity",
    "cost_center",
)
"""The attributes that are written as text, in the order of a file's columns."""


YES_OR_NO: Final = ("active", "on_leave")
"""The attributes that are yes or no."""

NAMED: Final = {
    "quotas": "quota",
    "terms": "term",
    "scores": "score",
    "categories": "category",
    "aliases": "alias",
}
"""Fields of several values by name, and how the attribute of each begins."""

EVERYONE: Final = "*"
"""In the place of a participant: figures that are entered once for everyone who has none of their own."""

EVERYONES: Final = ("quota", "quotas", "terms", "scores")
"""The fields that can be everyone's."""

EVERY_QUOTA: Final = "quota.*"
"""The path of a quota for every measure."""


class AssignmentFields(Contract):
    """The dated attributes of a participant. Absent: unchanged. Null: cleared from that date on.

    `quotas` maps a measure to its quota, in major units of the plan's currency, as text; `quota` is one for every
    measure that is no share of a whole by itself, before which one of the same date in `quotas` goes. `terms` are other
    numbers of the participant's own that a plan names, `scores` what people entered for a measure in the period of the
    date (`0.85` is 85%). `categories` are texts of the company's own by which plans tell participants apart, such as a
    segment. Who is `on_leave` is away for a time: credited with deals as before, while quotas, targets and minimums
    that are prorated leave these days out.

    `aliases` are what other systems call the participant, by the system: an address of e-mail, the id of a CRM. They
    hold whatever the date is; null takes back what was said of the same date.

    `pay_group`, `payroll_id` (the number in the payroll system), names, `entity` (the legal entity that employs) and
    `cost_center` change no earning: they say where its payment goes.
    """

    manager: Identifier | None = None
    plan: Identifier | None = None
    position: Text | None = None
    territory: Text | None = None
    pay_group: Text | None = None
    payroll_id: PayrollId | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    entity: Identifier | None = None
    cost_center: Identifier | None = None
    active: YesNo | None = None
    on_leave: YesNo | None = None
    quota: Annotated[Figure, Field(ge=0)] | None = None
    quotas: dict[MeasureName, Annotated[Figure, Field(ge=0)] | None] = Field(default_factory=dict)
    terms: dict[MeasureName, Figure | None] = Field(default_factory=dict)
    scores: dict[MeasureName, Figure | None] = Field(default_factory=dict)
    categories: dict[MeasureName, Text | None] = Field(default_factory=dict)
    aliases: dict[MeasureName, Identifier | None] = Field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """The set attributes as a flat map: path -> JSON value."""
        fields: dict[str, Any] = {}
        for name, value in self.model_dump(mode="json", exclude_unset=True).items():
            # Each is an attribute of its own: `quota.bookings`, dated by itself.
            if name in NAMED:
                fields |= {f"{NAMED[name]}.{of}": own for of, own in value.items()}
            else:
                fields[EVERY_QUOTA if name == "quota" else name] = value
        return fields


RosterSubject = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=EVERYONE_OR_ID)]
"""A participant, or `EVERYONE`."""


class RosterPatch(Submission):
    """What HR or sales operations say about a participant from a date on: the `data` of a CloudEvent, or a CSV row.

    With `*` in the place of the participant, quotas, terms and scores are those of everyone who has none of their own,
    such as what the company reached; nothing else can be everyone's.
    """

    participant_id: RosterSubject
    effective_from: BusinessDate
    fields: AssignmentFields
    name: Text | None = None
    sequence: WholeNumber = Field(default=0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _says_what_can_be_everyones(self) -> Self:
        said = [*self.fields.model_fields_set, *(["name"] if self.name is not None else [])]
        if self.participant_id == EVERYONE and (others := sorted(set(said).difference(EVERYONES))):
            raise ValueError(
                f"participant_id * is everyone, whose figures alone can be entered once (quota, term, score), and not"
                f" {', '.join(others)}: leave that out, or name the participant"
            )
        return self

    def flat(self) -> dict[str, Any]:
        """The patch as the flat map of the road; the name is not dated."""
        # The date is part of the path, so that facts of different dates do not replace each other when they are merged.
        dated = {f"{self.effective_from.isoformat()}/{path}": value for path, value in self.fields.flat().items()}
        return dated | ({"name": self.name} if self.name is not None else {})


class RosterFact(FactPatch):
    """A patch of a participant, or of everyone's figures, on the road."""

    participant_id: RosterSubject


def merge_patches(people: dict[str, Facts], patches: Iterable[RosterFact]) -> dict[str, Facts]:
    """Merge patches into the facts of participants, in place; of those whose facts that changed, the facts."""
    changed: dict[str, Facts] = {}
    for patch in patches:
        facts = people.setdefault(patch.participant_id, {})
        if patch.merge_into(facts):
            changed[patch.participant_id] = facts
    return changed
