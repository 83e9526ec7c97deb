"""Reads a page of commands and what they print, and runs it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.command_line import earnest

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
    if command.startswith("earnest "):
        done = earnest(*shlex.split(command)[1:], folder=folder)
    else:
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return flat(done.stdout)


def flat(text: str) -> str:
    """Text without the frames of tables and with single blanks."""
    return " ".join(re.sub(r"[│┃━─┏┓┗┛┡┩┼┳┻├┤└┘┬┴╇]", " ", text).split())
