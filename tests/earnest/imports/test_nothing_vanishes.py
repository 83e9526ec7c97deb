"""What a mapping cannot use is refused and told, row by row: nothing goes in silence."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.command_line import earnest

PLAN = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2024-01-01
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sales, rate: 10%}]
"""
DEALS = "deals: {file: d.csv, deal_id: id, fields: {amount: a, close_date: d, owner: o, account: x}}\n"
ROSTER = "roster: {file: r.csv, participant_id: p}\n"
GOOD = "id,a,d,o,x\nD1,5,2024-01-01,ann,Acme\n"


def said(folder: Path, mapping: str, *, code: int = 0, **files: str) -> tuple[list[str], str]:
    """What the report of an import says, a line each, and what the screen does."""
    for name, content in ({"d": GOOD, "r": "p\nann\n"} | files).items():
        (folder / f"{name}.csv").write_text(content)
    (folder / "mapping.yaml").write_text(mapping)
    (folder / "plan.yaml").write_text(PLAN)
    options = ("--mapping", "mapping.yaml", "--plan", "plan.yaml", "--files-only", "out")
    run = earnest("import", ".", *options, folder=folder)
    assert (run.returncode, "Traceback" in run.stderr) == (code, False), run.stdout + run.stderr
    with (folder / "out" / "import-report.csv").open(newline="") as file:
        rows = [f"{row['row']} {row['kind']} {row['field']} {row['reason']}" for row in csv.DictReader(file)]
    return [" ".join(row.split()) for row in rows], " ".join(run.stdout.split())


def test_a_blank_beside_a_value_in_the_lines_of_an_order_is_not_guessed_at(tmp_path: Path) -> None:
    lines = DEALS.replace("amount: a", "amount: {column: a, merge: sum}")
    report, _ = said(
        tmp_path,
        lines + ROSTER,
        d="id,a,d,o,x\nD1,5,2024-01-01,ann,\nD2,5,2024-01-01,ann,\nD2,6,2024-01-01,,\nD3,,2024-01-01,ann,\nD3,6,2024-01-01,ann,\n",
    )
    assert report[0] == "3 refused owner: the rows of the deal differ: ann, nothing; say with merge which counts"
    assert report[2].startswith("5 refused amount: a row of the deal has none, and the sum of the others may be wrong")
    assert len(report) == 4


def test_a_file_that_is_read_twice_has_its_rows_counted_once(tmp_path: Path) -> None:
    twice = """
roster:
  - {file: r.csv, participant_id: boss, fields: {plan: {constant: lead}}, when: {column: boss, not_in: [null]}}
  - {file: r.csv, participant_id: p, fields: {plan: {constant: rep}, quota: q}, when: {column: p, not_in: [zoe]}}
"""
    _, screen = said(tmp_path, DEALS + twice, r="p,boss,q\nann,mia,5\nben,mia,5\nmia,,5\neve,mia,x\nzoe,,5\n")
    assert screen.count("r.csv │ roster │") == 1
    assert "│ r.csv │ roster │ 5 │ 3 │ 0 │ 1 │ 1 │" in screen


def test_a_quota_of_which_rounding_leaves_nothing_is_told(tmp_path: Path) -> None:
    roster = "roster: {file: r.csv, participant_id: p, fields: {territory: t, plan: {constant: rep}}}\n"
    quotas = "quotas: {measure: sales, months: 1, nearest: 500, plan: rep}\n"
    deals = "id,a,d,o,x\nD1,35.64,2024-01-01,ann,Acme\nD2,700,2024-01-01,ben,Acme\n"
    _, screen = said(tmp_path, DEALS + roster + quotas, d=deals, r="p,t\nann,East\nben,West\n")
    assert "Warning: the quota of sales in territory East is 0: its average is 35.64, and the nearest" in screen
    assert "territory West" not in screen


def test_a_list_of_the_companys_results_is_figures_of_everyone(tmp_path: Path) -> None:
    results = """roster:
  - {file: r.csv, participant_id: p}
  - file: k.csv
    when: {column: KPI, in: [EBITDA]}
    participant_id: {constant: "*"}
    effective_from: end
    fields: {score.ebitda: value}
"""
    said(tmp_path, DEALS + results, k="KPI,end,value\nEBITDA,2024-03-31,97%\nMargin,2024-03-31,34%\n")
    rows = pl.read_csv(tmp_path / "out" / "roster.csv", infer_schema=False).to_dicts()
    assert rows[1] == {"participant_id": "*", "effective_from": "2024-03-31", "score.ebitda": "97%"}


