"""The real programs that read what we write: hledger, ledger, bean-check, LibreOffice, OpenSSH and GnuPG.

They are fetched once from Debian's packages when they are missing. A machine without them skips these tests, which
fails in CI.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PEERS = ("hledger", "ledger", "bean-check", "soffice", "sftp", "sftp-server", "gpg")
EVERY_SHEET_AS_RAW_VALUES = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
TEXT = {".csv", ".tsv", ".txt"}

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Sheets = dict[str, list[list[str]]]
"""The sheets of a spreadsheet by name; each is its rows, and a row is what its cells hold."""


def fetch_peers() -> None:
    """Bring the programs beside the interpreter, unless they are there."""
    if None in map(shutil.which, PEERS):
        command = [REPOSITORY / "deploy" / "get_peers.sh", Path(sys.prefix) / "bin"]
        got = subprocess.run(command, capture_output=True, text=True, check=False)
        if got.returncode or None in map(shutil.which, PEERS):
            pytest.skip(f"one of {', '.join(PEERS)} is missing and could not be fetched: {got.stdout}{got.stderr}")


@pytest.fixture(scope="session")
def peer() -> Run:
    """Run a peer with arguments and standard input; what it says when it refuses is the failure of the test."""
    fetch_peers()

    def run(
        program: str, *arguments: str | Path, stdin: str | None = None, refuses: bool = False
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is refuses, f"{program} says: {done.stdout}{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def opened_by_libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[Path, Sheets]]:
    """What LibreOffice sees in files: give many at once, since it starts slowly. Text files say how they are separated."""
    fetch_peers()
    profile = tmp_path_factory.mktemp("libreoffice")

    def opened(paths: Iterable[Path], separator: str = ",", encoding: int = 76) -> dict[Path, Sheets]:
        found: dict[Path, Sheets] = {}
        texts = [path for path in paths if path.suffix in TEXT]
        others = [path for path in paths if path.suffix not in TEXT]
        reader = f"Text - txt - csv (StarCalc):{ord(separator)},34,{encoding},1"
        for group, options in ((texts, [f"--infilter={reader}"]), (others, [])):
            if group:
                found |= _convert(group, options, profile)
        return found

    return opened


def _convert(paths: Sequence[Path], options: Sequence[str], profile: Path) -> dict[Path, Sheets]:
    """Open files of one kind in one start; each gets a name of its own, since a folder of results is flat."""
    with tempfile.TemporaryDirectory() as folder:
        named = {path: Path(folder, f"{number:06}{path.suffix}") for number, path in enumerate(paths)}
        for path, copy in named.items():
            shutil.copy(path, copy)
        results = Path(folder, "results")
        command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", *options]
        command += ["--convert-to", EVERY_SHEET_AS_RAW_VALUES, "--outdir", str(results), *map(str, named.values())]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=240)
        found = {path: _sheets(results, copy.stem) for path, copy in named.items()}
        assert all(found.values()), f"LibreOffice says: {done.stdout}{done.stderr}"
        return found


def _sheets(results: Path, stem: str) -> Sheets:
    """The sheets that came out of one file."""
    sheets: Sheets = {}
    for path in sorted(results.glob(f"{stem}-*.csv")):
        with path.open(encoding="utf-8", newline="") as text:
            sheets[path.stem.removeprefix(f"{stem}-")] = list(csv.reader(text))
    return sheets
