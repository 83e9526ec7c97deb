"""The recipe of an import: which file holds what, and the rules by which it is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earnest.local.processes import LocalError
from services.ingest import Source
from shared.limits import TooMuch, load_yaml
from shared.problems import field_errors


class RecipePart(BaseModel):
    """A part of the recipe: unknown words are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lookup(RecipePart):
    """A field looked up in another file: the row whose `key` equals the deal's field `by` gives its `value`."""

    file: str
    by: str
    key: str
    value: str


class DealsFile(RecipePart):
    """The deals file and its mapping: fields with names of people, lookups, and fields whose absence is remarked."""

    file: str
    mapping: Source
    people: list[str] = Field(default_factory=list)
    remark_missing: list[str] = Field(default_factory=list)
    lookups: dict[str, Lookup] = Field(default_factory=dict)


class RosterFile(RecipePart):
    """The roster file: columns of the participant, manager and territory, and the plans of both."""

    file: str
    effective_from: date
    participant: str
    manager: str
    territory: str
    plan: str
    manager_plan: str


class QuotaRule(RecipePart):
    """Quota per month: what a territory's winners won on average in its first months, to the nearest amount."""

    measure: str
    months: int = Field(ge=1)
    nearest: int = Field(ge=1)


class Recipe(RecipePart):
    """How one export is read. `occurred_at` is when a row that names no date was so."""

    deals: DealsFile
    roster: RosterFile
    quotas: QuotaRule
    occurred_at: date


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a folder's `import.yaml`.

    Raises:
        LocalError: there is none, or it is not one; each mistake is named.
    """
    path = folder / "import.yaml"
    try:
        return Recipe.model_validate(load_yaml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, TooMuch, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: {error}") from None
    except ValidationError as error:
        mistakes = "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in field_errors(error))
        raise LocalError(f"{path}: {mistakes}") from None
