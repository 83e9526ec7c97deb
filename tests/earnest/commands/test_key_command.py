"""Who may do what is set from the command line; the services' file never holds a key itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earnest.cli import app
from earnest.local.home import Home
from shared.access.callers import Callers
from shared.access.key_file import KeyFile


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path))
    made = Home(tmp_path)
    made.make()
    return made


def key(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["key", *arguments])
    return done.exit_code, done.output + str(done.exception or "")


def test_an_approver_is_given_a_role_and_keeps_everything_else(home: Home) -> None:
    before = home.key("frank")
    assert key("set", "frank", "--role", "controller") == (0, "frank is changed\n")
    frank = Callers(KeyFile(home.keys_file)).caller(before)
    assert frank is not None
    assert (frank.approves_as, "runs:approve" in frank.scopes) == ({"controller"}, True)


def test_a_new_person_gets_a_key_of_their_own_which_services_know_by_its_hash_only(home: Home) -> None:
    code, said = key("set", "erin", "--scope", "runs:approve", "--role", "cfo", "--pay-group", "monthly")
    assert (code, str(home.path / "keys" / "erin") in said) == (0, True), said
    plain = home.key("erin")
    text = home.keys_file.read_text()
    assert (plain in text, hashlib.sha256(plain.encode()).hexdigest() in text) == (False, True)
    erin = Callers(KeyFile(home.keys_file)).caller(plain)
    assert erin is not None
    assert (erin.scopes, erin.approves_as, erin.grants[0].pay_groups) == ({"runs:approve"}, {"cfo"}, {"monthly"})
    code, said = key("list")
    assert (code, "erin" in said, plain in said) == (0, True, False)


def test_a_key_that_is_taken_back_stays_away_also_when_the_installation_starts_again(home: Home) -> None:
    before = home.key("frank")
    assert key("remove", "frank")[0] == 0
    home.make()
    assert Callers(KeyFile(home.keys_file)).caller(before) is None
    assert "frank" not in {entry["name"] for entry in json.loads(home.keys_file.read_text())}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("set", "erin"), "say with --scope what it may do"),
        (("set", "erin", "--scope", "everything"), "there is no scope everything"),
        (("set", "../erin", "--scope", "ops"), "cannot be the name of a key"),
        (("remove", "erin"), "erin has no key"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(home: Home, arguments: tuple[str, ...], why: str) -> None:
    before = home.keys_file.read_text()
    code, said = key(*arguments)
    assert (code, why in said) == (1, True), said
    assert home.keys_file.read_text() == before
