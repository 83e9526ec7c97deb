"""`earnest costs`: contract costs from files alone."""

from __future__ import annotations

import csv
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from earnest.cli import app
from earnest.local.processes import LocalError

HEADER = "contract_id,event,date,earning_line_id,amount,currency,entity,term_months,months,recoverable\n"
ONE = "Acme,,2026-01-01,a,2400.00,USD,us,24,,\n"


def costs(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["costs", *map(str, arguments)])


def written(tmp_path: Path, text: str, name: str = "contracts.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def rejected(tmp_path: Path, rows: str, header: str = HEADER) -> list[dict[str, str]]:
    out = tmp_path / "out"
    result = costs("schedule", "--contracts", written(tmp_path, header + rows), "--out", out)
    assert result.exit_code == 0, result.output
    return table(out / "rejected.csv")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def said(*arguments: str | Path) -> str:
    result = costs(*arguments)
    assert isinstance(result.exception, LocalError), result.output
    return str(result.exception)


@pytest.mark.parametrize(("example", "name"), [("contracts", "contracts.yaml"), ("csv", "contracts.csv")])
def test_the_printed_example_is_accounted_for_without_a_refusal(tmp_path: Path, example: str, name: str) -> None:
    policy = written(tmp_path, costs("example", "policy").output, "policy.yaml")
    path = written(tmp_path, costs("example", example).output, name)
    out = tmp_path / "out"
    result = costs("schedule", "--contracts", path, *(["--policy", policy] if example == "csv" else []), "--out", out)
    assert result.exit_code == 0, result.output
    assert table(out / "rejected.csv") == []
    assert {each.name for each in out.iterdir()} == {
        f"{each}.csv" for each in ("schedule", "rollforward", "journals", "expensed", "rejected")
    }
    assert result.output.count("0 rows not used") == 1


def test_a_schedule_has_a_row_per_month_that_names_its_batch(tmp_path: Path) -> None:
    out = tmp_path / "out"
    costs(
        "schedule",
        "--contracts",
        written(tmp_path, HEADER + ONE),
        "--out",
        out,
        "--from",
        "2026-03",
        "--through",
        "2026-04",
    )
    rows = table(out / "schedule.csv")
    assert [row["period"] for row in rows] == ["2026-03", "2026-04"]
    assert rows[0] == {
        "asset_id": "asset:a",
        "earning_line_id": "a",
        "contract_id": "Acme",
        "entity": "us",
        "currency": "USD",
        "start": "2026-01-01",
        "months": "24",
        "period": "2026-03",
        "amount": "100.00",
        "cum_amount": "300.00",
        "carrying": "2100.00",
        "source": "run",
        "journal_batch_id": "contract-costs-2026-03-us-USD",
    }
    (first, second) = table(out / "rollforward.csv")
    assert (first["opening"], first["closing"], second["closing"], second["current"]) == (
        "2200.00",
        "2100.00",
        "2000.00",
        "1200.00",
    )
    assert [(row["account"], row["debit"], row["credit"]) for row in table(out / "journals.csv")][:2] == [
        ("commission_expense", "100.00", ""),
        ("deferred_contract_costs", "", "100.00"),
    ]


def test_the_same_contracts_in_every_kind_of_file_give_the_same_schedule(tmp_path: Path) -> None:
    rows = [dict(zip(HEADER.strip().split(","), ONE.strip().split(","), strict=True))]
    filled = [{name: cell for name, cell in row.items() if cell} for row in rows]
    pl.DataFrame(rows).write_excel(tmp_path / "c.xlsx")
    pl.DataFrame(rows).with_columns(pl.col("amount").cast(pl.Decimal(12, 2))).write_parquet(tmp_path / "c.parquet")
    (tmp_path / "c.json").write_text(json.dumps({"lines": filled}))
    written(tmp_path, HEADER + ONE, "c.csv")
    found = []
    for kind in ("csv", "xlsx", "parquet", "json"):
        costs("schedule", "--contracts", tmp_path / f"c.{kind}", "--out", tmp_path / kind)
        found.append((tmp_path / kind / "schedule.csv").read_bytes())
    assert len(found[0].splitlines()) == 25
    assert len(set(found)) == 1


def test_json_and_a_workbook_hold_the_same_amounts_as_the_csv_files(tmp_path: Path) -> None:
    path, out = written(tmp_path, costs("example").output, "contracts.yaml"), tmp_path / "out"
    costs("schedule", "--contracts", path, "--out", out, "--format", "csv", "--format", "json", "--format", "xlsx")
    rows = table(out / "schedule.csv")
    document = json.loads((out / "contract-costs.json").read_text())
    assert [row["carrying"] for row in document["schedule"]] == [row["carrying"] for row in rows]
    sheet = openpyxl.load_workbook(out / "contract-costs.xlsx")["schedule"]
    shown = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [f"{row[8]:.2f}" for row in shown] == [row["amount"] for row in rows]
    assert sheet["I2"].number_format == "#,##0.00"


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, costs("example").output, "contracts.yaml")
    formats = ("--format", "csv", "--format", "json", "--format", "xlsx")
    for folder in ("one", "two"):
        costs("schedule", "--contracts", path, "--out", tmp_path / folder, *formats)
        time.sleep(2.1)  # a ZIP archive tells time in steps of two seconds
    files = sorted(each.name for each in (tmp_path / "one").iterdir())
    assert len(files) == 7
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_the_words_have_sums_to_repeat_with_a_calculator(tmp_path: Path) -> None:
    path = written(tmp_path, costs("example").output, "contracts.yaml")
    told = costs("explain", "--contracts", path, "--contract", "Acme").output
    assert "capitalised at 10,765.00 USD (10,000.00 USD and on-costs of 765.00 USD)" in told
    assert "2026-04 10,765.00 x 3 / 36 = 897.08, less 598.06: 299.02" in told
    assert "of 6,578.61 USD, 4,000.00 USD is clawed back; 2,578.61 USD is carried on" in told
    assert "there is no contract Omega" in said("explain", "--contracts", path, "--contract", "Omega")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Acme,,2026-01-01,b,12x,USD,us,24,,", "amount: '12x' is not an amount like 1200.50"),
        ("Acme,,2026-01-01,b,1.005,USD,us,24,,", "amount: 1.005 USD has more than 2 decimals"),
        ("Acme,,2026-01-01,b,10,XXQ,us,24,,", "currency: 'XXQ' is not a currency"),
        ("Acme,,01/31/2026,b,10,USD,us,24,,", "date: '01/31/2026' is not a date like 2026-01-31"),
        ("Acme,,2026-01-01,b,10,USD,us,2y,,", "term_months: '2y' is not a whole number of months from 1 to 600"),
        ("Acme,,2026-01-01,b,10,USD,us,,,", "term_months: the contract's term in months is needed"),
        ("Acme,,2026-01-01,a,10,USD,us,24,,", "line a is there already"),
        ("Acme,,2026-01-01,b,0,USD,us,24,,", "the amount is 0"),
        ("=1+1,,2026-01-01,b,10,USD,us,24,,", "contract_id: '=1+1' is no id"),
        ("Acme,churn,2026-01-01,,,,,,,", "event: 'churn' is none; write new, renewal"),
        ("Acme,estimate,2026-02-01,,,,,,,", "an estimate needs one of months (in all), remaining_months and ends"),
        ("Acme,clawback,2026-02-01,,-5,,,,,", "write what is clawed back as a positive number"),
        ("Acme,impairment,2026-02-01,,,,,,,", "recoverable: write the recoverable amount"),
        ("Acme,reversal,2026-02-01,,,,,,,5", "US GAAP does not reverse an impairment"),
        ("Omega,termination,2026-02-01,,,,,,,", "there is no cost of contract Omega"),
        ("Acme,termination,2025-02-01,,,,,,,", "the contract has no cost by 2025-02-01"),
        ("Acme,clawback,2026-02-01,zz,5,,,,,", "the contract has no line zz by 2026-02-01"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_column(tmp_path: Path, row: str, message: str) -> None:
    (refused,) = rejected(tmp_path, ONE + row + "\n")
    assert refused["file"] == "contracts.csv"
    assert refused["row"] == "3"
    assert message in refused["message"]


def test_a_contract_in_two_currencies_needs_the_currency_of_what_happens(tmp_path: Path) -> None:
    (refused,) = rejected(tmp_path, f"{ONE}Acme,,2026-01-01,b,10,EUR,us,24,,\nAcme,clawback,2026-02-01,,5,,,,,\n")
    assert refused["message"] == "currency: the contract has costs in EUR and USD: say which is meant"


def test_two_names_of_one_column_may_not_contradict_each_other(tmp_path: Path) -> None:
    header = "contract_id,signed_date,event_date,event,amount,currency,term_months\n"
    rows = "A,2026-01-01,,,100,USD,24\nA,,2026-05-01,termination,,,\nB,2026-01-01,2026-01-02,,100,USD,24\n"
    (refused,) = rejected(tmp_path, rows, header)
    assert refused["row"] == "4"
    assert "of the same meaning" in refused["message"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("benefit_period: {method: fixed}", "benefit_period: the method fixed needs months, or by_product"),
        ("first_month: sometimes", "first_month: "),
        ("on_cost: {percent: 7.65}", "on_cost.percent: write the amount as text"),
        ("expedient_months: 18", "expedient_months: "),
        ("surprise: 1", "surprise: "),
        ("- a list", "a policy is a mapping of settings"),
        ("a: [", "line 2: "),
    ],
)
def test_a_policy_that_is_none_is_told_with_its_field(tmp_path: Path, policy: str, message: str) -> None:
    contracts, path = written(tmp_path, HEADER + ONE), written(tmp_path, policy + "\n", "policy.yaml")
    told = said("schedule", "--contracts", contracts, "--policy", path)
    assert str(path) in told
    assert message in told


