"""A table of a mapping: a file, the files joined to it, the rows that count, and the columns that its fields become."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from earnest.files.rejections import REJECTED, FileError
from earnest.files.rows import OURS, ROW, TYPED, FileForm, other_delimiter, read_rows
from earnest.imports.column_rules import ColumnRule, Condition, FileNotation
from earnest.imports.columns import NoColumn, Sheet, columns_of, read_column
from earnest.imports.fields import Rules
from earnest.imports.mapping_file import Join, Table
from shared.contracts.base import EVERYONE_OR_ID, IDENTIFIER
from shared.kernel.language.findings import did_you_mean
from shared.problems import FORMS
from shared.value_rules import NULLS, Kind, Notation

NOTES: Final = pl.Schema({ROW: pl.Int64(), "kind": pl.String(), "field": pl.String(), "reason": pl.String()})
"""What happened to a row besides being taken: `refused`, `repaired`, `rounded`, `remarked`, and why."""
PEOPLE: Final = ("owner", "participant_id", "manager", "participant")
"""Fields that hold somebody's id."""


SHOWN: Final = 5
"""Texts of a column that a remark names."""
IDS: Final = (*PEOPLE, "deal_id")
_SHORTENED: Final = r"^[0-9](\.[0-9]+)?E\+[0-9]{2}$"
"""What a spreadsheet makes of a long number that is an id, when it is saved as CSV: its last digits are lost."""


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """The rows of a table that count, with a column for each field, and what happened to them.

    `rows` are the numbers of all rows of the file; `unread` has `ROW` and `id` (the first cell) of those with too
    many cells.
    """

    file: str
    frame: pl.DataFrame
    notes: pl.DataFrame
    rows: Sequence[int]
    unread: pl.DataFrame

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return len(self.rows)


def refused_rows(notes: pl.DataFrame) -> pl.Series:
    """The rows that cannot be used, by what happened to rows (`NOTES`)."""
    return notes.filter(pl.col("kind") == "refused")[ROW].unique()


def read_table(folder: Path, table: Table, *, fields: Rules, outer: FileNotation) -> TableRows:
    """The rows of a table.

    Args:
        folder: where the files are.
        table: which file, with what joined, and which of its rows.
        fields: what each field is read by, and what it is.
        outer: how files are written that do not say it.

    Raises:
        FileError: a file cannot be read, or lacks a column that a rule names.
    """
    notation = table.within(outer)
    needed = _columns_needed(table, fields)
    rows = read_rows(folder / table.file, table.file, required=(), used=needed.__contains__, form=_form(notation))
    sheet = Sheet(rows.frame, notation)
    notes = [rows.rejected.select(pl.col("row").alias(ROW), kind=pl.lit("refused"), field=pl.lit(""), reason="message")]
    waiting = dict(table.columns)
    try:
        notes += _read_ready(sheet, waiting)
        for name, join in table.join.items():
            notes += _join(sheet, folder, name=name, join=join, outer=outer, needed=needed)
            notes += _read_ready(sheet, waiting)
        for name, rule in waiting.items():  # what still waits names a column that there is not: say which
            read_column(sheet, rule, name=name, kind="text")
        for condition in table.when:
            before = sheet.frame
            sheet.frame = before.filter(_holds(sheet, condition))
            if sheet.frame.is_empty() and not before.is_empty():
                notes.append(_none_counts(before, condition))
        columns = []
        for name, (given, kind) in fields.items():
            rule = _null_is_nobody(given, sheet.notation) if name in PEOPLE else given
            column, changes = read_column(sheet, rule, name=name, kind=kind)
            columns.append(column.alias(name))
            notes.append(_noted(changes, name))
            if name in IDS:
                notes.append(_no_ids(sheet.frame[ROW], column, name=name))
    except NoColumn as error:
        known = [name for name in sheet.frame.columns if name != ROW and not name.startswith(TYPED)]
        mend = other_delimiter(known, _form(notation).delimiter) or did_you_mean(error.name, known, what="columns")
        raise FileError(f"{folder / table.file}: there is no column {error.name}; {mend}") from None
    kept = sheet.frame[ROW]
    told = pl.concat(notes).filter(pl.col(ROW).is_in(kept.implode()) | (pl.col("field") == ""))
    return TableRows(
        file=table.file,
        frame=pl.DataFrame([kept, *columns]),
        notes=told.cast(NOTES).sort(ROW, maintain_order=True),
        rows=[*rows.frame[ROW], *rows.rejected["row"]],
        unread=rows.rejected.select(pl.col("row").alias(ROW), "id"),
    )


