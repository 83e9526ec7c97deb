"""Every payroll layout, written here and read with a reader of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payout.exports.files import File
from services.payout.payroll.batch import write
from services.payout.payroll.errors import LinesRefused
from services.payout.payroll.formats import FORMATS, PayrollFormat
from services.payout.payroll.line import PayrollLine
from shared.money import from_minor
from tests.services.payout.payroll.payroll_worlds import HEAD, READERS, SETTINGS, any_lines, line, target
from tests.services.payout.payroll.readers.paid import Paid, sums

each_format = pytest.mark.parametrize("name", sorted(SETTINGS))


def read(name: str, files: Sequence[File]) -> list[Paid]:
    return READERS[name]({file.name: file.content for file in files})


def expected(target: PayrollFormat, lines: Sequence[PayrollLine]) -> dict[tuple[str, str], Decimal]:
    width = 8 if target.format.startswith("sap") else 6 if target.format.startswith("adp") else 0
    return sums(
        Paid((each.payroll_id or "").zfill(width), target.code(each) or "", from_minor(each.amount, each.currency))
        for each in lines
    )


def test_every_format_has_settings_and_a_reader_here() -> None:
    assert set(SETTINGS) == set(READERS) == set(FORMATS)


@each_format
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_batch_is_refused_with_its_rows_or_read_back_to_the_cent(name: str, data: st.DataObject) -> None:
    made, lines = target(name), data.draw(any_lines(name))
    rejected = made.refused(lines, HEAD)
    if rejected:
        assert {each.line for each in rejected} <= {each.id for each in lines}
        assert all(each.row >= 1 and each.message for each in rejected)
        with pytest.raises(LinesRefused):
            write(made, lines, head=HEAD)
        return
    batch = write(made, lines, head=HEAD)
    found = read(name, batch.files)
    assert sums(found) == expected(made, lines)
    manifest = json.loads(batch.manifest)
    total = sum((Decimal(each) for each in manifest["control_totals"].values()), Decimal(0))
    assert sum((each.amount for each in found), Decimal(0)) == total
    assert {each.currency for each in found} - {None} <= set(manifest["control_totals"])
    assert {line for _, line in batch.rows} == {each.id for each in lines}
    assert write(made, lines[::-1], head=HEAD) == batch


@each_format
def test_a_line_in_the_target_s_own_form_is_not_refused(name: str) -> None:
    assert target(name).refused([line(name)], HEAD) == []


@each_format
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("payroll_id", None, "missing"),
        ("payroll_id", "=1+1", "form"),
        ("payroll_id", "1;2", "form"),
        ("payroll_id", "9" * 141, "too_long"),
        ("amount", 0, "zero"),
    ],
)
def test_what_no_target_takes_is_refused_with_its_row(name: str, field: str, value: object, code: str) -> None:
    made = target(name, columns=[*SETTINGS["generic"]["columns"]]) if name == "generic" else target(name)
    lines = [line(name, id="good"), line(name, id="bad", **{field: value})]
    refused = [each for each in made.refused(lines, HEAD) if each.line == "bad" and each.field == field]
    wanted = {"form", "too_long"} if code == "too_long" else {code}
    if name == "generic" and code == "too_long":
        assert refused == []
    else:
        assert refused
        assert refused[0].code in wanted


@pytest.mark.parametrize(
    ("name", "changed", "field", "code"),
    [
        ("adp-workforce-now", {"payroll_id": "1234567"}, "payroll_id", "form"),
        ("adp-workforce-now", {"amount": -4_050_001}, "amount", "range"),
        ("adp-workforce-now", {"amount": 10_000_000}, "amount", "range"),
        ("adp-workforce-now", {"currency": "EUR"}, "currency", "currency"),
        ("adp-workforce-now", {"pay_code": "draw"}, "pay_code", "unmapped"),
        ("gusto", {"last_name": None}, "last_name", "missing"),
        ("gusto", {"first_name": "=cmd()"}, "first_name", "form"),
        ("gusto", {"payroll_id": "12345"}, "payroll_id", "form"),
        ("gusto", {"amount": -1}, "amount", "negative"),
        ("paychex-spi", {"payroll_id": "12345678901"}, "payroll_id", "too_long"),
        ("paychex-spi", {"amount": -1}, "amount", "negative"),
        ("workday-eib", {"amount": 10**15}, "amount", "range"),
        ("paylocity", {"amount": -1}, "amount", "negative"),
        ("paylocity", {"cost_center": "a b"}, "cost_center", "form"),
        ("sap-0015", {"payroll_id": "123456789"}, "payroll_id", "too_long"),
        ("sap-0015", {"payroll_id": "A1"}, "payroll_id", "form"),
        ("sap-0267", {"amount": 10**14}, "amount", "range"),
        ("datev-lodas", {"payroll_id": "0"}, "payroll_id", "range"),
        ("datev-lodas", {"payroll_id": "100000"}, "payroll_id", "form"),
        ("datev-lodas", {"currency": "CHF"}, "currency", "currency"),
        ("datev-lodas", {"cost_center": "123456789"}, "cost_center", "too_long"),
        ("datev-lohn-und-gehalt", {"amount": 1_000_000_000}, "amount", "range"),
        ("datev-lohn-und-gehalt", {"memo": "Łódź"}, "memo", "charset"),
        ("datev-lohn-und-gehalt", {"memo": "a;b"}, "memo", "charset"),
        ("frappe", {"amount": -1}, "amount", "negative"),
        ("frappe", {"payroll_id": "HR EMP"}, "payroll_id", "form"),
        ("generic", {"memo": "a\x07b"}, "memo", "charset"),
    ],
)
def test_what_one_target_does_not_take_is_refused(name: str, changed: dict[str, object], field: str, code: str) -> None:
    refused = target(name).refused([line(name, **changed)], HEAD)
    assert (field, code) in {(each.field, each.code) for each in refused}


TWO_AS_ONE = [
    ("adp-workforce-now", "000417", "417"),
    ("gusto", "a1B2c3", "A1b2C3"),
    ("paychex-spi", "0000417", "417"),
    ("workday-eib", "00417", "417"),
    ("paylocity", "EMP7", "emp7"),
    ("sap-0015", "00000417", "0417"),
    ("sap-0267", "417", "00417"),
    ("datev-lodas", "417", "00417"),
    ("datev-lohn-und-gehalt", "0417", "417"),
    ("frappe", "HR-EMP-00417", "hr-emp-00417"),
    ("generic", "417", "4.17E2"),
    ("generic", "1234567890123456", "1234567890123457"),
]


def test_every_format_says_whom_it_takes_for_one() -> None:
    assert {name for name, *_ in TWO_AS_ONE} == set(FORMATS)


@pytest.mark.parametrize(("name", "one", "other"), [*TWO_AS_ONE, ("adp-workforce-now", "52", "52")])
def test_two_people_who_are_one_to_payroll_are_refused_and_both_named(name: str, one: str, other: str) -> None:
    lines = [line(name, payroll_id=one), line(name, id="line-2", participant_id="bob", payroll_id=other)]
    (refused,) = target(name).refused(lines, HEAD)
    assert (refused.field, refused.code) == ("payroll_id", "shared")
    assert all(each in refused.message for each in (f"ada.brandt ({one})", f"bob ({other})")), refused.message
    with pytest.raises(LinesRefused):
        write(target(name), lines, head=HEAD)


def test_a_payroll_that_reads_every_character_keeps_apart_what_the_file_keeps_apart() -> None:
    def refused(name: str, one: str, other: str) -> list[str]:
        lines = [line(name, payroll_id=one), line(name, id="line-2", participant_id="bob", payroll_id=other)]
        return [each.code for each in target(name, reads_ids="exactly").refused(lines, HEAD)]

    assert refused("generic", "E7", "e7") == refused("paychex-spi", "0417", "417") == []
    assert refused("adp-workforce-now", "000417", "417") == refused("sap-0015", "0417", "417") == ["shared"]


def test_a_plain_file_takes_earnest_s_own_ids_as_its_reader_does() -> None:
    plain = target(
        "generic", columns=[{"source": each, "heading": each} for each in ("participant_id", "currency", "amount")]
    )
    lines = [line("generic"), line("generic", id="line-2", participant_id="Ada.Brandt")]
    assert [(each.field, each.code) for each in plain.refused(lines, HEAD)] == [("participant_id", "shared")]


def test_one_person_under_one_id_counts_once_in_the_manifest() -> None:
    lines = [line("adp-workforce-now"), line("adp-workforce-now", id="line-2", pay_code="bonus")]
    batch = write(target("adp-workforce-now"), lines, head=HEAD)
    assert (json.loads(batch.manifest)["employee_count"], batch.record_count) == (1, 2)


def test_a_line_that_is_in_a_batch_twice_is_refused() -> None:
    refused = target("generic").refused([line("generic"), line("generic")], HEAD)
    assert [each.code for each in refused] == ["duplicate"]


@pytest.mark.parametrize("name", ["paylocity", "frappe"])
def test_a_clawback_becomes_a_deduction_where_earnings_cannot_be_negative(name: str) -> None:
    lines = [line(name), line(name, id="line-2", pay_code="clawback", amount=-500)]
    batch = write(target(name), lines, head=HEAD)
    assert sorted(each.amount for each in read(name, batch.files)) == [Decimal("-5.00"), Decimal("1234.56")]
    assert json.loads(batch.manifest)["control_totals"] == {"USD": "1229.56"}


def test_text_that_a_spreadsheet_would_calculate_is_neutralised_in_files_for_people() -> None:
    made = target("generic", file="csv")
    lines = [line("generic", last_name="=HYPERLINK(1)", memo="@SUM(A1)", amount=-5)]
    (file,) = write(made, lines, head=HEAD).files
    assert file.content.splitlines()[1] == b"E-417,'=HYPERLINK(1),COMMISSION,USD,-0.05,'@SUM(A1)"


def test_gusto_has_one_row_per_person_and_no_zeros() -> None:
    lines = [
        line("gusto", id="a"),
        line("gusto", id="b", pay_code="bonus", amount=100),
        line("gusto", id="c", amount=44),
        line("gusto", id="d", payroll_id="zzzzzz", participant_id="bob", last_name="Zed"),
    ]
    batch = write(target("gusto"), lines, head=HEAD)
    assert batch.files[0].content.decode().splitlines() == [
        "last_name,first_name,gusto_employee_id,commission,bonus",
        "Brandt,Ada,a1B2c3,1235.00,1.00",
        "Zed,Ada,zzzzzz,1234.56,",
    ]
    assert (batch.record_count, [row for row, _ in batch.rows]) == (2, [1, 1, 1, 2])


def test_ids_that_are_exchanged_or_lost_change_the_hash_total() -> None:
    def total(*ids: str) -> int:
        lines = [line("generic", id=each, payroll_id=each) for each in ids]
        return int(json.loads(write(target("generic"), lines, head=HEAD).manifest)["hash_total"])

    assert total("E-41", "E-2") == 43
    assert total("9999999999", "2") == 1
