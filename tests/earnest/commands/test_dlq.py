"""`earnest dlq` over the dead letters of the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from typer.testing import CliRunner

from earnest.cli import app
from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError
from shared.contracts.topics import DEALS
from shared.database import engine_for
from shared.log import dead_letters, headers
from shared.log.open import open_log
from shared.log.port import Log, Partition, Record, Stored
from shared.log.step import Rejection
from shared.settings import Settings
from tests.databases import fresh_database


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[..., str]) -> Iterator[str]:
    """`postgresql://` URL of a database with all tables, which this test has for itself."""
    with fresh_database(postgres_server, template()) as url:
        yield url


@pytest.fixture
def scoring(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """A schema `scoring` with two dead letters and one parked record; the commands' settings point at its database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "olga").write_text("a key")
    monkeypatch.setenv("COLUMNS", "200")
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "scoring")
    with engine.begin() as connection:
        bad = [
            Rejection(
                stored=_stored("D-1", 3, b'{"amount": "12.30"}'), code="unknown_owner", message="nobody is called P-9"
            ),
            Rejection(stored=_stored("D-2", 4, b"not json"), code="bad_value", message="it is not JSON"),
        ]
        dead_letters.write(connection, "scoring.credit", rejections=bad, is_parked=False)
        behind = dead_letters.parked(_stored("D-1", 7, None))
        dead_letters.write(connection, "scoring.credit", rejections=[behind], is_parked=True)
    yield engine
    engine.dispose()


@pytest.fixture
def log(scoring: Engine, database_url: str) -> Iterator[Log]:
    log = open_log(Settings(database_url=database_url, kafka_bootstrap_servers=None))
    log.ensure([DEALS])
    yield log
    log.close()


def _stored(key: str, position: int, value: bytes | None) -> Stored:
    return Stored(Partition("deals", 5), position, Record(key, value, {"ce_id": f"e-{position}"}), 0.0)


def earnest(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["dlq", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_list_names_place_key_and_cause(scoring: Engine) -> None:
    listed = earnest("list")
    assert "deals[5] 3" in listed
    assert "nobody is called P-9" in listed
    assert listed.count("scoring.credit") == 3
    assert "occurred_at" in listed or "{" in listed  # what the record says, shortened


def test_a_letter_that_is_nested_too_deep_for_a_parser_is_listed_like_others(scoring: Engine) -> None:
    with scoring.begin() as connection:
        deep = Rejection(stored=_stored("D-3", 5, b"[" * 100_000), code="bad_value", message="it is nested too deep")
        dead_letters.write(connection, "scoring.credit", rejections=[deep], is_parked=False)
    assert "it is nested too deep" in earnest("list")


def test_the_list_can_be_read_in_a_terminal_of_80_columns(scoring: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = earnest("list")
    assert "unknown_owner: nobody is called P-9" in listed
    assert "scoring.credit at deals[5] 3, since" in listed


def test_the_list_is_narrowed_down(scoring: Engine) -> None:
    assert "D-1" not in earnest("list", "--code", "bad_value")
    assert earnest("list", "--service", "payout") == "No dead letters.\n"


def test_a_letter_is_shown_with_headers_and_value(scoring: Engine) -> None:
    shown = earnest("show", "scoring", "1")
    assert "unknown_owner: nobody is called P-9" in shown
    assert "ce_id: e-3" in shown
    assert '"amount": "12.30"' in shown
    assert "b'not json'" in earnest("show", "scoring", "2")


def test_a_replay_sends_a_letter_and_what_waits_behind_it_and_nothing_else(scoring: Engine, log: Log) -> None:
    assert "scoring: 2 sent again" in earnest("replay", "--code", "unknown_owner", "--as", "olga")
    sent = [stored.record for stored in log.scan(DEALS)]
    assert [(record.key, record.value) for record in sent] == [("D-1", b'{"amount": "12.30"}'), ("D-1", None)]
    assert [record.headers["ce_id"] for record in sent] == ["e-3", "e-7"]
    listed = earnest("list")
    assert "D-1" not in listed
    assert "D-2" in listed
    assert earnest("list", "--replayed").count("replayed") == 2
    assert " by olga\n" in earnest("show", "scoring", "1")


def test_a_letter_that_need_not_take_effect_is_closed_and_kept_and_what_waits_behind_it_is_sent(
    scoring: Engine, log: Log
) -> None:
    why = "the CRM has sent it again, right, as e-9"
    said = earnest("close", "--service", "scoring", "--id", "1", "--reason", why, "--as", "olga")
    assert said == "scoring: 1 is closed, 1 behind it sent again\n"
    assert [(stored.record.key, stored.record.value) for stored in log.scan(DEALS)] == [("D-1", None)]
    assert dead_letters.open_letters(scoring) == 1
    assert "D-1" not in earnest("list")
    assert f"closed: {why}" in earnest("list", "--replayed")
    shown = earnest("show", "scoring", "1")
    assert " by olga\n" in shown
    assert f"earnest-closed: {why}" in shown
    notes = [stored.record for stored in log.scan(DEALS.dead_letters)]
    assert [headers.is_note_of_replay(note) for note in notes] == [True, True]
    with scoring.connect() as connection:
        assert [replay.value for replay in dead_letters.read_replays(connection, DEALS)] == [b""]
    with pytest.raises(LocalError, match="scoring has no open dead letter 1"):
        earnest("close", "--service", "scoring", "--id", "1", "--reason", why, "--as", "olga")


def test_nobody_closes_a_letter_without_a_reason_or_a_key(scoring: Engine) -> None:
    for who, reason, says in (("olga", " ", "say why"), ("otto", "sent again", "there is no key")):
        with pytest.raises(LocalError, match=says):
            earnest("close", "--service", "scoring", "--id", "1", "--reason", reason, "--as", who)
    assert dead_letters.open_letters(scoring) == 3


def test_nobody_sends_letters_again_whom_the_installation_does_not_know(scoring: Engine, log: Log) -> None:
    with pytest.raises(LocalError, match=r"there is no key .*otto"):
        earnest("replay", "--as", "otto")
    assert not list(log.scan(DEALS))
