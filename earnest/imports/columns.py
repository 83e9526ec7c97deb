"""A column of a file read by a rule: each distinct text once, with the very code that reads a webhook's values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import polars as pl

from earnest.files.rows import ROW, TYPED
from earnest.imports.column_rules import ColumnRule
from earnest.imports.formulas import FormulaError, formula_of
from shared.decimals import figure
from shared.value_rules import PLAIN, Kind, Notation, Reading, Unreadable, ValueRule, id_of_name

CHANGES: Final = pl.Schema({ROW: pl.Int64(), "kind": pl.String(), "reason": pl.String()})
"""What happened to a cell besides being read: `refused`, `repaired`, `rounded`, `renamed`, `remarked`."""
_IN_BRACES: Final = re.compile(r"\{([^{}]+)\}")
# Texts that every reading leaves as they are, where a rule does nothing of its own: for these no distinct text has to
# be looked at.
_AS_IT_IS: Final[Mapping[Kind, str]] = {
    "text": r"",
    **dict.fromkeys(("number", "money"), r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"),
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "yes_no": r"^(yes|no|true|false)$",
}
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LOCAL_TIME: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"


@dataclass
class Sheet:
    """The rows of a file, `ROW` and texts; `read` are columns that are in the form of the contracts already."""

    frame: pl.DataFrame
    notation: Notation
    read: set[str] = field(default_factory=set)


class NoColumn(ValueError):
    """A rule names a column that there is not."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def columns_of(rule: ColumnRule, name: str) -> tuple[str, ...]:
    """The columns that a rule reads; `name` is the one it has where it names none."""
    if rule.constant is not None:
        return ()
    if rule.formula is not None:
        return formula_of(rule.formula).columns
    return tuple(_IN_BRACES.findall(rule.text)) if rule.text is not None else (rule.column or name,)


def read_column(sheet: Sheet, rule: ColumnRule, *, name: str, kind: Kind) -> tuple[pl.Series, pl.DataFrame]:
    """The values of a column, blank where there is none, and what happened to cells (`CHANGES`).

    Raises:
        NoColumn: the rule names a column that the sheet does not have.
    """
    column, changes = _column(sheet, rule, name=name, kind=rule.type or kind)
    return column if rule.if_blank is None else column.fill_null(rule.if_blank), changes


def _column(sheet: Sheet, rule: ColumnRule, *, name: str, kind: Kind) -> tuple[pl.Series, pl.DataFrame]:
    needed = columns_of(rule, name)
    if missing := next((column for column in needed if column not in sheet.frame.columns), None):
        raise NoColumn(missing)
    if rule.constant is not None:
        return pl.repeat(rule.constant, sheet.frame.height, dtype=pl.String, eager=True), CHANGES.to_frame()
    if rule.formula is not None:
        return _computed(sheet, rule, kind=kind)
    if rule.text is not None:
        return _read(sheet.frame[ROW], _joined(sheet, rule.text), rule=rule, kind=kind, notation=PLAIN)
    notation = Notation(round=sheet.notation.round) if needed[0] in sheet.read else sheet.notation
    texts = sheet.frame[needed[0]]
    # A rule with a form is one of a date, whatever takes it.
    kind = "date" if rule.format is not None else kind
    rows, typed = sheet.frame[ROW], f"{TYPED}{needed[0]}"
    if kind not in ("number", "money", "date") or typed not in sheet.frame.columns:
        return _read_day(rows, texts, rule=rule, kind=kind, notation=notation)
    is_typed = sheet.frame[typed]
    if kind == "date":  # which a number is none: it may be seconds since 1970
        is_typed &= texts.str.contains(_ISO)
    return _typed_and_texts(rows, texts, is_typed=is_typed, rule=rule, kind=kind, notation=notation)


def _typed_and_texts(
    rows: pl.Series, texts: pl.Series, *, is_typed: pl.Series, rule: ColumnRule, kind: Kind, notation: Notation
) -> tuple[pl.Series, pl.DataFrame]:
    """The values of a column in which some cells are numbers or dates in the file itself: these are written as no
    notation says, 1.234 is not a thousand, and 2025-03-02 is in March whatever order the days of texts have.
    """
    cells = pl.DataFrame({"text": texts, "is_typed": is_typed})
    parts = cells.select(typed=pl.when("is_typed").then("text"), text=pl.when(~pl.col("is_typed")).then("text"))
    typed, of_typed = _read_day(rows, parts["typed"], rule=rule.of_typed(), kind=kind, notation=notation.of_typed())
    others, of_others = _read_day(rows, parts["text"], rule=rule, kind=kind, notation=notation)
    return pl.select(pl.coalesce(typed, others)).to_series(), pl.concat([of_typed, of_others])


def _read_day(
    rows: pl.Series, texts: pl.Series, *, rule: ColumnRule, kind: Kind, notation: Notation
) -> tuple[pl.Series, pl.DataFrame]:
    """The values of texts; of a time of the company's own clock its date is meant, where a date is."""
    if kind == "date" and not rule.within(notation).format:
        texts = texts.str.replace(_LOCAL_TIME, "${1}")
    found, changes = _read(rows, texts, rule=rule, kind=kind, notation=notation)
    return (found.str.replace(_LOCAL_TIME, "${1}") if kind == "date" else found), changes


def _as_it_is(rule: ColumnRule, kind: Kind, *, notation: Notation) -> str | None:
    """The texts that reading by the rule leaves as they are, as a pattern; None where each has to be looked at."""
    said = rule.within(notation).model_dump(exclude_none=True)
    if not rule.is_plain or "null" in said or rule.format is not None:
        return None
    if kind in ("number", "money"):
        decimals = said.get("round") if kind == "money" else rule.round
        if {"decimal", "thousands"} & said.keys():
            return None
        return _AS_IT_IS[kind] if decimals is None else rf"^-?[0-9]{{1,12}}(\.[0-9]{{1,{decimals}}})?$"
    matters = {"text": set(), "date": {"format"}, "yes_no": {"yes", "no"}}[kind]
    return None if matters & said.keys() else _AS_IT_IS[kind]


