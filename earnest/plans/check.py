"""Plan files from the disk to everything there is to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.kernel.checks.texts import check_texts, slips_of
from shared.kernel.plan.located import Located, unusable
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
        # Editors on Windows begin a file with a byte order mark, which YAML would take for a part of the first key.
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return [no_plan(str(file), unusable(str(file), "the text is not UTF-8", mend="save the file as UTF-8"))]
    except OSError as error:
        return [no_plan(str(file), unusable(str(file), error.strerror or str(error)))]
    return plans_of_text(text, str(file))