def test_a_share_of_nobody_and_a_payment_of_no_day_are_refused(tmp_path: Path) -> None:
    splits = "splits: {file: s.csv, deal_id: id, participant: who, percent: pct}\n"
    payments = "payments: {file: p.csv, deal_id: id, amount: a, date: d}\n"
    report, _ = said(
        tmp_path,
        DEALS + ROSTER + splits + payments,
        s="id,who,pct\nD1,ann,100\nD1,,40\nD1,ann,\n",
        p="id,a,d\nD1,5,\nD1,,2024-02-01\n",
    )
    assert report == [
        "2 refused date: it is missing",
        "3 refused amount: it is missing",
        "3 refused participant: it is missing",
        "4 refused percent: it is missing",
    ]


def test_payments_that_are_left_and_references_that_name_nothing_are_told_once(tmp_path: Path) -> None:
    payments = "payments: {file: p.csv, id: id, account: x, reference: ref, amount: a, date: d}\n"
    report, _ = said(
        tmp_path,
        DEALS + ROSTER + payments,
        p="id,x,ref,a,d\nb1,Acme,D9,9,2024-02-01\nb1,Acme,,1,2024-02-01\nb2,Acme,D1,1,2024-02-02\n",
    )
    assert report == [
        "2 left account b1: 4.00 USD are left, for no deal of account Acme owes them",
        "2 remarked reference b1: 'D9' is no deal or contract of account Acme; allocated without it",
        "3 refused id: there is a payment b1 already",
        "4 left account b2: 1.00 USD are left, for no deal of account Acme owes them",
    ]


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        ("Ann Lang", "`as_id: true` makes an id of a name"),
        ("zoë", "write letters without accents"),
        ("7.0E+10", "'7.0E+10' is an id whose last digits a spreadsheet left out: export it as text"),
    ],
)
def test_what_is_no_id_is_refused_with_how_to_get_one(tmp_path: Path, owner: str, why: str) -> None:
    report, _ = said(tmp_path, DEALS + ROSTER, d=GOOD + f"D2,5,2024-01-01,{owner},\n")
    [row] = report
    assert row.startswith("3 refused owner: ")
    assert why in row


def test_the_words_for_nothing_hold_where_they_are_said(tmp_path: Path) -> None:
    for null in ("NULL", "[NULL, N/A]", '"NULL"'):
        mapping = f"notation: {{null: {null}}}\n" + DEALS + ROSTER
        said(tmp_path, mapping, d="id,a,d,o,x\nD1,5,2024-01-01,ann,NULL\n")
        [row] = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
        assert row["account"] == ""


def test_a_file_of_which_every_won_deal_is_refused_is_an_error(tmp_path: Path) -> None:
    bad = "deal_id,amount,close_date,owner\nD1,many,2024-01-01,ann\nD2,more,2024-01-01,ann\nD3,5,soon,ann\n"
    said(
        tmp_path,
        DEALS + ROSTER,
        code=1,
        d=bad.replace("deal_id,amount,close_date,owner", "id,a,d,o").replace("o\n", "o,x\n"),
    )
    mapped = earnest("calc", "--plan", "plan.yaml", "--mapping", "mapping.yaml", ".", folder=tmp_path)
    (tmp_path / "deals.csv").write_text(bad)
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plain = earnest("calc", "--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv", folder=tmp_path)
    for run in (mapped, plain):
        assert run.returncode == 1
        assert "Warning: no won deal can be used: 3 rows of deals refused." in " ".join(run.stdout.split())
    # What is wrong in one way stands in one line, and what is wrong in another in its own.
    assert plain.stdout.count("bad_value") == 2
    assert "D3: close_date" in " ".join(plain.stdout.split())


def test_whole_numbers_of_a_binary_column_are_ids_as_they_were(tmp_path: Path) -> None:
    frame = {"id": ["D1", "D2"], "a": [5.1, 0.1 + 0.2], "d": ["2024-01-01"] * 2, "o": ["ann"] * 2, "x": [17850.0, None]}
    pl.DataFrame(frame).write_parquet(tmp_path / "d.parquet")
    pl.DataFrame(frame | {"x": [17850.0, float("nan")]}).write_parquet(tmp_path / "e.parquet")
    for name in ("d", "e"):
        mapping = DEALS.replace("d.csv", f"{name}.parquet").replace("amount: a", "amount: {column: a, round: 2}")
        said(tmp_path, mapping + ROSTER)
        rows = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
        assert [(row["account"], row["amount"]) for row in rows] == [("17850", "5.1"), ("", "0.30")]


