"""`earnest calc`: what lies in the files is what is paid, explained and, where it cannot be used, reported."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.command_line import earnest

Done = subprocess.CompletedProcess[str]

PLAN = """
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
columns: {segment: text, strategic: yes_no}
credits:
  - rule: own
  - rule: strategic
    when: stage = 'won' and strategic
  - {rule: team, to: managers}
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: strategic_bookings, sum_of: [strategic]}
  - {measure: team_bookings, sum_of: [team]}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 7.5%}]
  - {component: spif, kind: flat, measure: strategic_bookings, rate: 1%}
  - {component: override, kind: flat, measure: team_bookings, rate: 0.5%}
"""

ROSTER = """\
participant_id,effective_from,manager,name,quota.bookings,active
ann,2025-01-01,mia,Ann,5000,
bob,2025-01-01,mia,Bob,1000,
bob,2025-03-01,,,,no
mia,2025-01-01,,Mia,,
"""

DEALS = """\
deal_id,owner,amount,close_date,stage,splits,refunds,strategic
d1,ann,30000,2025-01-05,,,,yes
d1,,20000,,,,,
d3,ann,50.50,2025-01-31,won,ann:60;bob:40,r1:10:2025-02-01,no
d4,bob,100,2025-02-03,open,,,
"""


def calc(folder: Path, deals: str = "deals.csv", plan: str = "plan.yaml") -> Done:
    return earnest(*arguments(deals, plan), folder=folder)


def calc_in_a_process_of_its_own(folder: Path, deals: str = "deals.csv", plan: str = "plan.yaml") -> Done:
    """With a hash seed of its own, which may order what has no order."""
    command = [sys.executable, "-m", "earnest.cli", *arguments(deals, plan)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def arguments(deals: str, plan: str) -> list[str]:
    return ["calc", "--plan", plan, "--deals", deals, "--roster", "roster.csv", "--out", "out"]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    for name, text in (("plan.yaml", PLAN), ("roster.csv", ROSTER), ("deals.csv", DEALS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def results(
    folder: Path, deals: str = "deals.csv", plan: str = "plan.yaml", calculate: Callable[..., Done] = calc
) -> dict[str, str]:
    """The files of a calculation that went well."""
    done = calculate(folder, deals, plan)
    assert (done.returncode, done.stderr) == (0, "")
    return {path.stem: path.read_text() for path in sorted((folder / "out").iterdir())}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_earnings_are_what_plan_deals_and_roster_say_to_the_cent(company: Path) -> None:
    assert results(company)["earnings"] == (
        "participant_id,component,period,amount,currency\n"
        "ann,commission,2025-01,1376.82,USD\n"
        "ann,override,2025-01,0.00,USD\n"
        "ann,spif,2025-01,200.00,USD\n"
        "bob,commission,2025-01,0.81,USD\n"
        "bob,override,2025-01,0.00,USD\n"
        "bob,spif,2025-01,0.00,USD\n"
        "mia,commission,2025-01,0.00,USD\n"
        "mia,override,2025-01,100.20,USD\n"
        "mia,spif,2025-01,0.00,USD\n"
    )


def test_a_rate_that_was_wrong_since_the_first_day_is_corrected_by_the_next_version(company: Path) -> None:
    (company / "plans").mkdir()
    (company / "plans/1.yaml").write_text(PLAN)
    corrected = PLAN.replace("version: 1", "version: 2").replace("rate: 1%", "rate: 2%")
    (company / "plans/2.yaml").write_text(corrected)
    found = rows(results(company, plan="plans")["earnings"])
    paid = {(row["participant_id"], row["component"]): row["amount"] for row in found}
    assert (paid["ann", "commission"], paid["ann", "spif"]) == ("1376.82", "400.00")
    assert len(found) == len(paid)


def test_lines_say_in_words_how_each_deal_was_paid(company: Path) -> None:
    found = rows(results(company)["lines"])
    assert found == sorted(
        found, key=lambda row: (row["participant_id"], row["period"], row["component"], int(row["line"]))
    )
    lines = [row for row in found if row["participant_id"] == "ann"]
    told = [(r["component"], r["deal_id"], r["share"], r["credited"], r["slices"], r["amount"]) for r in lines]
    assert told == [
        ("commission", "d1", "100%", "20000.00", "5000.00 at 5% + 15000.00 at 7.5%", "1375.00"),
        ("commission", "d3", "60%", "24.30", "24.30 at 7.5%", "1.82"),
        ("spif", "d1", "100%", "20000.00", "20000.00 at 1%", "200.00"),
    ]
    assert [(r["attainment_before"], r["attainment_after"]) for r in lines[:2]] == [
        ("0%", "400%"),
        ("400%", "400.486%"),
    ]


def test_lines_sum_to_earnings(company: Path) -> None:
    found = results(company)
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in rows(found["lines"]):
        sums[line["participant_id"], line["component"], line["period"]] += Decimal(line["amount"])
    earned = {(r["participant_id"], r["component"], r["period"]): Decimal(r["amount"]) for r in rows(found["earnings"])}
    assert {who: sums[who] for who in earned} == earned


def test_the_order_of_the_deals_in_the_file_does_not_change_a_byte(company: Path, seed: int) -> None:
    before = results(company, calculate=calc_in_a_process_of_its_own)
    header, first, change, *others = DEALS.splitlines()
    random.Random(seed).shuffle(others)
    (company / "deals.csv").write_text("\n".join([header, *others, first, change]))
    assert results(company, calculate=calc_in_a_process_of_its_own) == before


def test_what_cannot_be_used_is_reported_with_its_row_and_reason(company: Path) -> None:
    (company / "deals.csv").write_text(
        DEALS + 'e1,ann,"12,000",2025-01-05,,,,\n'
        "e2,ann,100,2025-13-01,,,,\n"
        "e3,zed,100,2025-01-05,,,,\n"
        "e4,bob,100.001,2025-01-05,,,,\n"
        "e5,bob,100,2025-03-05,,,,\n"
        "e6,ann,100,2024-12-31,,,,\n"
        "e7,ann,100,2025-01-05,,ann:60;bob:30,,\n"
        "e8,ann,100,2025-01-05,,,,,,surplus\n"
        "\n"
        "e9,,100,2025-01-05,,,,\n"
        ",ann,100,2025-01-05,,,,\n"
    )
    (company / "roster.csv").write_text(ROSTER + "eve,2025-01-01,mia,Eve,many,\n")
    expected = [
        ("deals", "6", "e1", "bad_value", "amount: '12,000' is not a decimal number"),
        ("deals", "7", "e2", "bad_value", "close_date: write a date as 2025-03-31"),
        ("deals", "8", "e3", "unknown_participant", "zed is not in the roster on the close date"),
        ("deals", "9", "e4", "inexact_amount", "an amount has more decimals than its currency"),
        ("deals", "10", "e5", "participant_left", "bob is not active on the close date"),
        ("deals", "11", "e6", "unknown_participant", "ann is not in the roster on the close date"),
        ("deals", "12", "e7", "bad_value", "splits must sum to 100 percent, not 90"),
        ("deals", "13", "e8", "unreadable_row", "the row has 10 cells, the header 8"),
        ("deals", "15", "e9", "no_owner", "the deal has neither owner nor splits"),
        ("deals", "16", "", "bad_value", "deal_id: it is missing"),
        ("roster", "6", "eve", "bad_value", "quotas.bookings: 'many' is not a decimal number"),
    ]
    found = [tuple(row.values()) for row in rows(results(company)["rejected"])]
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    assert all(message.startswith(words) for (*_, message), (*_, words) in zip(found, expected, strict=True))


def test_a_component_that_lacks_its_quota_is_reported_and_pays_nothing(company: Path) -> None:
    (company / "roster.csv").write_text(ROSTER.replace("5000", ""))
    found = results(company)
    assert rows(found["earnings"])[0]["amount"] == "0.00"
    assert rows(found["rejected"]) == [
        {
            "file": "earnings",
            "row": "",
            "id": "ann",
            "reason": "no_quota",
            "message": "commission of 2025-01: there is no quota above zero for bookings on the last day of the period",
        }
    ]


def test_a_parquet_file_gives_the_bytes_that_the_same_csv_gives(company: Path) -> None:
    before = results(company)
    table = pl.read_csv(company / "deals.csv", try_parse_dates=True, schema_overrides={"amount": pl.Decimal(12, 2)})
    table.write_parquet(company / "deals.parquet")
    assert results(company, deals="deals.parquet") == before


def test_a_spreadsheets_byte_order_mark_blanks_and_idle_columns_do_no_harm(company: Path) -> None:
    before = results(company)
    spaced = "\ufeff" + "".join(f" {line.replace(',', ' , ')},,\r\n" for line in DEALS.splitlines()) + ",,,,,,,,,\r\n"
    (company / "deals.csv").write_text(spaced, newline="")
    assert results(company) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("plan.yaml", "rate: 1%", "rate: one", "'one' is not a number or a percentage"),
        ("plan.yaml", "version: 1", "version: [", "plan.yaml:5:9: P001: expected"),
        ("plan.yaml", "sum_of: [own]", "sum_of: own", "write a list"),
        ("deals.csv", "amount,", "amuont,", "there is no column amount; its columns are deal_id, owner, amuont"),
        ("deals.csv", "owner,", "amount,", "column amount is there twice"),
        ("deals.csv", "d3,ann", 'd3,"ann', "unexpected end of data"),
        ("roster.csv", ROSTER, "", "the first row must name the columns"),
    ],
)
def test_a_file_that_cannot_be_used_ends_it_with_one_line(
    company: Path, file: str, old: str, new: str, message: str
) -> None:
    text = (company / file).read_text()
    assert old in text
    (company / file).write_text(text.replace(old, new, 1))
    done = calc(company)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (company / "out").exists()


def test_amounts_in_floating_point_are_refused(company: Path) -> None:
    pl.read_csv(company / "deals.csv", schema_overrides={"amount": pl.Float64}).write_parquet(company / "deals.parquet")
    done = calc(company, deals="deals.parquet")
    assert done.returncode == 1
    assert "column amount holds floating-point numbers, which are not exact" in done.stderr


def test_a_missing_file_is_named(company: Path) -> None:
    done = calc(company, deals="nowhere.csv")
    assert (done.returncode, done.stderr) == (1, "earnest: nowhere.csv: No such file or directory\n")


def test_a_folder_of_plans_is_read_whole(company: Path) -> None:
    (company / "plans").mkdir()
    (company / "plan.yaml").rename(company / "plans" / "a.yaml")
    later = PLAN.replace("version: 1", "version: 2").replace("effective_from: 2025-01-01", "effective_from: 2025-01-31")
    (company / "plans" / "b.yml").write_text(later)
    found = results(company, plan="plans")
    assert {line["version"] for line in rows(found["lines"])} == {"1", "2"}
    commissions = [
        r["amount"] for r in rows(found["earnings"]) if (r["participant_id"], r["component"]) == ("ann", "commission")
    ]
    assert commissions == ["1376.22"]  # 1375.00 under version 1 and 24.30 at 5 % under version 2


def test_owners_and_holders_may_be_named_by_an_alias_of_the_roster(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "roster.csv").write_text(
        "participant_id,manager,quota.bookings,alias.email,alias.crm\n"
        "ann,mia,5000,ann@x.example,7\nbob,mia,1000,shared@x.example,8\nmia,,,Shared@x.example,\n"
    )
    deals = ["d1,Ann@X.example,100,2025-01-05,", "d2,,100,2025-01-05,7:60;8:40", "d3,SHARED@x.example,100,2025-01-05,"]
    (tmp_path / "deals.csv").write_text("deal_id,owner,amount,close_date,splits\n" + "\n".join(deals))
    done = earnest(
        "calc", "--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv", "--out", "out", folder=tmp_path
    )
    assert "shared@x.example is an alias of several participants: bob, mia." in done.stdout + done.stderr
    lines = list(csv.DictReader((tmp_path / "out" / "lines.csv").open()))
    assert {
        (line["participant_id"], line["deal_id"], line["credited"])
        for line in lines
        if line["component"] == "commission"
    } == {
        ("ann", "d1", "100.00"),
        ("ann", "d2", "60.00"),
        ("bob", "d2", "40.00"),
    }
    rejected = list(csv.DictReader((tmp_path / "out" / "rejected.csv").open()))
    assert ("d3", "ambiguous_alias", "shared@x.example is the alias of several participants: bob, mia") in {
        (row["id"], row["reason"], row["message"]) for row in rejected
    }
