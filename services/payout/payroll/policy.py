"""The policy of a payroll profile: the file that payroll gets, its settings, and what of them legal entities change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Literal

from pydantic import Field, TypeAdapter, model_validator

from services.payout.payroll.formats import AnyFormat, PayrollFormat
from services.payout.payroll.formats.generic import Generic
from shared.pay.policy import Policy, Reference

Numbering = tuple[str, ...]
"""A payroll in which each id is one person's."""

_FORMAT: Final[TypeAdapter[PayrollFormat]] = TypeAdapter(AnyFormat)


class PayrollProfile(Policy):
    """The file that payroll gets. A batch holds the lines of one legal entity, because a payroll company is one."""

    controls_money = True
    kind: Literal["payroll_profile"]
    """`payroll_profile`."""
    file: AnyFormat
    """The format and its settings."""
    entities: dict[str, dict[str, Any]] = Field(default={}, examples=[{"ACME-UK": {"company_code": "UK1"}}])
    """Per legal entity, as the roster names it: the settings of `file` that differ. Once an entity is listed, all have
    to be, for a file under the wrong company pays from the wrong purse; one without differences is listed as `{}`.
    """

    def names(self) -> Iterable[Reference]:
        """The legal entities that it lists."""
        return [Reference(f"entities.{name}", "legal entity", name) for name in self.entities]

    @model_validator(mode="after")
    def _every_entity_is_whole(self) -> PayrollProfile:
        for entity in self.entities:
            self.of_entity(entity)
        return self

    def of_entity(self, entity: str | None) -> PayrollFormat | None:
        """The format with the settings of a legal entity; None where others are listed and this one is not."""
        if not self.entities:
            return self.file
        if entity is None or entity not in self.entities:
            return None
        # Only what was set: a default that a setting of the entity rules out must not come in its way.
        own = self.file.model_dump(mode="json", exclude_unset=True) | self.entities[entity]
        return _FORMAT.validate_python({"format": self.file.format} | own, strict=False)

    def numbering(self, entity: str | None) -> Numbering:
        """What numbers people: the company of the target, or where the file does not name it, the profile or its
        entity.

        Raises:
            KeyError: others are listed and this entity is not.
        """
        target = self.of_entity(entity)
        if target is None:
            raise KeyError(entity)
        # Where the layout names the company, two profiles for the same company share its numbers of people.
        if target.numbered_by is None:
            return target.format, self.id, entity or "" if self.entities else ""
        return target.format, *(str(getattr(target, setting)) for setting in target.numbered_by)


DEFAULT: Final = PayrollProfile(
    kind="payroll_profile", id="default", valid_from=date(1900, 1, 1), file=Generic(format="generic")
)
"""The profile of a pay group that names none: the plain CSV."""
