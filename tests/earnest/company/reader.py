"""Somebody who does what a page says, from its first block to its last, and looks whether it comes out as it says.

What stands behind the three ticks of a block tells what it is:

- `sh`: commands, which run in bash as they are written, one after the other.
- `console`: commands behind `$`, and below each some lines of what it prints.
- `text` right behind commands: what the last of them prints.
- a name behind the language (`yaml plans/rep.yaml`): a file. It is written; where a command wrote it, it is compared.

In what is shown, `…` stands for whatever is there.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.command_line import earnest

ROOT: Final = Path(__file__).resolve().parents[3]
PAGES: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELLS: Final = ("sh", "console")
_BLOCK = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EARNEST = re.compile(r"^\.venv/bin/earnest ")
_SETS = re.compile(r"^[A-Z_]+=")
_FRAMES = re.compile(r"[│┃━─┏┓┗┛┡┩┼┳┻├┤└┘┬┴╇]")


@dataclass(frozen=True)
class Block:
    """A block of a page: in which line it begins, what it is, and of which file; `follows` the block before at once."""

    line: int
    language: str
    name: str
    text: str
    follows: bool


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    end = 0
    for found in _BLOCK.finditer(text):
        line, follows = text.count("\n", 0, found.start()) + 1, not text[end : found.start()].strip()
        yield Block(line, found[1], name=found[2] or "", text=found[3], follows=follows)
        end = found.end()


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each whole however many lines it has, with the lines that are shown of what it prints."""
    if block.language == "console":
        for part in re.split(r"(?m)^\$ ", block.text)[1:]:
            command, *shown = part.strip().splitlines()
            yield command, shown
        return
    begun = ""
    for line in block.text.splitlines(keepends=True):
        begun += line
        checked = subprocess.run(["bash", "-n", "-c", begun], capture_output=True, text=True, check=False)
        if not checked.stderr and not begun.endswith("\\\n"):
            if begun.strip() and not begun.startswith("#"):
                yield begun.strip(), []
            begun = ""
    assert not begun, f"line {block.line}: an unfinished command: {begun}"


def is_simple(command: str) -> bool:
    """Whether it is one call of `earnest`, of which the shell only takes the words apart."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    return bool(_EARNEST.match(command)) and not any(set(word) <= set("();<>|&") for word in words)


def flat(text: str) -> str:
    """Text without the frames of tables and with single blanks."""
    return " ".join(_FRAMES.sub(" ", text).split())


def is_shown(shown: str, printed: str) -> bool:
    """Whether the lines that a page shows were printed, in this order."""
    lines = [".*?".join(map(re.escape, flat(line).split("…"))) for line in shown.splitlines()]
    return re.search(".*?".join(lines), flat(printed)) is not None


@dataclass
class Reader:
    """Reads pages beside a running installation, each in a folder of its own; `replaced` are words of pages that mean
    something else here. `failed` is what did not come out as a page says."""

    folder: Path
    home: Path
    urls: Mapping[str, str]
    replaced: dict[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def read(self, page: Path) -> None:
        """Do what the page says; what does not come out is in `failed`."""
        place = self.folder / page.stem
        place.mkdir()
        self._prepare(place)
        prelude: list[str] = []
        last = ""
        for block in blocks(page):
            where = f"{page.name}:{block.line}"
            if block.name:
                self._file(where, place / block.name, self._here(block.text))
            elif block.language == "text" and block.follows:
                if not is_shown(block.text, last):
                    self.failed.append(f"{where}: shown is\n{block.text}\nprinted was\n{last}")
            elif block.language in SHELLS:
                for command, shown in commands(block):
                    if next((begin for begin in self.elsewhere if command.startswith(begin)), None) is not None:
                        self.left_out.append(command)
                        continue
                    last = self._run(where, self._here(command), place, prelude)
                    for line in shown:
                        if not is_shown(self._here(line), last):
                            self.failed.append(f"{where}: {command}\nshows {line}\nprinted was\n{last}")

    def _here(self, text: str) -> str:
        for said, here in self.replaced.items():
            text = text.replace(said, here)
        return text

    def _prepare(self, place: Path) -> None:
        """What there is where somebody reads: the environment, the examples, the installation; and where its ports are."""
        for name in ("examples", "tests"):
            (place / name).symlink_to(ROOT / name)
        (place / ".venv").symlink_to(sys.prefix)
        (place / ".earnest").symlink_to(self.home)
        shutil.copytree(ROOT / "deploy", place / "deploy")
        usual = dict(zip(("ingest", "scoring", "payout", "alerts", "access"), range(8801, 8806), strict=True))
        ports = [
            f'connect-to = "127.0.0.1:{usual[name]}:{url.removeprefix("http://")}"' for name, url in self.urls.items()
        ]
        # An answer that refuses something is a failure: otherwise curl ends well with whatever it was answered.
        (place / ".curlrc").write_text("\n".join([*ports, "fail-with-body"]))

    def _file(self, where: str, file: Path, text: str) -> None:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            return
        written = file.read_text()
        if file.suffix == ".csv":
            # A page may show some columns of a file.
            shown, there = (list(csv.DictReader(each.splitlines())) for each in (text, written))
            same = shown == [{name: row.get(name, "") for name in shown[0]} for row in there]
        else:
            same = text == written
        if not same:
            self.failed.append(f"{where}: {file.name} is shown as\n{text}\nand is\n{written}")

    def _run(self, where: str, command: str, place: Path, prelude: list[str]) -> str:
        said = "\n".join(prelude)
        if is_simple(command):
            # bash says what the words are; the call itself is made here, where it takes no second to load.
            own = _EARNEST.sub("earnest ", command)
            words = self._bash(f"{said}\nearnest() {{ printf '%s\\0' \"$@\"; }}\n{own}", place).stdout
            done = earnest(*words.split("\0")[:-1], folder=place)
        else:
            done = self._bash(f"{said}\n{command}", place)
            if _SETS.match(command) and done.returncode == 0:
                prelude.append(command)
        if done.returncode != 0:
            self.failed.append(f"{where}: {command}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def _bash(self, text: str, place: Path) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "CURL_HOME": str(place), "PYTHONPATH": str(ROOT)}
        script = f"set -eu -o pipefail\n{text}"
        return subprocess.run(
            ["bash", "-c", script], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
