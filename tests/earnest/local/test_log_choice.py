"""Which log an installation uses: chosen once, because facts that are in one log are not in the other."""

from pathlib import Path

import pytest

from earnest.local.home import Home
from earnest.local.processes import LocalError
from earnest.local.system import KAFKA_SERVERS, LogKind, log_kind


@pytest.mark.parametrize(
    ("asked", "servers", "kind"),
    [
        (None, False, "postgres"),
        (None, True, "kafka"),
        ("kafka", False, "kafka"),
        ("kafka", True, "kafka"),
        ("postgres", True, "postgres"),
    ],
)
def test_the_first_start_chooses_and_later_ones_keep_to_it(
    asked: LogKind | None, servers: bool, kind: LogKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KAFKA_SERVERS, raising=False)
    if servers:
        monkeypatch.setenv(KAFKA_SERVERS, "127.0.0.1:9092")
    home = Home(tmp_path)
    assert log_kind(home, asked) == kind
    home.log_note.write_text(kind)
    monkeypatch.delenv(KAFKA_SERVERS, raising=False)
    assert log_kind(home, None) == kind
    other: LogKind = "kafka" if kind == "postgres" else "postgres"
    with pytest.raises(LocalError, match=f"was begun with --log {kind}"):
        log_kind(home, other)


def test_servers_of_a_broker_do_not_take_over_a_folder_begun_in_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.log_note.write_text("postgres")
    monkeypatch.setenv(KAFKA_SERVERS, "127.0.0.1:9092")
    with pytest.raises(LocalError, match="was begun with --log postgres"):
        log_kind(home, None)
