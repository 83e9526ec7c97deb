"""Plan files: single files, or all files of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from earnest.files.rejected import FileError
from shared.kernel import PlanSet
from shared.kernel.plan import Plan
from shared.kernel.plan_file import read_plan
from shared.kernel.plan_set import PlanConflict
from shared.kernel.plan_text import PlanFileError


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
    files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    if not files:
        raise FileError(f"{path}: there is no plan file (.yaml) in this folder")
    return files


def _plan(file: Path) -> Plan:
    try:
        return read_plan(file.read_text(encoding="utf-8"), file.name)
    except PlanFileError as error:
        text = str(error)
        raise FileError(text if text.startswith(file.name) else f"{file.name}: {text}") from None
    except UnicodeDecodeError:
        raise FileError(f"{file}: the text is not UTF-8") from None
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from None
