"""Two companies' real files pay the same to the cent through the running system and from files alone."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from earnest.client import Client
from earnest.imports.mapping_file import read_mapping
from earnest.imports.reading import CompanyFiles, read_company
from earnest.local.processes import LocalError
from earnest.local.system import System
from shared.database import database_url, engine_for
from shared.kernel import PlanSet
from shared.money import from_minor
from tests import command_line

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
EXAMPLE = EXAMPLES / "crm-opportunities"
Paid = dict[tuple[str, str, str], Decimal]


def earnest(*arguments: str | Path, home: Path | None = None) -> str:
    run = command_line.earnest(*arguments, environment={"EARNEST_HOME": str(home)} if home else {})
    assert run.returncode == 0, run.stdout + run.stderr
    return " ".join(run.stdout.split())


def from_files(company: str, data: Path, out: Path) -> Paid:
    example = EXAMPLES / company
    earnest("calc", "--plan", example / "plans", "--mapping", example, data / company, "--out", out)
    with (out / "earnings.csv").open(newline="") as file:
        rows = [(row["participant_id"], row["component"], row["period"], row["amount"]) for row in csv.DictReader(file)]
    return {(who, component, period): Decimal(amount) for who, component, period, amount in rows if Decimal(amount)}


def from_the_system(system: System) -> Paid:
    """What payout has posted: the end of the road."""
    engine = engine_for(database_url(system.settings), "payout", pool_size=1)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select journal.participant_id, component, origin_period, currency, sum(amount) "
            "from posting join journal on journal.id = posting.journal where account = 'earned' group by 1, 2, 3, 4"
        ).all()
    engine.dispose()
    return {
        (who, component, period): from_minor(int(amount), currency) for who, component, period, currency, amount in rows
    }


def test_the_system_and_the_files_pay_the_same_cents(shared_folder: Path, system: System, tmp_path: Path) -> None:
    # Both companies live in one installation here, for one takes long to start: their plans and people differ.
    data, report = shared_folder / "data", tmp_path / "report.csv"
    said = earnest(
        "import", data / "crm-opportunities", "--mapping", EXAMPLE, "--report", report, home=system.home.path
    )
    assert "4,238 rows worth 10,005,534 came in, 10,005,534 were taken, 0 were rejected" in said
    assert "Credited: 4,238 of 4,238 won deals" in said
    expected = from_files("crm-opportunities", data, tmp_path / "files")
    assert len({who for who, _, _ in expected}) == 36
    assert from_the_system(system) == expected


def test_a_second_company_pays_the_same_live_as_from_files_and_as_added_up_by_hand(
    shared_folder: Path, system: System, tmp_path: Path
) -> None:
    data = shared_folder / "data"
    expected = from_files("northwind", data, tmp_path / "files")
    assert expected == northwind_by_hand(data / "northwind")
    earnest(
        "import", data / "northwind", "--mapping", EXAMPLES / "northwind", "--report", tmp_path / "report.csv",
        home=system.home.path,
    )  # fmt: skip
    assert from_the_system(system) == expected
    pay_on_account(system, tmp_path)
    names_of_two(system, tmp_path)


def pay_on_account(system: System, folder: Path) -> None:
    """Payments by account go to the deals of the account as they stand in the system; sent again they change nothing."""
    (folder / "mapping.yaml").write_text(
        "source: bank\npayments: {file: bank.csv, id: no, account: customer, reference: text, amount: sum, date: on,"
        " currency: {constant: USD}}\n"
    )
    known = {deal["deal_id"]: deal["fields"] for deal in facts_of_deals(system)}
    first, second = sorted(name for name, fields in known.items() if fields["account"] == "VINET")[:2]
    owed = Decimal(known[first]["amount"])
    bank = f"no,customer,text,sum,on\nB1,VINET,{second},10.00,1997-01-02\nB2,VINET,,{owed},1997-01-03\nB3,NOBODY,,5.00,1997-01-03\n"
    arguments = ("import", folder, "--mapping", folder, "--report", folder / "report.csv")
    for more in ("", "", "B4,VINET,B2,-5.00,1997-01-04\n"):
        (folder / "bank.csv").write_text(bank + more)
        earnest(*arguments, home=system.home.path)
        fields = {deal["deal_id"]: deal["fields"] for deal in facts_of_deals(system)}
        assert fields[second]["payments.B1"] == {"amount": "10.00", "date": "1997-01-02"}
        assert Decimal(fields[first]["payments.B2"]["amount"]) == owed
    assert fields[first]["payments.B4"] == {"amount": "-5.00", "date": "1997-01-04"}
    assert "B3: 5.00 USD are left" in (folder / "report.csv").read_text()


def names_of_two(system: System, folder: Path) -> None:
    """Whom an import credits is said by the roster of the system, in which others may have the same alias."""
    (folder / "mapping.yaml").write_text(
        "deals: {file: d.csv, deal_id: id, fields: {amount: a, currency: {constant: USD}, close_date: d, owner: o}}\n"
        "roster: {file: r.csv, participant_id: p, effective_from: {constant: 1996-01-01},"
        " fields: {plan: {constant: northwind-rep}, alias.crm: mail}}\n"
    )
    (folder / "d.csv").write_text("id,a,d,o\nX1,5,1997-01-02,zoe\nX2,5,1997-01-02,z@acme.example\n")
    arguments = ("import", folder, "--mapping", folder, "--report", folder / "report.csv")
    (folder / "r.csv").write_text("p,mail\nzoe,z@acme.example\n")
    assert "Credited: 2 of 2 won deals." in earnest(*arguments, home=system.home.path)
    (folder / "r.csv").write_text("p,mail\nzac,z@acme.example\n")
    said = earnest(*arguments, home=system.home.path)
    assert "Credited: 1 of 2 won deals." in said
    assert "(ambiguous_alias), X2" in said


def facts_of_deals(system: System) -> list[dict[str, Any]]:
    client = Client(system.home, system.settings)
    deals: list[dict[str, Any]] = client.get("/v1/facts/deals?limit=5000", who="analyst", service="scoring")["deals"]
    return deals


def northwind_by_hand(folder: Path) -> Paid:
    """What the plans of the example pay, from the files, with none of our code."""

    def rows(name: str) -> list[list[str]]:
        return list(csv.reader((folder / name).read_text(encoding="utf-8").splitlines()))[1:]

    def cents(amount: Decimal) -> Decimal:
        return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)

    worth: dict[str, Decimal] = defaultdict(Decimal)
    for order, _, price, quantity, discount in rows("order-details.csv"):
        worth[order] += cents(Decimal(price) * int(quantity) * (1 - Decimal(discount)))
    # What is needed stands before the address, in which commas are not quoted.
    shipped = [(order[2], order[5][:7], worth[order[0]]) for order in rows("orders.csv") if order[5] != "NULL"]
    with (folder / "employees.csv").open(encoding="utf-8", newline="") as file:
        people = {row["employeeID"]: (row["title"], row["reportsTo"]) for row in csv.DictReader(file)}
    own: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    team: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for who, month, value in shipped:
        own[who, month] += value
        team[people[who][1], month] += value
    paid = {}
    for (who, month), value in own.items():
        if people[who][0] in ("Sales Manager", "Vice President, Sales"):
            paid[who, "own_commission", month] = cents(value * Decimal("0.03"))
            continue
        tiers = ((0, 5000, "0.03"), (5000, 10000, "0.05"), (10000, 10**9, "0.07"))
        parts = (max(min(value, Decimal(high)) - low, Decimal(0)) * Decimal(rate) for low, high, rate in tiers)
        paid[who, "commission", month] = cents(sum(parts, Decimal(0)))
    paid |= {
        (who, "override", month): cents(v * Decimal("0.0075")) for (who, month), v in team.items() if who in people
    }
    return {key: amount for key, amount in paid.items() if amount}


def read(folder: Path, mapping: Path = EXAMPLE) -> CompanyFiles:
    return read_company(read_mapping(mapping)[0], folder, plans=PlanSet([]), step=lambda _: None)


def test_every_repaired_and_remarked_row_is_reported(shared_folder: Path) -> None:
    company = read(shared_folder / "data" / "crm-opportunities")
    notes = company.notes().group_by("file", "kind", "field").len()
    found = {(kind, field): number for file, kind, field, number in notes.iter_rows() if file == "sales_pipeline.csv"}
    assert found == {("repaired", "product"): 1480, ("remarked", "account"): 1425, ("renamed", "owner"): 30}
    assert company.deals.frame.height == 8800


def small(folder: Path, **changes: str) -> Path:
    """An export of one opportunity for the mapping of the example."""
    row = {
        "sales_agent": "Ada Lovelace",
        "deal_stage": "Won",
        "close_date": "3/1/2017",
        "close_value": "1000",
    } | changes
    folder.mkdir(exist_ok=True)
    (folder / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nAda Lovelace,Zoë Quinn,North\n")
    (folder / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\n")
    (folder / "sales_pipeline.csv").write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        f"A1,{row['sales_agent']},GTXPro,,{row['deal_stage']},1/2/2017,{row['close_date']},{row['close_value']}\n"
    )
    return folder


def test_a_slip_is_repaired_before_the_list_price_is_looked_up(tmp_path: Path) -> None:
    [deal] = read(small(tmp_path / "x")).deals.frame.iter_rows(named=True)
    assert deal | {"product": "GTX Pro", "list_amount": "4821", "owner": "ada.lovelace"} == deal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sales_agent": "Nobody Known"}, "nobody.known is not in the roster on the close date"),
        ({"close_date": "31/31/2017"}, "is not written as dates are here (%m/%d/%Y, as 12/31/2025)"),
        ({"close_value": "1000.50x"}, "'1000.50x' is not a number as it is written here"),
        ({"deal_stage": "Maybe"}, "stage: write open, won, lost or cancelled, not 'Maybe'"),
    ],
)
def test_a_row_that_cannot_be_used_is_reported_with_its_reason(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    out = tmp_path / "out"
    run = command_line.earnest(
        "import", small(tmp_path / "x", **changes), "--mapping", EXAMPLE, "--files-only", out
    )  # fmt: skip
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    said = " ".join((run.stdout + (out / "import-report.csv").read_text()).split())
    assert reason in said
    assert "this import credits nobody" in said


def test_quotas_follow_the_written_rule(tmp_path: Path) -> None:
    roster = read(small(tmp_path / "x")).roster.frame
    assert dict(roster.select("participant_id", "quota.bookings").iter_rows()) == {
        "ada.lovelace": "1000",
        "zoe.quinn": None,
    }


def test_names_that_become_ids_are_said(tmp_path: Path) -> None:
    renamed = read(small(tmp_path / "x")).notes().filter(pl.col("kind") == "renamed")
    assert set(renamed["reason"]) == {"Ada Lovelace is ada.lovelace", "Zoë Quinn is zoe.quinn"}


def test_a_missing_file_or_a_wrong_mapping_is_one_readable_line(tmp_path: Path) -> None:
    folder = small(tmp_path / "x")
    (folder / "products.csv").unlink()
    with pytest.raises(LocalError, match=r"products\.csv: No such file"):
        read(folder)
    with pytest.raises(LocalError, match=r"mapping\.yaml: No such file"):
        read_mapping(folder)
    (folder / "mapping.yaml").write_text("deals: {}\n")
    with pytest.raises(LocalError, match=r"deals\.0\.file: it is missing"):
        read_mapping(folder)
