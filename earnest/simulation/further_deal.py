"""The further deal of a question that is no open one: whose plan pays it, and what its fields are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from earnest.files.cells import DEAL_COLUMNS, BadCell, deal_patch
from earnest.files.kernel_inputs import KernelInputs
from earnest.files.rejections import FileError
from shared.kernel import Plan
from shared.kernel.reasons import in_words


def plan_on(inputs: KernelInputs, participant: str, *, day: date) -> Plan:
    """The version that pays the participant for a deal of the day.

    Raises:
        FileError: there is none.
    """
    assignments = inputs.roster.assignments.filter(
        (pl.col("participant_id") == participant) & (pl.col("effective_from") <= day)
    ).sort("effective_from")
    name = assignments["plan"][-1] if assignments.height else None
    version = None if name is None else inputs.plans.version_on(name, day)
    if version is None:
        raise FileError(f"{participant} is on no plan that holds on {day}")
    return version


def fields_of(inputs: KernelInputs, said: Mapping[str, str], *, day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Its fields but for its amount, of the columns that were said.

    Raises:
        FileError: a column is none, or cannot be said.
    """
    not_said = {"deal_id": "it has none", "amount": "it is what is asked for", "close_date": "say --by"}
    for taken, option in not_said.items():
        if taken in said:
            raise FileError(f"--sell {taken}: {option}")
    columns = inputs.plans.columns
    row = {"deal_id": "further", "stage": "won", "close_date": day.isoformat(), **said}
    try:
        patch = deal_patch(row, columns, zone=zone)
    except BadCell as error:
        raise FileError(f"--sell {error}") from None
    known = set(DEAL_COLUMNS) - set(not_said) | set(columns)
    if unknown := sorted(set(said) - known):
        raise FileError(f"--sell {unknown[0]}: no plan reads such a column; there are {', '.join(sorted(known))}")
    return patch.fields.flat()


def why_not_credited(uncredited: pl.DataFrame) -> str:
    """The reasons of an `UNCREDITED` table, and the option by which the deal gets what it lacks."""
    reasons = uncredited.select("reason", "about", "participant_id").unique(maintain_order=True).iter_rows()
    return "; ".join(
        in_words(reason, about, who=who) + (f": say --sell {about}=..." if reason == "no_value" else "")
        for reason, about, who in reasons
    )
