"""Commands that the documents show are commands: each is parsed as it is written, those within sentences too. That those
of blocks run is in `tests/earnest/company/test_pages.py`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import typer.core
from typer.main import get_command

from earnest.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
SHELLS = ("", "sh", "bash", "console")
PROGRAM = re.compile(r"^(?:\.venv/bin/)?earnest (?!\()")
SHELL = {">", "|", "&&", "||", ";", "&", "<", "2>&1"}


def commands(page: Path) -> Iterator[str]:
    """The command lines of a page, each in one line and without what the shell does."""
    for block in BLOCK.finditer(page.read_text()):
        text = block[3] or (block[2] if block[1] in SHELLS else "")
        for line in re.sub(r"\\\n\s*", "", text).splitlines():
            if PROGRAM.match(line.strip()) and "-->" not in line:
                # Behind three blanks stands what the command is for, also without a sign before it.
                yield re.split(r" {3,}", PROGRAM.sub("", line.strip()))[0].replace("$P", "P")


SHOWN = [(page.relative_to(ROOT), command) for page in PAGES for command in commands(page)]


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=[f"{page}: {command[:60]}" for page, command in SHOWN])
def test_every_command_shown_is_one(page: Path, command: str) -> None:
    words = shlex.split(command, comments=True)
    words = words[: next((place for place, word in enumerate(words) if word in SHELL), len(words))]
    ran: list[str] = []
    # Parsed to the last option, and not run: what it would do has its tests elsewhere.
    with (
        patch.object(typer.core.TyperCommand, "invoke", lambda self, _: ran.append(str(self.name))),
        patch.dict(os.environ),
    ):
        get_command(app)(words, prog_name="earnest", standalone_mode=False)
    assert ran or "--help" in words, f"{page}: {command}"


def test_pages_show_commands_that_this_test_finds() -> None:
    assert len(SHOWN) > 50
    assert {"README.md", "docs/finance.md", "docs/rep.md", "docs/ops.md"} <= {str(page) for page, _ in SHOWN}
