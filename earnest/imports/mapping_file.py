"""The mapping file: which of a company's files holds what, and how it is read (docs/mapping.md).

The words are those of a webhook source (`services.ingest.mapping`); where that names a path in a document, this names a
column.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, GetCoreSchemaHandler, GetPydanticSchema, ValidationError, field_validator, model_validator
from pydantic_core import CoreSchema, core_schema

from earnest.files.cells import DEAL_COLUMNS, DEAL_TEXTS, BadCell, deal_patch, roster_patch
from earnest.files.rejections import FileError
from earnest.imports.column_rules import ColumnRule, Condition, FileNotation, Rule, Rules, Section
from earnest.imports.earlier_form import in_today_s_form
from earnest.model_fields import fields_at
from earnest.yaml_files import text_of
from shared.allocation_order import Order
from shared.contracts.base import NAME, Identifier
from shared.contracts.roster_rows import COLUMNS as ROSTER_COLUMNS
from shared.contracts.roster_rows import NAMED
from shared.json_schema import names_among
from shared.kernel.language.findings import did_you_mean
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.kernel.plan.schema_findings import mistakes_of
from shared.problems import reason_of
from shared.value_rules import Several

NAMES: Final = ("mapping.yaml", "import.yaml")
CUSTOM: Final = "custom."
_UTC: Final = ZoneInfo("UTC")
_DEAL_FIELDS: Final = [name for name in DEAL_COLUMNS if name != "deal_id"]
_ROSTER_FIELDS: Final = [name for name in ROSTER_COLUMNS if name not in ("participant_id", "effective_from", "name")]


class Join(FileNotation):
    """Another file whose columns are looked up. They are called `<name of the join>.<column>`."""

    file: str
    """The file in the folder."""
    by: Several
    """The columns here that say which of its rows it is."""
    key: Several | None = None
    """What these columns are called there, where it is otherwise."""
    take: Literal["first", "last"] | None = None
    """Which of several such rows; without it they must agree."""


def _listed(given: Any) -> Any:
    """One of which there may be several, as a list."""
    return [given] if isinstance(given, dict) else given


def _one_or_several(listed: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a list that may also be written as its only entry."""
    entries = handler(listed)
    written = core_schema.union_schema([handler.generate_schema(get_args(listed)[0]), entries])
    return core_schema.no_info_before_validator_function(_listed, entries, json_schema_input_schema=written)


Entry = TypeVar("Entry")
Listed = Annotated[list[Entry], GetPydanticSchema(_one_or_several)]


class Table(FileNotation):
    """A file, the files joined to it, columns that are read or computed before all else, and the rows that count."""

    file: str
    """The file in the folder: CSV, XLSX or Parquet."""
    join: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Join] = Field(default_factory=dict)
    """Other files whose columns are looked up, by name."""
    columns: Rules = Field(default_factory=dict)
    """Columns that are read or computed before everything else, by name."""
    when: Listed[Condition] = Field(default_factory=list)
    """Which rows count: all of these conditions hold."""


class EventRules(Section):
    """When a row became so, and what orders rows of one instant; only the running system asks."""

    id: Rule | None = None
    """Of a webhook's event; rows have ids of their own."""
    time: Rule | None = None
    """When the row became so."""
    sequence: Rule | None = None
    """What orders rows of one instant."""


class EntryRules(Section):
    """A payment or refund that stands in the deal's own row."""

    id: Rule
    """A row without it has none."""
    amount: Rule
    """How much it was."""
    date: Rule
    """The day on which it came."""