def _columns_needed(table: Table, fields: Rules) -> set[str]:
    """The columns that a table looks at; what stands in the others of its file does not matter."""
    rules = [*table.columns.items(), *((name, rule) for name, (rule, _) in fields.items())]
    needed = {column for name, rule in rules for column in columns_of(rule, name)}
    return needed | {one.column for one in table.when} | {column for join in table.join.values() for column in join.by}


def _form(written: FileNotation) -> FileForm:
    return FileForm(
        encoding=written.encoding or OURS.encoding,
        delimiter=written.delimiter or OURS.delimiter,
        header_row=written.header_row or OURS.header_row,
        unquoted=written.unquoted,
        binary=True,
    )


def _no_ids(rows: pl.Series, column: pl.Series, *, name: str) -> pl.DataFrame:
    """The rows in which an id is none, and how to get one."""
    texts = pl.DataFrame({ROW: rows, "text": column}).drop_nulls("text")
    shortened = pl.col("text").str.contains(_SHORTENED)
    form = EVERYONE_OR_ID if name == "participant_id" else IDENTIFIER  # figures of everyone are rows of the roster
    unfit = texts.filter(shortened | ~pl.col("text").str.contains(form))
    mend = pl.format("'{}' is no id, {}; `as_id: true` makes an id of a name", "text", pl.lit(FORMS[IDENTIFIER]))
    lost = pl.format("'{}' is an id whose last digits a spreadsheet left out: export it as text", "text")
    why = pl.when(shortened).then(lost).otherwise(mend)
    return unfit.select(ROW, kind=pl.lit("refused"), field=pl.lit(name), reason=why)


def _noted(changes: pl.DataFrame, name: str) -> pl.DataFrame:
    return changes.select(ROW, "kind", field=pl.lit(name), reason="reason")


def _read_ready(sheet: Sheet, waiting: dict[str, ColumnRule]) -> list[pl.DataFrame]:
    """Read the columns of which everything is there, in their order; they may stand in the place of others."""
    notes = []
    for name, rule in list(waiting.items()):
        if not all(column in sheet.frame.columns for column in columns_of(rule, name)):
            continue
        kind = _kind_of(rule)
        column, changes = read_column(sheet, rule, name=name, kind=kind)
        typed = [sheet.frame[f"{TYPED}{one}"] for one in columns_of(rule, name) if f"{TYPED}{one}" in sheet.frame]
        sheet.frame = sheet.frame.with_columns(column.alias(name)).drop(f"{TYPED}{name}", strict=False)
        # A text is read on by the field that takes it; what is a number or a date now is not read a second time.
        if kind != "text" or rule.values:
            sheet.read.add(name)
        elif rule.text is None and typed:
            sheet.frame = sheet.frame.with_columns(typed[0].alias(f"{TYPED}{name}"))
        notes.append(_noted(changes, name))
        del waiting[name]
    return notes


def _kind_of(rule: ColumnRule) -> Kind:
    """What a column is whose rule does not say it."""
    if rule.type is not None:
        return rule.type
    if rule.format is not None:
        return "date"
    says_numbers = (rule.formula, rule.round, rule.decimal, rule.thousands, rule.currency_signs)
    return "number" if rule.scale or any(said is not None for said in says_numbers) else "text"


def _null_is_nobody(rule: ColumnRule, notation: Notation) -> ColumnRule:
    """The rule of somebody's id: where nothing is said of `null`, the word is nobody and no person of that name."""
    said = rule.within(notation).null is not None
    return rule if said else rule.model_copy(update={"null": NULLS})


