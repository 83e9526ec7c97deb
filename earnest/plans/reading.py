"""A plan file of which a tool needs the plan."""

from __future__ import annotations

from pathlib import Path

from earnest.files.rejected import FileError
from earnest.plans.checking import plan_of_file
from earnest.plans.reporting import as_text
from shared.kernel.plan.version import Plan


def read_plan_file(file: Path) -> Plan:
    """The plan of a file.

    Raises:
        FileError: it is none; says everything that is wrong, with lines and columns.
    """
    read = plan_of_file(file)
    if read.plan is None:
        raise FileError(f"{file} is not a plan\n{as_text(read.found, 1)}")
    return read.plan
