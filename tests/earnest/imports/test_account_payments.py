"""Payments by account, from files: allocated to the deals of the account, what is left is listed, and pay waits for
them."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from tests.command_line import earnest

DEALS = """deal_id,owner,amount,close_date,account,refunds
D1,ann,1000.00,2025-01-10,Acme,
D2,ann,500.00,2025-01-20,Acme,r1:100.00:2025-02-10
D3,ann,300.00,2025-01-25,Beta,
"""
PAYMENTS = """id,account,reference,amount,date
P1,Acme,,500.00,2025-02-03
P2,Acme,D1,600.00,2025-02-10
P3,Acme,,500.00,2025-02-20
P4,Acme,P2,-600.00,2025-03-05
P5,Gamma,,70.00,2025-03-05
P6,Acme,,many,2025-03-05
"""
TERMS = """
kind: payment_terms
id: on-collection
currency: USD
valid_from: 2025-01-01
release: [{share: 100%, when: collected}]
"""
EARNED = """participant_id,period,amount,currency,component,deal_id
ann,2025-01,100.00,USD,commission,D1
ann,2025-01,50.00,USD,commission,D2
"""


def paid(folder: Path, *more: str) -> tuple[dict[str, str], str]:
    for name, text in (("deals.csv", DEALS), ("payments.csv", PAYMENTS), ("terms.yaml", TERMS), ("earned.csv", EARNED)):
        (folder / name).write_text(text)
    files = ("--terms", "terms.yaml", "--earned", "earned.csv", "--deals", "deals.csv", "--payments", "payments.csv")
    run = earnest("pay", *files, "--through", "2025-03", "--out", "out", *more, folder=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    with (folder / "out" / "payments.csv").open(newline="") as file:
        return {row["pay_period"]: row["paid"] for row in csv.DictReader(file)}, " ".join(run.stdout.split())


def test_pay_waits_for_payments_by_account(tmp_path: Path) -> None:
    found, said = paid(tmp_path)
    # P1 equals what D2 owes, which money that went back later does not change; P2 names D1; P3 pays the rest of D1 and leaves 100; P4 takes P2 back.
    assert (found["2025-01"], found["2025-02"]) == ("0.00", "150.00")
    assert "P5: 70.00 USD are left, for no deal of account Gamma owes them" in said
    assert "P3: 100.00 USD are left" in said
    assert "P6: amount" in said


def test_only_exact_payments_count_where_that_is_said(tmp_path: Path) -> None:
    found, said = paid(tmp_path, "--allocate", "exact_only")
    assert "P3: 500.00 USD are left" in said
    assert found["2025-02"] == "110.00"


MAPPING = """
deals:
  file: deals.csv
  deal_id: deal_id
  fields: {amount: amount, close_date: close_date, owner: owner, account: account, refunds: refunds, currency: {constant: USD}}
roster: {file: deals.csv, participant_id: owner}
payments: {file: payments.csv, id: id, account: account, reference: reference, amount: amount, date: date, currency: {constant: USD}}
"""


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_a_mapping_allocates_them_as_pay_does(order: str, tmp_path: Path) -> None:
    paid(tmp_path)
    (tmp_path / "mapping.yaml").write_text(f"{MAPPING}allocate: {order}\n")
    run = earnest("import", ".", "--mapping", ".", "--files-only", "files", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    deals = pl.read_csv(tmp_path / "files" / "deals.csv", infer_schema=False)
    assert dict(deals.select("deal_id", "payments").iter_rows()) == {
        "D1": "P2:600.00:2025-02-10;P3:400.00:2025-02-20;P4:-600.00:2025-03-05",
        "D2": "P1:500.00:2025-02-03",
        "D3": None,
    }
    ours = ("--terms", "terms.yaml", "--earned", "earned.csv", "--through", "2025-03", "--out", "mapped")
    run = earnest("pay", *ours, "--mapping", "mapping.yaml", ".", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "mapped" / "payments.csv").read_text() == (tmp_path / "out" / "payments.csv").read_text()
    assert "payments.csv, row 7, P6: amount" in run.stdout
    report = pl.read_csv(tmp_path / "files" / "import-report.csv", infer_schema=False)
    assert report.filter(kind="left")["id"].to_list() == ["P3", "P5"]
    assert report.filter(kind="refused")["id"].to_list() == ["P6"]