def _holds(sheet: Sheet, condition: Condition) -> pl.Series:
    rule = ColumnRule.model_validate(
        {**condition.model_dump(include=set(Notation.model_fields), exclude_none=True), "column": condition.column}
    )
    listed = condition.among if condition.among is not None else condition.not_among or []
    if None in listed:
        rule = _null_is_nobody(rule, sheet.notation)
    found, _ = read_column(sheet, rule, name=condition.column, kind="text")
    among = found.is_in([text for text in listed if text is not None]).fill_null(None in listed)
    return among if condition.among is not None else ~among


def _none_counts(frame: pl.DataFrame, condition: Condition) -> pl.DataFrame:
    """That a condition leaves out every row, at the first of them, with what the column has."""
    there = frame[condition.column].fill_null("nothing").unique(maintain_order=True)
    more = f" and {there.len() - SHOWN:,} more" if there.len() > SHOWN else ""
    what = f"no row counts: column {condition.column} has {', '.join(map(repr, there.head(SHOWN)))}{more}"
    return frame.head(1).select(ROW, kind=pl.lit("remarked"), field=pl.lit(""), reason=pl.lit(what))


def _join(
    sheet: Sheet, folder: Path, *, name: str, join: Join, outer: FileNotation, needed: Collection[str]
) -> list[pl.DataFrame]:
    """Put the columns of another file beside those of the sheet."""
    key = join.key or join.by
    if len(key) != len(join.by):
        raise FileError(f"join {name}: by names {len(join.by)} columns, key {len(key)}")
    path = folder / join.file
    used = {*key, *(column.removeprefix(f"{name}.") for column in needed)}
    other = read_rows(path, join.file, required=key, used=used.__contains__, form=_form(join.within(outer)))
    frame = other.frame.drop(ROW).drop_nulls(list(key))
    frame = frame.unique(maintain_order=True) if join.take is None else frame.unique(list(key), keep=join.take)
    twice = frame.filter(pl.len().over(list(key)) > 1)
    if not twice.is_empty():
        raise FileError(
            f"{path}: {', '.join(key)} {', '.join(twice.select(key).row(0))} has several rows; "
            f"say in join {name} `take: first` or `last`, or name more columns in by and key"
        )
    if missing := next((column for column in join.by if column not in sheet.frame.columns), None):
        raise NoColumn(missing)
    frame = frame.rename({column: _joined_name(name, column) for column in frame.columns})
    if clash := next((column for column in frame.columns if column in sheet.frame.columns), None):
        raise FileError(f"{path}: there is a column {clash} already; give join {name} another name")
    keys = [f"{name}.{column}" for column in key]
    sheet.frame = sheet.frame.join(
        frame, left_on=list(join.by), right_on=keys, how="left", coalesce=False, maintain_order="left"
    )
    unmatched = sheet.frame.filter(pl.col(keys[0]).is_null() & pl.all_horizontal(pl.col(list(join.by)).is_not_null()))
    said = pl.format(f"'{{}}' is not in {join.file}", pl.concat_str(list(join.by), separator=", "))
    kind = "remarked"
    if not other.rejected.is_empty():
        # It may stand in a row that could not be read: as if it said nothing, the deal would be another one.
        row, why = other.rejected.select("row", "message").row(0)
        kind = "refused"
        said = pl.format(f"{{}}, of which {other.rejected.height:,} rows cannot be read (row {row}: {why})", said)
    return [unmatched.select(ROW, kind=pl.lit(kind), field=pl.lit(", ".join(join.by)), reason=said)]


def _joined_name(join: str, column: str) -> str:
    bare = column.removeprefix(TYPED)
    return f"{join}.{bare}" if bare == column else f"{TYPED}{join}.{bare}"


def rejections(notes: pl.DataFrame, ids: pl.DataFrame, *, file: str) -> pl.DataFrame:
    """The refused rows of a table as `REJECTED`; `ids` has `ROW` and `id`."""
    refused = notes.filter(pl.col("kind") == "refused").join(ids, on=ROW, how="left")
    field = pl.col("field")
    message = pl.when(field == "").then("reason").otherwise(pl.format("{}: {}", field, "reason"))
    return refused.select(file=pl.lit(file), row=ROW, id="id", reason=pl.lit("bad_value"), message=message).cast(
        REJECTED
    )
