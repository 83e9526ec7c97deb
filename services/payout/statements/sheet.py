"""What is on a sheet, whatever shows it: headings, figures and tables of finished text. The page and the PDF show the
same sheet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading; `numeric` ones stand to the right, in figures of one width. `share` is its part of the
    width.
    """

    name: str
    numeric: bool = False
    share: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, further lines below it, and where it leads. Lines are `even` where they weigh as much as the text."""

    text: str
    more: tuple[str, ...] = ()
    link: str = ""  # on the page only; a PDF is filed away, where a relative address leads nowhere
    even: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells from left to right; the first names the row. A `total` sums up those above it."""

    cells: tuple[Cell, ...]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its caption says what is in it, the currency included."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs to it. `meter` draws, in whole percent, what the first paragraph says in words."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    meter: int | None = None
    tables: tuple[Table, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that comes first, with its name and a remark."""

    name: str
    value: str
    note: str = ""
    main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole document. `title` is what a tab or a reader's window shows, `mark` is at the foot of every page."""

    title: str
    heading: str
    company: str
    state: str
    final: bool
    paper: str
    about: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]
    mark: str
    lang: str = "en"


def row(*cells: Cell | str, total: bool = False) -> Row:
    """A row of cells or plain text."""
    return Row(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells), total)
