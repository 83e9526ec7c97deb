"""The command line in this process: what it prints and how it ends, without the second or two that a process takes to
load it.

Where the process itself is tested (its death, its hash seeds, what it loads), a test starts one.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from earnest.cli import main


def earnest(
    *arguments: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`earnest ARGUMENTS` in a folder, with variables of the environment besides those there are."""
    command = ["earnest", *map(str, arguments)]
    said, erred = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: str | int | None = 0
    with (
        contextlib.chdir(folder or Path.cwd()),
        patch.dict(os.environ, environment or {}),  # what the command sets goes with it
        patch.object(sys, "argv", command),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(erred),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(command, int(code or 0), *map(_text, (said, erred)))


def _text(written: io.TextIOWrapper) -> str:
    buffer = written.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
