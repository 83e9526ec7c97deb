"""The files of a company as the kernel takes them: what every command that computes from files reads first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earnest.files import deals as deals_files
from earnest.files.deals import deals_of
from earnest.files.rejections import FileError
from earnest.files.roster import read_roster
from earnest.files.rows import read_rows
from shared.kernel import PlanSet, Roster


@dataclass(frozen=True)
class KernelInputs:
    """Deals (`DEALS` with the plans' columns), the roster, and the plans."""

    deals: pl.DataFrame
    roster: Roster
    plans: PlanSet
    refused: int
    """Rows of the files that could not be used."""


def read_inputs(deals: Path, roster: Path, *, plans: PlanSet) -> KernelInputs:
    """Read the files; rows that cannot be used are counted, `earnest calc` names them.

    Raises:
        FileError: a file cannot be read.
    """
    people = read_roster(roster, plans)
    sold = deals_of(read_rows(deals, "deals", required=deals_files.REQUIRED, used=deals_files.used_by(plans)), plans)
    return KernelInputs(sold.table, people.roster, plans, people.rejected.height + sold.rejected.height)


def known(inputs: KernelInputs, participant: str) -> None:
    """Check that somebody is in the roster.

    Raises:
        FileError: nobody of that name is.
    """
    if participant not in inputs.roster.assignments["participant_id"]:
        raise FileError(f"{participant} is not in the roster")
