"""An assessed series in words and as a picture: the same bytes always, readable without colours and without eyes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest

from shared.charts import INK, MIDDLE, SOFT
from shared.drift.detection import assess
from shared.drift.picture import description, picture
from shared.drift.series import Alert, Assessment, Direction, Episode, Grain, Recovery, Rule, State, series_of
from shared.drift.words import Naming, headline, smallest_change

SVG = "{http://www.w3.org/2000/svg}"
DISCOUNT = Naming(title="Average discount, EUR", unit="ratio")
MONEY = Naming(title="Won a day", unit="money", currency="EUR")
MONDAY = date(2025, 1, 6)


def assessed(dates: list[date], values: list[float], *, normal: float, band: float, learning: int) -> Assessment:
    """A series whose expected value is known after some values; its scores wait for episodes."""
    known = np.arange(len(dates)) >= learning
    expected = np.where(known, normal, np.nan)
    return Assessment(
        series=series_of(dates, values),
        state=State.STEADY if known.any() else State.LEARNING,
        expected=expected,
        low=expected * (1 - band),
        high=expected * (1 + band),
        scores=np.where(known, 0.1, np.nan),
        states=[State.STEADY if each else State.LEARNING for each in known],
        episodes=[],
        transform="log",
        smallest_change=0.14 if known.any() else None,
        smallest_fall=0.13 if known.any() else None,
        within=6,
    )


def drifting(assessment: Assessment, *, onset: int, found: int, over: int | None = None, factor: float) -> Assessment:
    """With an episode that begins, is found and is over at places of the series, in which values are some times what
    they were."""
    days, inside = assessment.series.dates.tolist(), np.arange(len(assessment.series))
    drifts = (inside >= onset) & (inside < (over or len(inside)))
    score = 1.3 if factor > 1 else -1.3
    alert = Alert(
        detected_on=days[found],
        onset=days[onset],
        direction=Direction.UP if factor > 1 else Direction.DOWN,
        score=score,
        rule=Rule.CUSUM,
        value=float(assessment.expected[found] * factor),
        expected=float(assessment.expected[found]),
    )
    episode = Episode(
        alerts=(alert,), recovered_on=days[over] if over else None, recovery=Recovery.BACK if over else None
    )
    return replace(
        assessment,
        series=series_of(days, np.where(drifts, assessment.series.values * factor, assessment.series.values)),
        state=State.STEADY if over else State.DRIFTING,
        scores=np.where(drifts, score, assessment.scores),
        episodes=[*assessment.episodes, episode],
    )


def steady(*, weeks: int = 62) -> Assessment:
    """Thirteen percent, week by week."""
    dates = [MONDAY + timedelta(weeks=week) for week in range(weeks)]
    values = 0.13 * np.exp(np.random.default_rng(4).normal(0, 0.05, weeks))
    return assessed(dates, values.tolist(), normal=0.13, band=0.2, learning=13)


def discounts() -> Assessment:
    """Thirteen percent, and 21 from the 54th week on."""
    return drifting(steady(), onset=53, found=54, factor=1.62)


def days_in_three_years() -> Assessment:
    dates = [day for day in (MONDAY + timedelta(days=day) for day in range(1095)) if day.weekday() < 5]
    values = np.exp(np.random.default_rng(5).normal(np.log(60_000), 1, len(dates)))
    whole = assessed(dates, values.tolist(), normal=60_000, band=0.5, learning=40)
    whole = drifting(whole, onset=300, found=310, over=340, factor=1.6)
    return drifting(whole, onset=480, found=500, factor=0.7)


def texts(svg: bytes) -> list[str]:
    """What is written in a picture: letters are shapes, with the words beside them as comments."""
    return re.findall(r"<!-- (.*?) -->", svg.decode(), re.DOTALL)


@pytest.mark.parametrize(
    ("unit", "currency", "value", "beside", "text"),
    [
        ("ratio", "", 0.2412, 0.1304, "24%"),
        ("ratio", "", 0.1304, 0.2412, "13%"),
        ("ratio", "", 0.1304, 0.1187, "13.0%"),
        ("ratio", "", 0.00061, 0.00012, "0.061%"),
        ("ratio", "", 0.761194, 0.010534, "76%"),
        ("ratio", "", 0.010534, 0.761194, "1.1%"),
        ("ratio", "", 0.471, 0.13, "47%"),
        ("ratio", "", 1.374, 0.2, "137%"),
        ("money", "EUR", 50_027, 1_012_345, "50,000 EUR"),
        ("money", "EUR", 1_012_345, 50_027, "1,000,000 EUR"),
        ("number", "", 5, 500, "5"),
        ("ratio", "", 0.2412, None, "24.1%"),
        ("money", "EUR", 1_235_417.4, 1_100_000, "1,240,000 EUR"),
        ("money", "USD", 12.5, 9.75, "12.5 USD"),
        ("days", "", 42.3, 35, "42 days"),
        ("number", "", 7.26, 4.1, "7.3"),
        ("records", "", 1_204, None, "1,200 records"),
        ("number", "", 0.0, None, "0"),
        ("number", "", -0.2, 40, "-0.20"),
        ("number", "", 1e-17, 40, "0"),
        ("number", "", 0.0, 3.0, "0"),
    ],
)
def test_a_figure_has_as_many_digits_as_tell_it_from_another(
    unit: str, currency: str, value: float, beside: float | None, text: str
) -> None:
    assert Naming(title="x", unit=unit, currency=currency).figure(value, beside=beside) == text  # type: ignore[arg-type]


def test_a_headline_says_what_was_seen_since_when_and_what_was_expected() -> None:
    assert headline(discounts(), DISCOUNT) == "Average discount, EUR: 21% since 12 January, expected 13%"
    assert headline(steady(), DISCOUNT) == "Average discount, EUR: as expected"
    assert headline(steady(weeks=8), DISCOUNT).endswith("too little is known yet to say what is normal")


def test_a_headline_says_of_earlier_years_which_year_and_of_months_the_month() -> None:
    drifts = discounts()
    episode = drifts.episodes[-1]
    old = replace(episode.alerts[-1], onset=date(2025, 12, 29))
    moved = replace(drifts, episodes=[replace(episode, alerts=(old,))])
    assert "since 29 December 2025, expected" in headline(moved, DISCOUNT)
    months = assessed(
        [date(2024 + month // 12, month % 12 + 1, 1) for month in range(30)],
        [40.0] * 30,
        normal=40,
        band=0.1,
        learning=12,
    )
    assert headline(drifting(months, onset=24, found=25, factor=1.5), Naming(title="Sales cycle", unit="days")) == (
        "Sales cycle: 60 days since January, expected 40 days"
    )


@pytest.mark.parametrize(
    ("recovery", "says"),
    [
        (Recovery.BACK, "Average discount, EUR: as expected again since 2 March"),
        (Recovery.NEW_NORMAL, "Average discount, EUR: a new normal since 2 March"),
    ],
)
def test_a_headline_says_why_a_change_is_over(recovery: Recovery, says: str) -> None:
    drifts = discounts()
    over = replace(drifts.episodes[-1], recovered_on=date(2026, 3, 2), recovery=recovery)
    assert headline(replace(drifts, state=State.RECOVERED, episodes=[over]), DISCOUNT) == says


def test_a_suspicion_is_no_alarm() -> None:
    suspect = replace(steady(), state=State.SUSPECT, scores=np.array([0.0, -0.7]))
    assert headline(suspect, DISCOUNT) == "Average discount, EUR: perhaps lower than expected, not yet an alarm"


def test_what_was_seen_and_expected_are_both_plain_means() -> None:
    """Of values that scatter by logarithms the plain mean is higher than the middle by two thirds, the seen one as well
    as the expected one: a fall by 30 percent reads as one."""
    days = days_in_three_years()
    far = replace(days, low=days.expected * np.exp(-1.96), high=days.expected * np.exp(1.96))
    found = re.search(r": ([\d,]+) EUR since .* expected ([\d,]+) EUR", headline(far, MONEY))
    assert found is not None
    seen, expected = (int(text.replace(",", "")) for text in found.groups())
    assert seen == pytest.approx(days.series.values[480:].mean(), rel=0.02)
    assert expected == pytest.approx(60_000 * np.exp(0.5), rel=0.03)
    assert seen / expected == pytest.approx(0.7, abs=0.05)


def test_a_picture_marks_when_a_change_began_and_was_found_and_says_so_to_a_screen_reader() -> None:
    svg = picture(discounts(), "svg", naming=DISCOUNT)
    written = texts(svg)
    assert "began about 12 January" in written
    assert "found 19 January" in written
    assert {"seen", "expected", "where 19 of 20 weeks lie", "drift score", "limit"} <= set(written)
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], told.attrib["id"]]
    assert title.text == "Average discount, EUR: 21% since 12 January, expected 13%"
    assert told.text == description(discounts())
    assert "A change up began about 12 January 2026, found 19 January 2026." in (told.text or "")


def test_what_a_whole_week_shows_is_found_on_its_last_day_and_began_on_its_first() -> None:
    weekly = discounts()
    known = replace(weekly, series=replace(weekly.series, ends=weekly.series.dates + np.timedelta64(6, "D")))
    assert "began about 12 January 2026, found 25 January 2026." in description(known)
    assert description(known).startswith("Values from 6 January 2025 to 15 March 2026")
    written = texts(picture(known, "svg", naming=DISCOUNT))
    assert "began about 12 January" in written
    assert "found 25 January" in written
    assert known.series.known_on(date(2026, 1, 12)) == date(2026, 1, 18)
    assert known.series.until(date(2026, 1, 17)).dates[-1].item() == date(2026, 1, 5)
    over = drifting(steady(), onset=20, found=22, over=30, factor=1.62)
    over = replace(over, state=State.RECOVERED, series=known.series)
    assert headline(over, DISCOUNT).endswith("as expected again since 10 August 2025")
    assert description(over).count("over on 10 August 2025") == 1


def test_a_picture_needs_no_font_and_no_colour() -> None:
    svg = picture(days_in_three_years(), "svg", naming=MONEY).decode()
    assert "<text" not in svg
    assert "font-family" not in svg
    shades = set(re.findall(r"#[0-9a-f]{6}", svg))
    assert shades == {INK, MIDDLE, SOFT, "#ffffff"}


def test_a_picture_of_years_of_days_shows_weekly_means_and_earlier_changes() -> None:
    days = days_in_three_years()
    assert len(days.episodes) >= 2
    written = texts(picture(days, "svg", naming=MONEY))
    assert {"a day", "seen, mean of a week", "an earlier change", "where 19 of 20 days lie", "EUR"} <= set(written)
    began = days.episodes[-1].alerts[0].onset
    later = texts(picture(days, "svg", naming=MONEY, since=began - timedelta(days=30)))
    assert "an earlier change" not in later
    assert any(text.startswith("began about") for text in later)
    assert not any(
        text.startswith("began about")
        for text in texts(picture(days, "svg", naming=MONEY, since=began + timedelta(days=60)))
    )


def test_a_picture_is_made_of_any_series() -> None:
    nothing = assessed([], [], normal=1, band=1, learning=0)
    weeks = steady(weeks=30)
    unknown = replace(weeks, series=series_of(weeks.series.dates, [np.nan] * 30))
    alone = assessed([MONDAY], [0.1], normal=1, band=1, learning=1)
    for assessment in (nothing, unknown, alone, steady(weeks=8)):
        for form, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
            assert picture(assessment, form, naming=DISCOUNT).startswith(begins)  # type: ignore[arg-type]
    assert "learning" in texts(picture(steady(weeks=8), "svg", naming=DISCOUNT))


def test_a_band_that_is_wide_is_cut_off_so_that_what_was_seen_is_no_flat_line() -> None:
    discount = discounts()
    wide = replace(discount, high=np.where(np.arange(len(discount.high)) == 50, 40.0, discount.high))
    ticks = [
        float(text[:-1]) for text in texts(picture(wide, "svg", naming=DISCOUNT)) if re.fullmatch(r"[\d.]+%", text)
    ]
    assert len(ticks) > 3
    assert max(ticks) < 35


def test_a_title_of_a_stranger_stays_text() -> None:
    svg = picture(discounts(), "svg", naming=Naming(title='<script>&"$x^2$', unit="ratio"))
    title = ElementTree.fromstring(svg).find(f"{SVG}title")
    assert title is not None
    assert (title.text or "").startswith('<script>&"$x^2$')
    assert any("$x^2$" in text for text in texts(svg))


def test_where_falling_is_no_alarm_there_is_no_limit_below() -> None:
    rising = discounts()
    assert texts(picture(rising, "svg", naming=DISCOUNT)).count("limit") == 2
    fell = replace(rising, scores=np.where(np.arange(len(rising.scores)) == 40, -1.4, rising.scores))
    assert texts(picture(fell, "svg", naming=DISCOUNT)).count("limit") == 1
    shock = Alert(
        detected_on=MONDAY,
        onset=MONDAY,
        direction=Direction.DOWN,
        score=-40.0,
        rule=Rule.SHEWHART,
        value=0.01,
        expected=0.13,
    )
    fell = replace(fell, episodes=[Episode(alerts=(shock,)), *rising.episodes])
    assert texts(picture(fell, "svg", naming=DISCOUNT)).count("limit") == 2


PROGRAM = """
import sys
from tests.shared.drift.test_words_and_picture import DISCOUNT, discounts
from shared.drift.picture import picture
for form in ("svg", "png"):
    sys.stdout.buffer.write(picture(discounts(), form, naming=DISCOUNT))