class DealsTable(Table):
    """Deals, or orders in lines: several rows of a deal are one where a field says how they `merge`."""

    event: EventRules = EventRules()
    """When a row became so."""
    deal_id: Rule
    """The id of the deal, exactly as it is."""
    fields: Annotated[Rules, Field(json_schema_extra=names_among(_DEAL_FIELDS, start=[CUSTOM]))]
    """The fields of deals, and `custom.<name>` for the company's own."""
    payments: EntryRules | None = None
    """A payment that stands in the deal's row."""
    refunds: EntryRules | None = None
    """A refund that stands in the deal's row."""
    remark_missing: list[str] = Field(default_factory=list)
    """Fields whose absence is reported."""

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: Rules) -> Rules:
        _refuse_unknown(fields, _DEAL_FIELDS, start=(CUSTOM,), more="custom.<name>")
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
    """The id of the participant, exactly as it is."""
    effective_from: Rule | None = None
    """From when on the row holds; without it from long before."""
    name: Rule | None = None
    """What the participant is called."""
    fields: Annotated[Rules, Field(json_schema_extra=names_among(_ROSTER_FIELDS, start=NAMED))] = Field(
        default_factory=dict
    )
    """The columns of a roster file, such as plan, manager and `quota.<measure>`."""

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: Rules) -> Rules:
        more = "quota.<measure>, term.<name>, score.<measure>, category.<name>, alias.<system>"
        _refuse_unknown(fields, _ROSTER_FIELDS, start=tuple(NAMED), more=more)
        _refuse_unfit(fields, fields, patch=lambda name, text: roster_patch({"participant_id": "x", name: text}, _UTC))
        return fields


class EntriesTable(Table):
    """Refunds, a row each, of a deal."""

    deal_id: Rule
    """The deal that it is of."""
    id: Rule | None = None
    """The id of the refund, where the file has one."""
    amount: Rule
    """How much was paid back."""
    date: Rule
    """The day on which it was."""


class PaymentsTable(Table):
    """Payments, a row each: of a deal, or of an account, whose deals they are allocated to by `allocate`."""

    deal_id: Rule | None = None
    """The deal that it is of."""
    account: Rule | None = None
    """The account that it is of, in place of a deal."""
    reference: Rule | None = None
    """The deal that a payment by account names, or the payment that one with a negative amount takes back."""
    id: Rule | None = None
    """The id of the payment, where the file has one."""
    amount: Rule
    """How much was paid."""
    currency: Rule | None = None
    """The currency of a payment by account."""
    date: Rule
    """The day on which it came."""

    @model_validator(mode="after")
    def _is_of_one(self) -> PaymentsTable:
        if (self.deal_id is None) == (self.account is None):
            raise ValueError("name either deal_id or account")
        return self


class SplitsTable(Table):
    """Shares of deals, a row each."""

    deal_id: Rule
    """The deal that is shared."""
    participant: Rule
    """Whose share it is."""
    percent: Rule
    """The share, in percent."""


class QuotaRule(Section):
    """Monthly quotas from history, where a company has none: what a winner of the territory won on average."""

    measure: Annotated[str, Field(pattern=NAME)]
    """The measure that has the quota."""
    months: int = Field(ge=1)
    """How many of the territory's first months with wins count."""
    nearest: int = Field(ge=1)
    """The amount to a multiple of which quotas are rounded."""
    plan: str | None = None
    """Whose quotas they are: everybody's on this plan."""


class MappingFile(Section):
    """How a company's files are read."""

    source: Identifier = "files"
    """What the running system calls these files."""
    notation: FileNotation = FileNotation()
    """How values are written in all files."""
    deals: Listed[DealsTable] = Field(default_factory=list)
    """The files with deals."""
    roster: Listed[RosterTable] = Field(default_factory=list)
    """The files with participants; later rows go before."""
    splits: Listed[SplitsTable] = Field(default_factory=list)
    """The files with shares of deals."""
    payments: Listed[PaymentsTable] = Field(default_factory=list)
    """The files with payments."""
    allocate: Order = "oldest_first"
    """To which deals a payment by account goes that names none and equals none."""
    refunds: Listed[EntriesTable] = Field(default_factory=list)
    """The files with refunds."""
    quotas: QuotaRule | None = None
    """Quotas from history."""
    occurred_at: date | None = None
    """When rows became so that do not say it; otherwise at the moment of the import."""


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
    for mistake in mistakes_of(error, partial(fields_at, MappingFile)):
        path = tuple(part for part in mistake["loc"])
        place, what = ".".join(map(str, path)), reason_of(mistake)
        if mistake["type"] == "extra_forbidden":
            near = did_you_mean(str(path[-1]), fields_at(MappingFile, path), what="words")
            what = f"there is no {path[-1]} here; {near}"
        elif mistake["type"] == "model_type" and mistake["ctx"]["class_name"] == ColumnRule.__name__:
            what = "write the name of a column, or a rule as {column: …}"
        yield f"{place}: {what}" if place else what
