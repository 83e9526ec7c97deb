"""How a source writes values, and what is read of them: nothing is guessed."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ingest.mapping import Source
from shared.contracts.deals import DealFields
from shared.value_rules import Kind, Notation, Unreadable, ValueRule, id_of_name

GERMAN = {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize(
    ("rule", "text", "read"),
    [
        ({}, "1234.50", "1234.50"),
        ({}, "(1234.50)", "-1234.50"),
        ({}, "100.00-", "-100.00"),
        ({}, "1.5e3", "1500"),
        (GERMAN, "1.234.567,80", "1234567.80"),
        (GERMAN, "-12,5", "-12.5"),
        (GERMAN, "6,5 %", "6.5%"),
        ({"thousands": " ", "decimal": ","}, "1\u202f234,50", "1234.50"),
        ({"thousands": ","}, "12,34,567.00", "1234567.00"),
        ({"currency_signs": "$", "thousands": ","}, "-$1,200.00", "-1200.00"),
        ({"currency_signs": ["EUR", "€"], **GERMAN}, "1.200,00 €", "1200.00"),
        ({"round": 2}, "10.005", "10.01"),
        ({"round": 2}, "-10.005", "-10.01"),
        ({"round": 2}, "10.5", "10.5"),
        ({"round": 0}, "2.5", "3"),
        ({"round": 2, "scale": -2}, "100050", "1000.50"),
        ({"null": ["NULL", "N/A", "-"]}, "N/A", None),
        ({"values": {"zero": "0"}}, "zero", "0"),
        ({"values": {True: "1", False: "0"}}, "false", "0"),
        ({"thousands": "'"}, "−1’234.50", "-1234.50"),
        ({}, "", None),
    ],
)
def test_a_number_is_read_as_its_source_writes_it(rule: dict[str, object], text: str, read: str | None) -> None:
    assert ValueRule.model_validate(rule).read(text, "number").value == read


@pytest.mark.parametrize(
    ("rule", "text", "why"),
    [
        (GERMAN, "1,234.50", "has a point|groups its digits"),
        ({"decimal": ","}, "1.234", "is it for thousands"),
        (GERMAN, "1.5", "groups its digits otherwise"),
        ({"thousands": ","}, "1,5", "groups its digits otherwise"),
        ({"currency_signs": "$"}, "€ 5", "currency signs \\$"),
        ({}, "12 50", "not a number"),
        ({"yes": "oui", "no": "non"}, "peut-être", "none of oui, non"),
        ({"format": ["%d/%m/%Y", "%m/%d/%Y"]}, "03/04/2025", "2025-04-03 or 2025-03-04"),
        ({"format": "%d.%m.%Y"}, "tomorrow", "not written as dates are here .%d.%m.%Y, as 31.12.2025"),
        ({"format": "unix_ms"}, "1e99", "not written as dates are here .unix_ms."),
        ({"format": "unix"}, "1743463800000", "not written as dates are here .unix."),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(rule: dict[str, object], text: str, why: str) -> None:
    kind: Kind = "yes_no" if "yes" in rule else "date" if "format" in rule else "number"
    with pytest.raises(Unreadable, match=why):
        ValueRule.model_validate(rule).read(text, kind)


@pytest.mark.parametrize(
    ("form", "text", "read"),
    [
        (None, "1996-07-04 00:00:00.000", "1996-07-04 00:00:00.000"),
        ("%d.%m.%Y", "31.12.2025", "2025-12-31"),
        (["%d.%m.%Y", "%d.%m.%y"], "31.12.25", "2025-12-31"),
        ("%m/%d/%Y %H:%M", "12/1/2010 8:26", "2010-12-01"),
        ("%m/%d/%Y %H:%M %z", "12/1/2010 8:26 +0100", "2010-12-01T08:26:00+01:00"),
        (["%d/%m/%Y", "%m/%d/%Y"], "31/12/2025", "2025-12-31"),
        ("%d.%m.%Y", "2025-12-31", "2025-12-31"),
    ],
)
def test_dates_are_read_by_their_forms(form: str | list[str] | None, text: str, read: str) -> None:
    assert ValueRule(format=form).read(text, "date").value == read


NEW_YORK, UTC = "America/New_York", "UTC"
LATE = "1743463800"
"""2025-03-31 23:30 in UTC, half past seven in the evening in New York."""


@pytest.mark.parametrize(
    ("rule", "text", "day", "instant"),
    [
        ({"format": "unix"}, LATE, "2025-03-31T23:30:00+00:00", "2025-03-31T23:30:00+00:00"),
        ({"format": "unix_ms"}, LATE + "250", "2025-03-31T23:30:00.250000+00:00", "2025-03-31T23:30:00.250000+00:00"),
        ({"format": "unix", "zone": NEW_YORK}, LATE, "2025-03-31", "2025-03-31T23:30:00+00:00"),
        ({"format": "unix", "zone": "Asia/Tokyo"}, LATE + ".75", "2025-04-01", "2025-03-31T23:30:00.750000+00:00"),
        # Midnight in UTC is how some systems write a date: read elsewhere it would be the day before.
        ({"format": "unix_ms", "zone": UTC}, "1743379200000", "2025-03-31", "2025-03-31T00:00:00+00:00"),
        ({"zone": "Asia/Tokyo"}, "2025-03-31T23:30:00Z", "2025-04-01", "2025-03-31T23:30:00+00:00"),
        ({"zone": NEW_YORK}, "2025-03-31 23:30:00", "2025-03-31", "2025-03-31T23:30:00-04:00"),
        ({"zone": NEW_YORK}, "2025-03-31", "2025-03-31", "2025-03-31T00:00:00-04:00"),
        ({"zone": NEW_YORK, "format": "%d.%m.%Y %H:%M"}, "31.3.2025 8:15", "2025-03-31", "2025-03-31T08:15:00-04:00"),
        ({"format": "%d.%m.%Y"}, "31.3.2025", "2025-03-31", "2025-03-31"),
        ({"format": ["unix_ms", "%Y-%m-%d"]}, "2025-03-31", "2025-03-31", "2025-03-31"),
        # What is beyond all years stays, for validation to name.
        ({"zone": NEW_YORK}, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ({"format": "unix", "null": "0"}, "0", None, None),
    ],
)
def test_an_instant_is_of_the_day_that_its_zone_says(
    rule: dict[str, object], text: str, day: str | None, instant: str | None
) -> None:
    read = ValueRule.model_validate(rule).read
    assert (read(text, "date").value, read(text, "instant").value) == (day, instant)


def test_seconds_and_milliseconds_are_not_guessed_at() -> None:
    with pytest.raises(Unreadable, match="leave open which"):
        ValueRule.model_validate({"format": ["unix", "unix_ms"], "zone": UTC}).read(LATE, "date")


def test_a_zone_that_there_is_not_is_told() -> None:
    with pytest.raises(
        ValidationError, match=re.escape("there is no time zone 'Berlin'; write one like Europe/Berlin")
    ):
        Notation(zone="Berlin")


def test_what_a_source_says_of_rounding_holds_for_money_and_not_for_a_rate() -> None:
    source = Notation(round=2)
    assert ValueRule().read("0.125", "money", notation=source).value == "0.13"
    assert ValueRule().read("0.125", "number", notation=source).value == "0.125"


def test_names_and_words_that_yaml_takes_for_values_are_the_words() -> None:
    said = {None: [None, "N/A"], True: ["oui", 1], False: [False]}
    notation = Notation.model_validate(said)
    assert (notation.null, notation.yes, notation.no) == (("NULL", "Null", "null", "N/A"), ("oui", "1"), ("false",))
    assert ValueRule.model_validate({"values": {1: "won", 0: "lost"}}).read("1", "text").value == "won"


def test_midnight_with_or_without_fractions_is_a_date_on_every_road() -> None:
    for text in ("1996-07-04 00:00:00.000", "1996-07-04T00:00:00", "1996-07-04 00:00"):
        assert str(DealFields.model_validate({"close_date": text}).close_date) == "1996-07-04"
    with pytest.raises(ValidationError, match="needs a time zone"):
        DealFields.model_validate({"close_date": "1996-07-04 17:30:00"})


def test_a_rule_says_what_it_says_and_its_source_the_rest() -> None:
    source = Notation(null="NULL", decimal=",", yes="ja", no="nein")
    assert ValueRule(null="-").read("NULL", "text", notation=source).value == "NULL"
    assert ValueRule(decimal=".").read("1.5", "number", notation=source).value == "1.5"
    assert ValueRule().read("JA", "yes_no", notation=source).value == "yes"


def test_a_form_without_directives_is_told_how_it_is_written() -> None:
    with pytest.raises(ValidationError, match=re.escape("write 31.12.2025 as %d.%m.%Y")):
        Notation(format="dd.mm.yyyy")


@given(st.decimals(-(10**12), 10**12, places=4), st.integers(0, 4))
def test_rounding_is_half_away_from_zero_and_says_what_it_was(number: Decimal, places: int) -> None:
    reading = ValueRule(round=places).read(f"{number:f}", "number")
    assert reading.value is not None
    step = Decimal(1).scaleb(-places)
    assert abs(Decimal(reading.value) - number) <= step / 2
    assert (reading.unrounded is None) == (Decimal(reading.value) == number)
    if abs(number % step) == step / 2:
        assert abs(Decimal(reading.value)) > abs(number)


def test_names_become_ids_without_accents_or_spaces() -> None:
    assert [id_of_name(name) for name in ("Zoë Quinn", "Mei-Mei O'Hara")] == ["zoe.quinn", "mei.mei.o.hara"]
    names = ("Jürgen Strauß", "Søren Ærø", "Łukasz Đoković", "ØRSTED", "İnci Işık", "Þór")
    assert [id_of_name(name) for name in names] == [
        "jurgen.strauss",
        "soren.aero",
        "lukasz.dokovic",
        "orsted",
        "inci.isik",
        "thor",
    ]


@pytest.mark.parametrize("name", ["Иван Smith", "李 Li", "---", ""])
def test_a_name_of_which_letters_would_be_lost_becomes_no_id(name: str) -> None:
    with pytest.raises(Unreadable, match="name a column of ids"):
        id_of_name(name)


def test_a_webhook_source_has_the_same_words() -> None:
    source = Source.model_validate(
        {"source": "erp", "deal_id": "$.id", "notation": {"decimal": ",", "thousands": ".", "round": 2}}
        | {"fields": {"amount": "$.sum", "owner": {"path": "$.who", "null": ["NULL"]}}}
    )
    fields = [
        source.translate({"id": "A", "sum": amount, "who": who}, "d", occurred_at="x").events[0]["data"]["fields"]
        for amount, who in (("1.234,505", "ann"), ("7", "NULL"))
    ]
    assert fields == [{"amount": "1234.51", "owner": "ann"}, {"amount": "7", "owner": None}]
