"""Plan files from the disk to everything there is to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earnest.yaml_files import text_of
from shared.kernel.checks.texts import check_texts, slips_of
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.located import Located, unreadable
from shared.kernel.plan.plan_file import PlanText, no_plan, plans_of_text


def check_files(files: Sequence[Path]) -> list[Located]:
    """What there is to say about some plan files, from top to bottom; versions of one plan among them know of each
    other."""
    return check_texts([plan_text for file in files for plan_text in plans_of_file(file)])


def slips_in(files: Sequence[Path]) -> list[str]:
    """What of sound plan files looks like a slip that moves pay, each with its place; the rest `check_files` says."""
    return [slip for file in files for plan_text in plans_of_file(file) for slip in slips_of(plan_text)]


def plans_of_file(file: Path) -> list[PlanText]:
    """The plans of a file, one for each of its documents, or why one is none."""
    try:
        text = text_of(file)
    except PlanFileError as error:
        return [no_plan(str(file), unreadable(str(file), error))]
    return plans_of_text(text, str(file))