"""


def test_the_same_series_gives_the_same_bytes_in_every_process() -> None:
    here = b"".join(picture(discounts(), form, naming=DISCOUNT) for form in ("svg", "png"))  # type: ignore[arg-type]
    other = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONHASHSEED": "7", "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"},
        capture_output=True,
        check=True,
    )
    assert other.stdout == here
    assert b"atplotlib" not in here.partition(b"\x89PNG")[0].replace(b'id="matplotlib.axis', b"")


def test_the_smallest_change_that_is_found_is_said_with_its_time() -> None:
    known = steady()
    for rise, fall, said in (
        (0.14, 0.13, "change by 14% or more of what is expected is found within 6 weeks half of the times."),
        (
            0.9,
            0.45,
            "rise by 90% or a fall by 45% or more of what is expected is found within 6 weeks half of the times.",
        ),
        (
            2.5,
            None,
            "rise by 250% or more of what is expected is found within 6 weeks half of the times, and a fall to "
            "none later.",
        ),
    ):
        assert smallest_change(replace(known, smallest_change=rise, smallest_fall=fall)) == f"A lasting {said}"
    assert smallest_change(steady(weeks=8)) is None
    assert discounts().series.grain is Grain.WEEK


def test_what_may_be_a_season_is_told_as_that() -> None:
    weeks = [date(2022, 1, 31) + timedelta(weeks=week) for week in range(60)]
    said = set()
    for seed in range(30):
        values = 100 * np.random.default_rng([seed, 26]).lognormal(0, 0.12, 60) * np.where(np.arange(60) < 26, 1, 1.3)
        for count in (46, 52):
            said.add(headline(assess(series_of(weeks[:count], values[:count])), Naming(title="Sales")))
    assert "Sales: higher than expected, which may be a season: the same time of the year before is not known" in said