def test_policies_hold_one_after_the_other(tmp_path: Path) -> None:
    policy = "valid_from: 2026-01-01\n---\nvalid_from: 2026-06-01\nfirst_month: next\n"
    later = "Beta,,2026-06-01,b,2400.00,USD,us,24,,\nOld,,2025-06-01,c,2400.00,USD,us,24,,\n"
    contracts, path = written(tmp_path, HEADER + ONE + later), written(tmp_path, policy, "policy.yaml")
    costs("schedule", "--contracts", contracts, "--policy", path, "--out", tmp_path / "out")
    first = {row["earning_line_id"]: row["period"] for row in reversed(table(tmp_path / "out" / "schedule.csv"))}
    assert first == {"a": "2026-01", "b": "2026-07"}
    (refused,) = table(tmp_path / "out" / "rejected.csv")
    assert refused["message"] == "date: no policy is in force on 2025-06-01; the first is from 2026-01-01"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("contracts.csv", "contract_id,date\nA,2026-01-01\n", "there is no column amount"),
        ("contracts.yaml", "contract: []\n", "contract: not known here"),
        ("contracts.yaml", "lines: {a: 1}\n", "lines must be a list"),
        ("contracts.yaml", "lines: [a]\n", "lines, item 1: it must be a mapping of fields"),
        ("contracts.yaml", "- a\n", "the file must have lines"),
        ("missing.csv", None, "No such file"),
        ("missing.yaml", None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    told = said("schedule", "--contracts", path)
    assert str(path) in told
    assert message in told


def test_months_and_words_on_the_command_line_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + ONE)
    assert "--from: '2026-13' is not a month" in said("schedule", "--contracts", path, "--from", "2026-13")
    assert "--by: 'week'" in said("schedule", "--contracts", path, "--by", "week")
    assert "--format: 'pdf'" in said("schedule", "--contracts", path, "--format", "pdf")
    backwards = ("schedule", "--contracts", path, "--from", "2027-01", "--through", "2026-01")
    assert "--from 2027-01 is after --through 2026-01" in said(*backwards)