def test_numbers_and_dates_of_a_spreadsheet_are_no_texts_that_the_notation_reads(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ("id", "a", "d", "o", "x"),
        ("D1", 100.125, datetime(2024, 1, 31, 23, 59, 59, 500000), "ann", "2.5"),  # noqa: DTZ001 - as a spreadsheet has it
        ("D2", "1.234,50 €", "28.02.2024", "ann", None),
    ):
        book.worksheets[0].append(row)
    book.save(tmp_path / "d.xlsx")
    notation = 'notation: {decimal: ",", thousands: ".", currency_signs: €, format: "%d.%m.%Y", round: 2}\n'
    said(tmp_path, notation + DEALS.replace("d.csv", "d.xlsx") + ROSTER)
    rows = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
    assert [(row["amount"], row["close_date"]) for row in rows] == [("100.13", "2024-01-31"), ("1234.50", "2024-02-28")]


def test_dates_of_a_file_are_read_by_no_form_that_texts_have(tmp_path: Path) -> None:
    heads = ("id", "a", "d", "o", "x", "m", "u")
    day, at = datetime(2024, 3, 2), datetime(2024, 3, 2, 10, 11)  # noqa: DTZ001 - as files have them
    book = openpyxl.Workbook()
    for row in (
        heads,
        ("D1", 1, day, "ann", day, at, 1709341200),
        ("D2", 1, "2024-02-03", "ann", "02.03.2024", "2024-02-03", None),
    ):
        book.worksheets[0].append(row)
    book.save(tmp_path / "d.xlsx")
    frame = pl.DataFrame([("D1", 1, day.date(), "ann", day.date(), at, 1709341200)], schema=heads, orient="row")
    frame.write_parquet(tmp_path / "d.parquet")
    # Forms by which an ISO date can be read, too, and then is another day.
    deals = (
        'notation: {format: "%Y-%d-%m"}\n'
        "deals: {file: d.FORM, deal_id: id, columns: {d: {}}, fields: {amount: a, close_date: d, owner: o,\n"
        '  account: {column: x, format: ["%d.%m.%Y", "%Y-%d-%m"]}, open_date: m, custom.u: {column: u, format: unix}}}\n'
    )
    for form in ("xlsx", "parquet"):
        said(tmp_path, deals.replace("FORM", form) + ROSTER)
        rows = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
        read = {(row["close_date"], row["open_date"], row["account"]) for row in rows}
        assert read == {("2024-03-02", "2024-03-02", "2024-03-02")}
        assert rows[0]["u"] == "2024-03-02T01:00:00+00:00"


def test_numbers_of_a_parquet_file_keep_their_point_through_joins_and_columns(tmp_path: Path) -> None:
    frame = {"id": ["D1"], "a": [Decimal("1234.567")], "d": ["2024-01-01"], "o": ["ann"], "x": [1.25]}
    pl.DataFrame(frame, schema_overrides={"a": pl.Decimal(12, 3)}).write_parquet(tmp_path / "d.parquet")
    notation = 'notation: {decimal: ",", thousands: ".", round: 2}\n'
    deals = (
        "deals: {file: d.parquet, deal_id: id, columns: {b: {column: a}}, join: {j: {file: d.parquet, by: id}},\n"
        "  fields: {amount: b, list_amount: {formula: j.a * j.x}, close_date: d, owner: o}}\n"
    )
    said(tmp_path, notation + deals + ROSTER)
    [row] = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
    assert (row["amount"], row["list_amount"]) == ("1234.57", "1543.21")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            "stage: {column: a, values: {x: wonn}}",
            "stage.values.x: stage: write open, won, lost or cancelled, not 'wonn'",
        ),
        ("currency: {constant: usd}", "currency.constant: currency: write a currency in three capitals"),
        ("amount: {column: a, scale: two}", "write a whole number"),
        ("owner: [a, b]", "write the name of a column, or a rule as {column: …}"),
    ],
)
def test_what_a_mapping_says_in_our_terms_is_looked_at_before_any_row(tmp_path: Path, fields: str, why: str) -> None:
    (tmp_path / "mapping.yaml").write_text("deals: {file: d.csv, deal_id: id, fields: {" + fields + "}}\n" + ROSTER)
    run = earnest("import", ".", "--mapping", "mapping.yaml", "--files-only", "out", folder=tmp_path)
    assert (run.returncode, why in run.stderr) == (1, True), run.stderr


