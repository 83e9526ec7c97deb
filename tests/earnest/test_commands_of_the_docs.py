"""Commands that the documents name are commands: those within sentences too, and those of blocks that do not run in the
tests. That the others run is in `tests/earnest/company/test_pages.py`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import typer.core
from typer.exceptions import TyperException
from typer.main import get_command

from earnest.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IN_A_SENTENCE = re.compile(r"`(?:\.venv/bin/)?earnest ([^`\n]+)`")
IN_A_BLOCK = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?earnest ([^|>&\n(-]+[^|>&\n]*)", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Each page with the commands that it names, without what they say of their own form: `[...]`, `a|b`, `FILE...`."""
    for page in PAGES:
        text = re.sub(r"\\\n\s*", "", page.read_text())
        for found in {*IN_A_SENTENCE.findall(text), *IN_A_BLOCK.findall(text)}:
            words = re.sub(r"\[[^\]]*\]|\.\.\.| --\w+ …", "", found)
            yield page.name, re.sub(r"(\b[\w-]+)(?:\|[\w-]+)+", r"\1", re.split(r" {3,}", words)[0])


def test_every_command_that_a_page_names_is_one() -> None:
    known, wrong = get_command(app), []
    named = set(commands())
    assert len(named) > 100
    assert {"README.md", "finance.md", "rep.md", "ops.md"} <= {page for page, _ in named}
    # Parsed to the last option, and not run. A sentence may leave out what a command has to be told.
    with patch.object(typer.core.TyperCommand, "invoke", lambda *_: None), patch.dict(os.environ):
        for page, command in named:
            try:
                known(shlex.split(command, comments=True), prog_name="earnest", standalone_mode=False)
            except typer.BadParameter:
                continue
            except TyperException as error:
                # A command or an option that is named alone asks for the rest.
                if not str(error).startswith("Usage:") and not str(error).endswith("requires an argument."):
                    wrong.append((page, command, str(error)))
    assert wrong == []
