"""Deals and roster that a command is given: two files of Earnest's own form, or a company's files with a mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from earnest.files.rejections import FileError
from earnest.files.rows import Rows
from earnest.imports.mapping_file import read_mapping
from earnest.imports.reading import CompanyFiles, read_company
from shared.kernel import PlanSet


@dataclass(frozen=True, kw_only=True)
class Given:
    """Deals and roster, and the company's files that they were read from, if they were."""

    deals: Path | Rows
    roster: Path | Rows
    company: CompanyFiles | None = None


@dataclass(frozen=True, kw_only=True)
class Places:
    """What the command line names; a mapping and its folder stand for deals and roster."""

    deals: Path | None = None
    roster: Path | None = None
    mapping: Path | None = None
    folder: Path | None = None


def given(places: Places, plans: PlanSet, *, step: Callable[[str], None]) -> Given:
    """What the places hold.

    Raises:
        FileError: there is too little, or a file cannot be read.
    """
    company = company_of(places, plans, step=step)
    # A file of our own form goes before what the mapping says of it.
    deals = places.deals or (None if company is None else company.deals)
    roster = places.roster or (None if company is None else company.roster)
    if deals is None or roster is None:
        raise FileError("say --deals and --roster, or --mapping and the folder with the company's files")
    return Given(deals=deals, roster=roster, company=company)


def company_of(places: Places, plans: PlanSet, *, step: Callable[[str], None]) -> CompanyFiles | None:
    """The company's files, where a mapping is named.

    Raises:
        FileError: the folder is not named, or a file cannot be read.
    """
    if places.mapping is None and places.folder is not None:
        raise FileError(
            f"{places.folder}: a folder of the company's files goes with the --mapping by which they are read"
        )
    if places.mapping is None:
        return None
    if places.folder is None:
        raise FileError("say in which folder the company's files are: --mapping FILE FOLDER")
    mapping, _ = read_mapping(places.mapping)
    return read_company(mapping, places.folder, plans=plans, step=step)
