"""Plan files of which a tool needs the plan: single files, or all files of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from earnest.files.rejections import FileError
from earnest.plans.check import plans_of_file
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import PlanText
from shared.kernel.plan.plan_set import PlanConflict
from shared.kernel.plan.report import as_text
from shared.kernel.plan.version import Plan

VERSION: Final = r"\S+@[0-9]+"
"""What a published version is called."""


def read_plans(paths: Iterable[Path]) -> PlanSet:
    """The plan versions of files (`.yaml`, `.yml`), each of one or several documents, and folders of files.

    Raises:
        FileError: a file is no plan, a folder has none, or two plans cannot stand side by side.
    """
    try:
        return PlanSet(plan for path in paths for file in plan_files(path) for plan in _in_lines(file))
    except PlanConflict as error:
        raise FileError(str(error)) from None


def plan_files(path: Path) -> list[Path]:
    """The file, or the plan files of a folder.

    Raises:
        FileError: the folder has none.
    """
    if not path.is_dir():
        return [path]
    # Sorted, so that messages come in the same order on every file system.
    files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    if not files:
        raise FileError(f"{path}: there is no plan file (.yaml) in this folder")
    return files


def read_plan_file(file: Path) -> list[Plan]:
    """The plans of a file, one for each of its documents.

    Raises:
        FileError: one is none; says everything that is wrong, with lines and columns.
    """
    if re.fullmatch(VERSION, file.name) and not file.exists():
        raise FileError(
            f"{file}: there is no such file; of a published version `earnest plan get {file.name} --out FILE` writes it"
        )
    read = plans_of_file(file)
    if findings := [located for plan_text in read for located in plan_text.findings]:
        raise FileError(f"{file} is not a plan\n{as_text(findings, 1)}")
    return _plans(read)


def read_one_plan(file: Path) -> Plan:
    """The plan of a file that holds one.

    Raises:
        FileError: it holds none, or several.
    """
    plans = read_plan_file(file)
    if len(plans) > 1:
        named = ", ".join(plan.key for plan in plans)
        raise FileError(f"{file} holds several plans, {named}, and one is needed here: write it into a file of its own")
    return plans[0]


def _in_lines(file: Path) -> list[Plan]:
    """The same where plans are only the beginning: what is wrong is a line for each mistake."""
    if not file.is_file():
        raise FileError(f"{file}: No such file or directory")
    read = plans_of_file(file)
    if mistakes := [located.in_words for plan_text in read for located in plan_text.findings]:
        raise FileError("\n".join(mistakes))
    return _plans(read)


def _plans(read: Sequence[PlanText]) -> list[Plan]:
    return [plan_text.plan for plan_text in read if plan_text.plan is not None]
