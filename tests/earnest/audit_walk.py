"""Reads a page of commands and what they print, and runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def steps(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands of the page and the lines that it shows of what each prints."""
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, *shown = part.strip().splitlines()
            yield command, shown


def printed(command: str, folder: Path, replaced: Mapping[str, str]) -> str:
    """What a command prints, run in a folder; without the lines of tables, blanks as one."""
    for old, new in replaced.items():
        command = command.replace(old, new)
    script = f'earnest() {{ "{sys.executable}" -m earnest.cli "$@"; }}\n{command}\n'
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return flat(done.stdout)


def flat(text: str) -> str:
    """Text without the frames of tables and with single blanks."""
    return " ".join(re.sub(r"[│┃━─┏┓┗┛┡┩┼┳┻├┤└┘┬┴╇]", " ", text).split())
