"""Rows of a table kept as one text beside what they belong to: a JSON list of lists of texts, sorted, so that equal is
equal.

Names and numbers need no escaping in JSON, which is what makes this fast; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

NO_ROWS: Final = "[]"


class NotEncodable(ValueError):
    """A text with quotes, backslashes or control characters, which no identifier has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a row of {name} holds a text that is no identifier")
        self.name = name


def encode_rows(rows: pl.DataFrame, by: Sequence[str], *, columns: Sequence[str], name: str) -> pl.DataFrame:
    """Per combination of `by`, the given columns of its rows as one text named `name`; null is written as an empty
    text.

    Raises:
        NotEncodable: a value is neither a number nor an identifier.
    """
    if rows.is_empty():
        return rows.select(*by, pl.lit(NO_ROWS).alias(name))
    values = pl.concat_str(pl.col(columns).cast(pl.String).fill_null(""), separator='","')
    texts = rows.select(*by, pl.concat_str(pl.lit('["'), values, pl.lit('"]')).alias(name))
    if texts.select((pl.col(name).str.count_matches(r'["\\\x00-\x1f]') != 2 * len(columns)).any()).item():
        raise NotEncodable(name)
    grouped = texts.sort(*by, name).group_by(by, maintain_order=True).agg(name)
    text = pl.concat_str(pl.lit("["), pl.col(name).list.join(","), pl.lit("]"))
    return grouped.select(*by, text.alias(name))


def decode_rows(
    texts: pl.DataFrame, by: Sequence[str], *, name: str, columns: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """The rows of `encode_rows` again: `by` and the columns, with their types."""
    lists = texts.filter(pl.col(name) != NO_ROWS).select(*by, pl.col(name).str.json_decode(pl.List(pl.List(pl.String))))
    row = pl.col(name).list.to_struct(fields=list(columns))
    values = lists.explode(name).select(*by, row).unnest(name)
    given = {column: pl.when(pl.col(column) != "").then(pl.col(column)) for column in columns}
    present = [
        given[column].str.to_date() if kind == pl.Date else given[column].cast(kind) for column, kind in columns.items()
    ]
    return values.with_columns(present)


def encode_objects(rows: pl.DataFrame, by: Sequence[str], *, columns: Sequence[str], name: str) -> pl.DataFrame:
    """Per combination of `by`, the given columns of its rows, in the order given, as a JSON list of objects named
    `name`.
    """
    grouped = rows.group_by(by, maintain_order=True).agg(pl.struct(columns).alias(name))
    # A list has no JSON of its own in Polars, but a struct has: its braces and name are cut off again.
    text = pl.struct(name).struct.json_encode().str.strip_prefix(f'{{"{name}":').str.head(-1)
    return grouped.select(*by, text.alias(name))