def test_a_file_without_costs_is_an_empty_schedule(tmp_path: Path) -> None:
    result = costs("schedule", "--contracts", written(tmp_path, HEADER), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert table(tmp_path / "out" / "schedule.csv") == []
    assert (tmp_path / "out" / "schedule.csv").read_text().startswith("asset_id,earning_line_id,contract_id")


def test_events_may_be_inside_their_contract(tmp_path: Path) -> None:
    text = """
contracts:
  - contract_id: Acme
    signed_date: 2026-01-01
    term_months: 24
    amount: 2400
    currency: USD
    events:
      - {event: clawback, date: 2026-06-30, amount: 600}
"""
    costs("schedule", "--contracts", written(tmp_path, text, "c.yaml"), "--out", tmp_path / "out")
    taken = [row for row in table(tmp_path / "out" / "schedule.csv") if row["source"] == "clawback"]
    assert [Decimal(row["amount"]) for row in taken] == [600]


class Server:
    """Answers as payout does, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.asked = answer, ""

    def get(self, path: str, *, who: str) -> dict[str, Any]:
        self.asked = f"{who} GET {path}"
        return self.answer

    def post(self, path: str, *, who: str) -> dict[str, Any]:
        self.asked = f"{who} POST {path}"
        return self.answer


def test_a_month_of_the_installation_is_booked_and_what_is_carried_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    balance = {"entity": "us", "currency": "USD", "carrying": "2300.00", "current": "1200.00", "non_current": "1100.00"}
    unused = {"source": "e1", "id": "Omega", "reason": "no_contract", "message": "there is no cost of contract Omega"}
    batch = {"id": "contract-costs-2026-01-1", "entries": 2, "balances": [balance]}
    server = Server({"period": "2026-01", "batch": batch, "not_used": [unused]})
    monkeypatch.setattr("earnest.commands.costs.connected", lambda: server)
    assert costs("book", "2026-01", "--as", "frank").output.splitlines() == [
        "contract-costs-2026-01-1: 2 entries",
        "  us: 2,300.00 USD carried, 1,200.00 of it current",
        "  not used: e1: there is no cost of contract Omega",
    ]
    assert server.asked == "frank POST /v1/contract-costs/periods/2026-01"
    server.answer = {"period": "2026-01", "batch": None, "not_used": []}
    assert costs("book", "2026-01").output == "2026-01 is booked, and nothing has changed since.\n"


def test_the_roll_forward_of_what_is_booked_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("opening", "additions", "amortisation", "impairment", "reversal", "clawback", "closing", "expensed")
    row = dict.fromkeys(names, "0.00") | {"additions": "2400.00", "amortisation": "-100.00", "closing": "2300.00"}
    row |= {"period": "2026-01", "entity": "us", "currency": "USD", "current": None, "non_current": None}
    server = Server({"movements": [row]})
    monkeypatch.setattr("earnest.commands.costs.connected", lambda: server)
    shown = costs("rollforward", "--from", "2026-01", "--through", "2026-01").output
    assert "2,300.00" in shown
    assert "impairment" not in shown
    assert server.asked.endswith("/v1/contract-costs/rollforward?first=2026-01&last=2026-01")


def test_entries_are_shown_in_part_and_written_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [{"batch": "contract-costs-2026-01-1", "kind": "amortisation", "amount": f"{n}.00"} for n in range(3)]

    class Pages:
        def get(self, path: str, *, who: str, service: str) -> dict[str, Any]:
            after = int(parse_qs(urlsplit(path).query)["after"][0])
            return {"entries": rows[after : after + 2], "next": after + 2 if after == 0 else None}

    monkeypatch.setattr("earnest.commands.contract_events.connected", Pages)
    shown = costs("entries", "--from", "2026-01", "--through", "2026-02").output
    assert "1.00" in shown
    assert "2.00" not in shown
    assert "--out FILE.csv writes all of them" in shown
    file = tmp_path / "entries.csv"
    said = costs("entries", "--from", "2026-01", "--through", "2026-02", "--out", str(file)).output
    assert said.endswith("3 entries\n")
    assert [line.split(",")[-1] for line in file.read_text().splitlines()] == ["amount", "0.00", "1.00", "2.00"]


def test_a_backlog_is_booked_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({"period": "2026-01", "batch": None, "not_used": []})
    monkeypatch.setattr("earnest.commands.costs.connected", lambda: server)
    costs("book", "2026-01", "--catch-up")
    assert server.asked == "dana POST /v1/contract-costs/periods/2026-01?catch_up=true"
