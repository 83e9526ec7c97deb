"""The files of a company as the kernel takes them: what every command that computes from files reads first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earnest.files.deals import read_deals
from earnest.files.rejections import FileError
from earnest.files.roster import read_roster
from earnest.files.rows import Rows
from shared.kernel import PlanSet, Roster
from shared.kernel.crediting.aliases import with_participants


@dataclass(frozen=True)
class KernelInputs:
    """Deals (`DEALS` with the plans' columns, held by participants of the roster), the roster, and the plans."""

    deals: pl.DataFrame
    roster: Roster
    plans: PlanSet


def read_inputs(deals: Path | Rows, roster: Path | Rows, *, plans: PlanSet) -> KernelInputs:
    """Read the files; rows that cannot be used are left out, and `earnest calc` names them.

    Raises:
        FileError: a file cannot be read.
    """
    people = read_roster(roster, plans).roster
    return KernelInputs(with_participants(read_deals(deals, plans).table, people, plans=plans), people, plans)


def check_in_roster(inputs: KernelInputs, participant: str) -> None:
    """Check that somebody is in the roster.

    Raises:
        FileError: nobody of that name is.
    """
    if participant not in inputs.roster.assignments["participant_id"]:
        raise FileError(f"{participant} is not in the roster")
