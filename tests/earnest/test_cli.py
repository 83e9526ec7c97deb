"""The command line: quick, plain about errors, and careful with what it deletes."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from earnest.cli import main
from earnest.hints import as_called, called_with
from earnest.local.claims import claim_folder
from earnest.local.home import Home
from earnest.local.keys import PRINCIPALS
from shared.access.callers import Callers
from shared.access.key_file import KeyFile

HEAVY = {"polars", "sqlalchemy", "fastapi", "kafka", "psycopg", "pydantic", "alembic", "httpx", "duckdb"}


def earnest(*arguments: str | Path, home: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line with an installation's folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EARNEST_")}
    if home:
        environment["EARNEST_HOME"] = str(home)
    command = [sys.executable, "-m", "earnest.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


def test_help_comes_without_loading_what_is_heavy() -> None:
    program = "import sys, earnest.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
    assert "Commands:" in earnest("--help").stdout


def test_an_error_is_one_line_and_exit_code_one(home: Home) -> None:
    with claim_folder(home.path):
        done = earnest("reset", "--yes", home=home.path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"earnest: {home.path} is in use by process {os.getpid()}: stop it first (`earnest down`), or choose another folder"
    ]


def test_an_error_that_nobody_expected_leaves_its_details_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    done = earnest("up", home=tmp_path / "home")
    assert (done.returncode, done.stderr) == (1, f"earnest: {tmp_path / 'home'}: File exists\n")  # a file says itself
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "environment.json").write_text("[")
    done = earnest("status", home=tmp_path / "broken")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    details = Path(line.rpartition("(details: ")[2].rstrip(")"))
    assert "Traceback" in details.read_text()
    details.unlink()


@pytest.mark.parametrize("command", [["verify"], ["dlq", "list"], ["dlq", "replay"], ["payout", "list"]])
def test_a_command_beside_an_installation_that_does_not_run_says_how_to_start_it(
    home: Home, command: list[str]
) -> None:
    nobody = "postgresql://earnest@127.0.0.1:1/earnest"
    home.note({"DATABASE_URL": nobody, "EARNEST_PAYOUT_URL": "http://127.0.0.1:1"})
    done = earnest(*command, home=home.path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "run `earnest up` in another terminal" in line


def test_reset_says_what_it_deletes_and_keeps_it_unless_told_yes(home: Home) -> None:
    asked = earnest("reset", home=home.path, given="n\n")
    assert str(home.path) in asked.stdout.replace("\n", "")
    assert "payroll files" in asked.stdout
    assert home.keys_file.exists()
    done = earnest("reset", "--yes", home=home.path)
    assert done.returncode == 0
    assert not home.path.exists()


def test_reset_touches_no_folder_that_is_not_an_installation(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "nothing to delete" in earnest("reset", "--yes", home=tmp_path).stdout
    assert (tmp_path / "thesis.txt").exists()


def test_down_with_nothing_running_says_so(home: Home) -> None:
    assert "Nothing runs in" in earnest("down", home=home.path).stdout


def test_the_services_know_every_key_of_the_folder_and_its_scopes(home: Home) -> None:
    ring = Callers(KeyFile(home.keys_file))
    for name, scopes in PRINCIPALS.items():
        principal = ring.caller(home.key(name))
        assert principal is not None
        assert (principal.name, principal.scopes) == (name, frozenset(scopes))
        assert (home.path / "keys" / name).stat().st_mode & 0o777 == 0o600


def test_keys_stay_when_the_folder_is_made_again(home: Home) -> None:
    before = [home.key(name) for name in PRINCIPALS]
    home.make()
    assert [home.key(name) for name in PRINCIPALS] == before


def test_who_prepares_a_run_cannot_approve_it() -> None:
    assert [name for name, scopes in PRINCIPALS.items() if {"runs:write", "runs:approve"} <= set(scopes)] == []


def test_whoever_acts_on_alerts_in_the_docs_may_and_finance_reads_them() -> None:
    written = (Path(__file__).parents[2] / "docs" / "ops.md").read_text()
    actors = re.findall(r"^\.venv/bin/earnest alerts .* --as (\w+)", written, flags=re.MULTILINE)
    assert actors
    assert {"alerts:read", "alerts:write"} <= set.intersection(*(set(PRINCIPALS[name]) for name in (*actors, "ops")))
    for name in ("dana", "frank", "carla"):
        assert {scope for scope in PRINCIPALS[name] if scope.startswith("alerts:")} == {"alerts:read"}


def test_an_installation_of_an_earlier_version_gets_the_keys_that_are_new(home: Home) -> None:
    held = [entry for entry in json.loads(home.keys_file.read_text()) if entry["name"] not in ("payout", "crm")]
    home.keys_file.write_text(json.dumps(held))
    (home.path / "keys" / "payout").unlink()
    before = home.key("dana")
    home.make()
    ring = Callers(KeyFile(home.keys_file))
    found = ring.caller(home.key("payout"))
    assert found is not None
    assert found.scopes == {"earnings:read"}
    assert ring.caller(home.key("crm")) is None, "somebody took it out: it stays out"
    assert home.key("dana") == before
    assert ring.caller(before) is not None


def test_a_start_that_was_cut_off_while_keys_were_made_is_made_good(home: Home) -> None:
    (home.path / "keys" / "payout").rename(home.path / "keys" / "payout.new")
    home.make()
    assert Callers(KeyFile(home.keys_file)).caller(home.key("payout")) is not None
    assert not (home.path / "keys" / "payout.new").exists()


@pytest.mark.parametrize(
    ("called", "home", "says"),
    [
        ("earnest", None, "run `earnest up`"),
        (".venv/bin/earnest", None, "run `.venv/bin/earnest up`"),
        (".venv/bin/earnest", "my folder", "run `.venv/bin/earnest --home 'my folder' up`"),
        ("/somewhere/bin/earnest", "h", "run `/somewhere/bin/earnest --home h up`"),
    ],
)
def test_a_hint_repeats_how_the_command_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, home: str | None, says: str
) -> None:
    monkeypatch.delenv("EARNEST_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [called, *(["--home", home] if home else []), "payout", "list"])
    erred = io.StringIO()
    with contextlib.redirect_stderr(erred), pytest.raises(SystemExit):
        main()
    assert says in erred.getvalue()


def test_hints_are_for_words_that_are_commands_and_leave_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/earnest"])
    called_with(None)
    assert as_called("Next: earnest payout submit run-1") == "Next: .venv/bin/earnest payout submit run-1"
    assert (
        as_called("/opt/earnest calc, .earnest keys, Earnest pays") == "/opt/earnest calc, .earnest keys, Earnest pays"
    )


def test_the_version_is_that_of_the_package() -> None:
    assert earnest("--version").stdout == f"earnest {version('earnest')}\n"