def _reader(rule: ColumnRule, kind: Kind, *, notation: Notation) -> Callable[[str], Reading]:
    def reading(text: str) -> Reading:
        read = rule.read(text, kind, notation=notation)
        if not rule.as_id or read.value is None:
            return read
        return read._replace(value=id_of_name(read.value))

    return reading


def _read(
    rows: pl.Series, texts: pl.Series, *, rule: ColumnRule, kind: Kind, notation: Notation
) -> tuple[pl.Series, pl.DataFrame]:
    as_it_is, reading = _as_it_is(rule, kind, notation=notation), _reader(rule, kind, notation=notation)
    left = texts if as_it_is is None else texts.filter(~texts.str.contains(as_it_is).fill_null(value=True))
    distinct = left.drop_nulls().unique().to_list()
    if not distinct:
        return texts, CHANGES.to_frame()
    values: dict[str, str | None] = {}
    names: dict[str, list[str]] = {}
    changed: list[tuple[str, str, str]] = []
    for text in distinct:
        try:
            read = reading(text)
        except Unreadable as error:
            values[text] = None
            changed.append((text, "refused", str(error)))
            continue
        values[text] = read.value
        changed += _changes(text, read)
        if read.value is not None:
            names.setdefault(read.value, []).append(text)
    if rule.as_id:
        changed += _renamed(names)
    found = texts.replace_strict(
        pl.Series(list(values)), pl.Series(list(values.values()), dtype=pl.String), default=texts
    )
    by_text = pl.DataFrame(changed, schema={**CHANGES, ROW: pl.String()}, orient="row")
    changes = pl.DataFrame({ROW: rows, "text": texts}).join(by_text, left_on="text", right_on=ROW)
    if rule.as_id:  # of a person with a thousand deals, once
        changes = changes.unique(["kind", "reason"], keep="first", maintain_order=True)
    return found, changes.select(CHANGES.names())


def _renamed(names: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """What names became, and of which names nobody can say any more that they were two."""
    for name, texts in names.items():
        for text in texts:
            if text != name:
                yield text, "renamed", f"{text} is {name}"
        if len(texts) > 1:
            yield texts[0], "remarked", f"{' and '.join(sorted(texts))} become one id, {name}"


def _changes(text: str, read: Reading) -> Iterator[tuple[str, str, str]]:
    if read.repaired:
        yield text, "repaired", f"{text} is {read.value}"
    if read.unrounded is not None:
        yield text, "rounded", f"{read.unrounded} is {read.value}"


def _joined(sheet: Sheet, template: str) -> pl.Series:
    """A text with the cells of columns in place of their names in braces; blank where all of them are."""
    names = _IN_BRACES.findall(template)
    parts = _IN_BRACES.split(template)
    pieces = [pl.col(part).fill_null("") if place % 2 else pl.lit(part) for place, part in enumerate(parts)]
    blank = pl.all_horizontal(pl.col(name).is_null() for name in names) if names else pl.lit(False)
    written = pl.concat_str(pieces).str.replace_all(r"\s+", " ").str.strip_chars()
    return sheet.frame.select(text=pl.when(~blank).then(written))["text"]


def _computed(sheet: Sheet, rule: ColumnRule, *, kind: Kind) -> tuple[pl.Series, pl.DataFrame]:
    """The values of a formula: its columns are read as numbers, each combination of them is computed once."""
    formula = formula_of(rule.formula or "")
    changes, numbers = [], {}
    for name in formula.columns:
        column, noted = read_column(sheet, ColumnRule(column=name), name=name, kind="number")
        numbers[name] = column
        changes.append(
            noted.filter(pl.col("kind") == "refused").with_columns(reason=pl.format("{}: {}", pl.lit(name), "reason"))
        )
    rounding = ValueRule(round=rule.within(sheet.notation).round if kind == "money" else rule.round, scale=rule.scale)
    frame = pl.DataFrame(numbers)
    distinct = frame.unique(maintain_order=True)
    values: list[str | None] = []
    whats: list[tuple[str | None, str | None]] = []
    for row in distinct.iter_rows(named=True):
        value, what = _value_of(formula.value, row, rounding=rounding)
        values.append(value)
        whats.append(what)
    results = distinct.with_columns(
        pl.Series("@value", values, dtype=pl.String),
        pl.Series("kind", [kind for kind, _ in whats], dtype=pl.String),
        pl.Series("reason", [reason for _, reason in whats], dtype=pl.String),
    )
    found = frame.join(results, on=list(formula.columns), how="left", nulls_equal=True, maintain_order="left")
    told = found.select(sheet.frame[ROW], "kind", "reason").drop_nulls("kind")
    return found["@value"], pl.concat([*changes, told])


def _value_of(
    value: Callable[[Mapping[str, Decimal | None]], Decimal | None],
    row: Mapping[str, str | None],
    *,
    rounding: ValueRule,
) -> tuple[str | None, tuple[str | None, str | None]]:
    """The value of a row as text, and what happened to it."""
    try:
        found = value({name: None if text is None else Decimal(figure(text)) for name, text in row.items()})
        if found is None:
            return None, (None, None)
        read = rounding.read(f"{found:f}", "number")
    except (FormulaError, Unreadable, ArithmeticError) as error:
        return None, ("refused", str(error))
    return read.value, (None, None) if read.unrounded is None else ("rounded", f"{read.unrounded} is {read.value}")
