"""The mapping file: which of a company's files holds what, and how it is read (docs/mapping.md).

The words are those of a webhook source (`services.ingest.mapping`); where that names a path in a document, this names a
column.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from earnest.files.cells import DEAL_COLUMNS, DEAL_TEXTS, BadCell, deal_patch, roster_patch
from earnest.files.rejections import FileError
from earnest.imports.earlier_form import in_today_s_form
from earnest.imports.formulas import formula_of
from earnest.model_fields import fields_at
from earnest.yaml_files import text_of
from shared.allocation_order import Order
from shared.contracts.base import NAME, Identifier
from shared.contracts.roster_rows import COLUMNS as ROSTER_COLUMNS
from shared.contracts.roster_rows import NAMED
from shared.kernel.language.findings import did_you_mean
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.problems import reason_of
from shared.value_rules import Notation, Several, ValueRule

NAMES: Final = ("mapping.yaml", "import.yaml")
CUSTOM: Final = "custom."
_UTC: Final = ZoneInfo("UTC")


def _column(given: Any) -> Any:
    """A text alone is the name of a column; `$.name` is one too, as a webhook's mapping would name it."""
    if not isinstance(given, str):
        return given
    return {"column": given.removeprefix("$.") if given.startswith("$.") else given}


class FileNotation(Notation):
    """How files are written: their values, and of a CSV file the encoding, the delimiter, the row with the names of the
    columns, and the column `unquoted` whose texts may have delimiters without being in quotes.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: Annotated[int, Field(ge=1, le=100)] | None = None
    unquoted: str | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        try:
            codecs.lookup(name or "utf-8")
        except LookupError:
            raise ValueError(f"there is no encoding {name!r}; Excel on Windows writes cp1252") from None
        return name

    @field_validator("delimiter")
    @classmethod
    def _is_a_sign(cls, sign: str | None) -> str | None:
        sign = {"tab": "\t", "\\t": "\t"}.get(sign or "", sign)
        if sign is not None and len(sign) != 1:
            raise ValueError(f"{sign!r} is not one sign; write a tab as tab")
        return sign


class Section(BaseModel):
    """A part of a mapping: unknown words are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnRule(ValueRule):
    """Where a value of a row comes from (a column, a constant, a formula over columns, a text with columns in braces),
    and how it is read.

    `if_blank` is what holds where there is nothing; `as_id` makes the id of a name. `merge` says what becomes of it
    where several rows are one deal; without it they must agree.
    """

    column: str | None = None
    constant: str | None = None
    formula: str | None = None
    text: str | None = None
    if_blank: str | None = None
    as_id: bool = False
    merge: Literal["sum", "first", "last", "least", "most"] | None = None

    @field_validator("constant", "if_blank", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        if isinstance(given, bool):
            return "yes" if given else "no"
        return None if given is None else str(given)

    @field_validator("formula")
    @classmethod
    def _can_be_computed(cls, formula: str | None) -> str | None:
        if formula is not None:
            formula_of(formula)
        return formula

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnRule:
        if sum(one is not None for one in (self.column, self.constant, self.formula, self.text)) > 1:
            raise ValueError("name one of column, constant, formula and text")
        return self

    def said(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The texts that are said in our terms, whatever there is to read, each with its place in the rule."""
        yield from (((name,), text) for name in ("constant", "if_blank") if (text := getattr(self, name)) is not None)
        yield from super().said()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done to its texts but what its notation says."""
        return not (self.repairs or self.values or self.scale or self.as_id)


Rule = Annotated[ColumnRule, BeforeValidator(_column)]
Rules = dict[str, Rule]


class Condition(Notation):
    """Which rows count: those whose value is among some (null: blank), or is not."""

    column: str
    among: list[str | None] | None = Field(default=None, alias="in", min_length=1)
    not_among: list[str | None] | None = Field(default=None, alias="not_in", min_length=1)

    @field_validator("among", "not_among", mode="before")
    @classmethod
    def _as_texts(cls, given: Any) -> Any:
        if not isinstance(given, list):
            return given
        return [one if one is None else str(one).lower() if isinstance(one, bool) else str(one) for one in given]

    @model_validator(mode="after")
    def _says_which(self) -> Condition:
        if (self.among is None) == (self.not_among is None):
            raise ValueError("say either in or not_in")
        return self


class Join(FileNotation):
    """Another file whose columns are looked up: its row in which `key` is what `by` is here. They are called
    `<name of the join>.<column>`. Of several such rows `take` says which; without it they must agree.
    """

    file: str
    by: Several
    key: Several | None = None
    take: Literal["first", "last"] | None = None


def _listed(given: Any) -> Any:
    """One of which there may be several, as a list."""
    return [given] if isinstance(given, dict) else given


class Table(FileNotation):
    """A file, the files joined to it, columns that are read or computed before all else, and the rows that count."""

    file: str
    join: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Join] = Field(default_factory=dict)
    columns: Rules = Field(default_factory=dict)
    when: Annotated[list[Condition], BeforeValidator(_listed)] = Field(default_factory=list)


class EventRules(Section):
    """When a row became so, and what orders rows of one instant; only the running system asks."""

    id: Rule | None = None  # of a webhook's event; rows have ids of their own
    time: Rule | None = None
    sequence: Rule | None = None


class EntryRules(Section):
    """A payment or refund that stands in the deal's own row."""

    id: Rule
    amount: Rule
    date: Rule


class DealsTable(Table):
    """Deals, or orders in lines: several rows of a deal are one where a field says how they `merge`."""

    event: EventRules = EventRules()
    deal_id: Rule
    fields: Rules
    payments: EntryRules | None = None
    refunds: EntryRules | None = None
    remark_missing: list[str] = Field(default_factory=list)

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: Rules) -> Rules:
        known = [name for name in DEAL_COLUMNS if name != "deal_id"]
        _refuse_unknown(fields, known, start=(CUSTOM,), more="custom.<name>")
        taken = [name for name in fields if name.startswith(CUSTOM) and name.removeprefix(CUSTOM) in DEAL_COLUMNS]
        if taken:
            raise ValueError(f"{taken[0]} has the name of a field that deals have anyway")
        _refuse_unfit(
            fields, DEAL_TEXTS, patch=lambda name, text: deal_patch({"deal_id": "x", name: text}, {}, zone=_UTC)
        )
        return fields


