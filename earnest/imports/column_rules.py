"""How a mapping file says where a value of a row comes from and how it is read, and which rows count."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from earnest.imports.formulas import formula_of
from shared.value_rules import Notation, ValueRule, Word


def _column(given: Any) -> Any:
    """A text alone is the name of a column; `$.name` is one too, as a webhook's mapping would name it."""
    if not isinstance(given, str):
        return given
    return {"column": given.removeprefix("$.") if given.startswith("$.") else given}


class FileNotation(Notation):
    """How files are written: their values and, of CSV files, their text."""

    encoding: str | None = None
    """Of a CSV file: utf-8 where nothing is said; Excel on Windows writes cp1252."""
    delimiter: str | None = None
    """Between the values of a CSV file: one sign, or the word tab."""
    header_row: Annotated[int, Field(ge=1, le=100)] | None = None
    """In which row the names of the columns stand."""
    unquoted: str | None = None
    """The column whose texts have delimiters without being in quotes."""

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

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ColumnRule(ValueRule):
    """Where a value of a row comes from (a column, a constant, a formula over columns, a text with columns in braces),
    and how it is read.
    """

    column: str | None = None
    """The column of the file, or of a join as `name.column`."""
    constant: str | None = None
    """The same for every row."""
    formula: str | None = None
    """Arithmetic over columns, names that are no words in quotes: `Quantity * "Unit Price"`."""
    text: str | None = None
    """A text with columns in braces: `{firstName} {lastName}`."""
    if_blank: str | None = None
    """What holds where there is nothing."""
    as_id: bool = False
    """Make an id of a name: Ada Lovelace is ada.lovelace."""
    merge: Literal["sum", "first", "last", "least", "most"] | None = None
    """What becomes of it where several rows are one deal; without it they must agree."""

    @field_validator("constant", "if_blank", mode="before", json_schema_input_type=Word | None)
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


Rule = Annotated[ColumnRule, BeforeValidator(_column, json_schema_input_type=str | ColumnRule)]
Rules = dict[str, Rule]


class Condition(Notation):
    """Which rows count: those whose value is among some (null: blank), or is not."""

    column: str
    """The column whose value is looked at."""
    among: list[str | None] | None = Field(default=None, alias="in", min_length=1)
    """Rows with one of these count."""
    not_among: list[str | None] | None = Field(default=None, alias="not_in", min_length=1)
    """Rows with none of these count."""

    @field_validator("among", "not_among", mode="before", json_schema_input_type=list[Word | None] | None)
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
