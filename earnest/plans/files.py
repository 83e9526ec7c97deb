"""Plan files of which a tool needs the plan: single files, or all files of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from earnest.files.rejections import FileError
from earnest.plans.check import plan_of_file
from earnest.plans.report import as_text
from shared.kernel import PlanSet
from shared.kernel.plan.plan_set import PlanConflict
from shared.kernel.plan.version import Plan


def read_plans(paths: Iterable[Path]) -> PlanSet:
    """The plan versions of files (`.yaml`, `.yml`) and folders of files.

    Raises:
        FileError: a file is no plan, a folder has none, or two plans cannot stand side by side.
    """
    try:
        return PlanSet(_plan(file) for path in paths for file in plan_files(path))
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


def read_plan_file(file: Path) -> Plan:
    """The plan of a file.

    Raises:
        FileError: it is none; says everything that is wrong, with lines and columns.
    """
    read = plan_of_file(file)
    if read.plan is None:
        raise FileError(f"{file} is not a plan\n{as_text(read.findings, 1)}")
    return read.plan


def _plan(file: Path) -> Plan:
    if not file.is_file():
        raise FileError(f"{file}: No such file or directory")
    read = plan_of_file(file)
    if read.plan is None:
        mistakes = (f"{located.where}: {located.finding.in_words}" for located in read.findings)
        raise FileError("\n".join(mistakes))
    return read.plan