def test_what_a_mapping_can_mend_is_said_beside_what_is_refused(tmp_path: Path) -> None:
    mapping = DEALS.replace("account: x", "currency: x") + ROSTER
    report, _ = said(
        tmp_path, mapping, d=GOOD.replace("Acme", "USD") + "D2,5.005,2024-01-01,ann,USD\nD3,5,1.1.24,ann,usd\n"
    )
    assert report[0].endswith("`round` in the notation rounds it")
    assert "`values: {usd: USD}` translates it" in report[1]
    assert "`format` says how it is written" in report[1]


def test_a_condition_that_leaves_out_every_row_says_what_the_column_has(tmp_path: Path) -> None:
    counted = DEALS.replace("d.csv, ", "d.csv, when: {column: x, in: [true]}, ")
    report, _ = said(
        tmp_path, counted + ROSTER, code=0, d="id,a,d,o,x\nD1,5,2024-01-01,ann,True\nD2,5,2024-01-01,ann,\n"
    )
    assert report == ["2 remarked no row counts: column x has 'True', 'nothing'"]
    report, told = said(tmp_path, counted + ROSTER, d="id,a,d,o,x\nD1,5,2024-01-01,ann,true\n")
    assert (report, "Credited: 1 of 1 won deals." in told) == ([], True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_says_how_it_is_encoded_is_read_so(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "e.csv").write_bytes("ïd,a,d,o\nD1,−5,2024-01-01,ann\n".encode(encoding))
    deals = "deals: {file: e.csv, encoding: cp1252, deal_id: ïd, fields: {amount: a, close_date: d, owner: o}}\n"
    said(tmp_path, deals + ROSTER)
    [row] = list(csv.DictReader((tmp_path / "out" / "deals.csv").open()))
    assert (row["deal_id"], row["amount"]) == ("D1", "-5")


def test_another_delimiter_and_another_encoding_are_told_with_their_mend(tmp_path: Path) -> None:
    for content, why in (
        (b"id;a;d;o;x\nD1;5;2024-01-01;ann;\n", "is its delimiter ';', and not ','?"),
        (b"id,a\nD\xe4,5\n", "Excel on Windows writes `encoding: cp1252`"),
    ):
        (tmp_path / "d.csv").write_bytes(content)
        (tmp_path / "mapping.yaml").write_text(DEALS + ROSTER)
        run = earnest("import", ".", "--mapping", "mapping.yaml", "--files-only", "out", folder=tmp_path)
        assert (run.returncode, why in run.stderr) == (1, True), run.stderr


def test_cells_of_several_rows_are_refused_and_what_no_rule_names_does_not_matter(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        ("Sales of January",),
        ("id", "a", "d", "o", "x", "margin"),
        ("D1", 33.333333333333336, "2024-01-01", "ann", None, "#DIV/0!"),
        ("D2", 5, "2024-01-01", "ann", None, 1 / 3),
        (None, 6, "2024-01-01", "ann", None, None),
    ):
        sheet.append(row)
    sheet.merge_cells("A1:E1")
    sheet.merge_cells("A4:A5")
    book.save(tmp_path / "d.xlsx")
    deals = DEALS.replace("d.csv", "d.xlsx, header_row: 2").replace("amount: a", "amount: {column: a, round: 2}")
    report, told = said(tmp_path, deals + ROSTER)
    merged = "refused id: the cells of rows 4 to 5 are merged: unmerge them, and fill each"
    assert report == [
        "3 rounded amount 33.33333333333334 is 33.33",
        f"4 {merged}",
        f"5 {merged}",
    ]
    assert "Credited: 1 of 1 won deals." in told


def test_what_is_in_several_currencies_is_never_one_sum(tmp_path: Path) -> None:
    deals = DEALS.replace("account: x", "currency: x")
    lines = "id,a,d,o,x\nD1,5.50,2024-01-01,ann,USD\nD2,7,2024-01-01,ann,EUR\nD3,many,2024-01-01,ann,EUR\n"
    _, told = said(tmp_path, deals + ROSTER, d=lines)
    assert "worth 5.50 USD and 7 EUR came in, 5.50 USD and 7 EUR were taken, 0.00 USD and 0 EUR were rejected" in told
