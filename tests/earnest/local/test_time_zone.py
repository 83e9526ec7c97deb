"""The time zone of an installation: said once, because by another one the next instant would be of another date."""

from pathlib import Path

import pytest

from earnest.local.home import Home
from earnest.local.processes import LocalError
from earnest.local.system import TIME_ZONE, time_zone


def test_the_first_start_says_the_zone_and_later_ones_keep_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    monkeypatch.delenv(TIME_ZONE, raising=False)
    assert time_zone(home) == "UTC"
    monkeypatch.setenv(TIME_ZONE, "Europe/Berlin")
    assert time_zone(home) == "Europe/Berlin"
    home.time_zone.write_text("Europe/Berlin")
    assert time_zone(home) == "Europe/Berlin"
    monkeypatch.delenv(TIME_ZONE)
    assert time_zone(home) == "Europe/Berlin"
    monkeypatch.setenv(TIME_ZONE, "America/New_York")
    with pytest.raises(LocalError, match="was begun with EARNEST_TIME_ZONE=Europe/Berlin"):
        time_zone(home)


def test_a_zone_that_there_is_not_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIME_ZONE, "Europe/Atlantis")
    with pytest.raises(LocalError, match="there is no time zone 'Europe/Atlantis'"):
        time_zone(Home(tmp_path))