class RosterTable(Table):
    """Participants with what holds of them from a date on: the columns of a roster file."""

    participant_id: Rule
    effective_from: Rule | None = None
    name: Rule | None = None
    fields: Rules = Field(default_factory=dict)

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: Rules) -> Rules:
        known = [name for name in ROSTER_COLUMNS if name not in ("participant_id", "effective_from", "name")]
        more = "quota.<measure>, term.<name>, score.<measure>, category.<name>, alias.<system>"
        _refuse_unknown(fields, known, start=tuple(NAMED), more=more)
        _refuse_unfit(fields, fields, patch=lambda name, text: roster_patch({"participant_id": "x", name: text}, _UTC))
        return fields


class EntriesTable(Table):
    """Refunds, a row each, of a deal."""

    deal_id: Rule
    id: Rule | None = None
    amount: Rule
    date: Rule


class PaymentsTable(Table):
    """Payments, a row each: of a deal, or of an account, whose deals they are allocated to by `allocate`. `reference`
    is the deal that a payment names, or the payment that one with a negative amount takes back.
    """

    deal_id: Rule | None = None
    account: Rule | None = None
    reference: Rule | None = None
    id: Rule | None = None
    amount: Rule
    currency: Rule | None = None
    date: Rule

    @model_validator(mode="after")
    def _is_of_one(self) -> PaymentsTable:
        if (self.deal_id is None) == (self.account is None):
            raise ValueError("name either deal_id or account")
        return self


class SplitsTable(Table):
    """Shares of deals, a row each."""

    deal_id: Rule
    participant: Rule
    percent: Rule


class QuotaRule(Section):
    """Monthly quotas from history, where a company has none: what a winner of the territory won on average in its first
    `months` months with wins, to the nearest amount, for everybody on `plan`.
    """

    measure: Annotated[str, Field(pattern=NAME)]
    months: int = Field(ge=1)
    nearest: int = Field(ge=1)
    plan: str | None = None


class MappingFile(Section):
    """How a company's files are read. `source` is what the running system calls them; `occurred_at` is when a row was
    so that does not say it.
    """

    source: Identifier = "files"
    notation: FileNotation = FileNotation()
    deals: Annotated[list[DealsTable], BeforeValidator(_listed)] = Field(default_factory=list)
    roster: Annotated[list[RosterTable], BeforeValidator(_listed)] = Field(default_factory=list)
    splits: Annotated[list[SplitsTable], BeforeValidator(_listed)] = Field(default_factory=list)
    payments: Annotated[list[PaymentsTable], BeforeValidator(_listed)] = Field(default_factory=list)
    allocate: Order = "oldest_first"
    refunds: Annotated[list[EntriesTable], BeforeValidator(_listed)] = Field(default_factory=list)
    quotas: QuotaRule | None = None
    occurred_at: date | None = None


def _refuse_unknown(fields: Mapping[str, Any], known: list[str], *, start: tuple[str, ...], more: str) -> None:
    for name in fields:
        if name not in known and not name.startswith(start):
            raise ValueError(f"there is no field {name}; {did_you_mean(name, known, what='fields')} (or {more})")


def _refuse_unfit(
    fields: Mapping[str, ColumnRule], known: Collection[str], *, patch: Callable[[str, str], object]
) -> None:
    """See that what rules say in our terms is a value of their fields: otherwise every row would be refused."""
    for name, rule in fields.items():
        for place, text in rule.said() if name in known else ():
            try:
                patch(name, text)
            except BadCell as error:
                raise ValueError(f"{name}.{'.'.join(place)}: {error}") from None


def read_mapping(path: Path) -> tuple[MappingFile, Path]:
    """The mapping of a file, or of the `mapping.yaml` in a folder, and the folder that it is in.

    Raises:
        FileError: there is none, or it is not one; each mistake is named.
    """
    file = next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0]) if path.is_dir() else path
    try:
        document = read_yaml(text_of(file))
        if not isinstance(document, dict):
            raise FileError(f"{file}: a mapping says which file holds the `deals` and which the `roster`")
        return MappingFile.model_validate(in_today_s_form(document)), file.parent
    except PlanFileError as error:
        raise FileError(f"{file}: {error}") from None
    except ValidationError as error:
        raise FileError("\n".join(f"{file}: {mistake}" for mistake in _mistakes(error))) from None


def _mistakes(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        path = tuple(part for part in mistake["loc"])
        place, what = ".".join(map(str, path)), reason_of(mistake)
        if mistake["type"] == "extra_forbidden":
            near = did_you_mean(str(path[-1]), fields_at(MappingFile, path), what="words")
            what = f"there is no {path[-1]} here; {near}"
        elif mistake["type"] == "model_type" and mistake["ctx"]["class_name"] == ColumnRule.__name__:
            what = "write the name of a column, or a rule as {column: …}"
        yield f"{place}: {what}" if place else what
