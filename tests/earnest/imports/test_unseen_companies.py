"""Exports as well-known programs write them are brought in by a mapping alone, and pay what they should."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.command_line import earnest

PLAN = """
plan: rep
version: 1
name: Rep
currency: {currency}
effective_from: 2024-01-01
columns: {columns}
credits: [{{rule: own}}]
measures: [{{measure: sales, sum_of: [own]}}]
components: [{{component: pay, kind: flat, measure: sales, rate: 10%}}]
"""


def company(folder: Path, mapping: str, *, currency: str = "USD", columns: str = "{}", **files: bytes | str) -> Path:
    for name, content in files.items():
        path = folder / name.replace("_csv", ".csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "mapping.yaml").write_text(mapping)
    (folder / "plan.yaml").write_text(PLAN.format(currency=currency, columns=columns))
    return folder


def paid(folder: Path, code: int = 0) -> tuple[dict[str, Decimal], str]:
    run = earnest("calc", "--plan", "plan.yaml", "--mapping", "mapping.yaml", ".", "--out", "out", folder=folder)
    assert (run.returncode, "Traceback" in run.stderr) == (code, False), run.stdout + run.stderr
    with (folder / "out" / "earnings.csv").open(newline="") as file:
        amounts = [(row["participant_id"], Decimal(row["amount"])) for row in csv.DictReader(file)]
    found: dict[str, Decimal] = {}
    for who, amount in amounts:
        found[who] = found.get(who, Decimal(0)) + amount
    return {who: amount for who, amount in found.items() if amount}, " ".join(run.stdout.split())


def test_a_crm_with_dotted_headings_truth_values_instants_and_splits_in_a_file_of_their_own(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        deals:
          file: opportunities.csv
          deal_id: Id
          fields:
            stage: {column: IsWon, values: {"true": won, "false": open}}
            amount: Amount
            currency: CurrencyIsoCode
            close_date: CloseDate
            open_date: CreatedDate
            owner: Owner.EmployeeNumber
            account: Account.Name
            custom.new_logo: {column: Type, values: {New Business: "yes", "*": "no"}}
        splits: {file: splits.csv, deal_id: OpportunityId, participant: SplitOwner.EmployeeNumber, percent: SplitPercentage}
        roster: {file: users.csv, participant_id: EmployeeNumber, name: Name, fields: {active: IsActive, manager: Manager.EmployeeNumber}}
        """,
        columns="{new_logo: yes_no}",
        opportunities_csv=(
            '"Id","IsWon","Amount","CurrencyIsoCode","CloseDate","CreatedDate","Owner.EmployeeNumber","Account.Name","Type"\n'
            '"0065g00000AbCdEAAV","true","1000.0","USD","2024-03-31","2024-01-02T10:11:12.000+0000","E-1","Acme, Inc.","New Business"\n'
            '"0065g00000AbCdFAAV","true","500.0","USD","2024-03-31","2024-01-02T10:11:12.000+0000","E-2","Beta","Renewal"\n'
            '"0065g00000AbCdGAAV","false","9000.0","USD","2024-03-31","2024-01-02T10:11:12.000+0000","E-2","Beta","Renewal"\n'
        ),
        splits_csv=(
            "OpportunityId,SplitOwner.EmployeeNumber,SplitPercentage\n0065g00000AbCdEAAV,E-1,60.0\n"
            "0065g00000AbCdEAAV,E-2,40.0\n"
        ),
        users_csv="EmployeeNumber,Name,IsActive,Manager.EmployeeNumber\nE-1,Ann,true,E-3\nE-2,Bob,true,E-3\nE-3,Mia,true,\n",
    )
    assert paid(folder)[0] == {"E-1": Decimal("60.00"), "E-2": Decimal("90.00")}


def test_a_crm_with_signs_thousands_times_and_people_by_name(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        notation: {currency_signs: $, thousands: ",", format: ["%Y-%m-%d %H:%M", "%b %d, %Y"], null: "(No value)"}
        deals:
          file: deals.csv
          when: {column: Pipeline, in: [Sales]}
          deal_id: Record ID
          fields:
            stage: {column: Deal Stage, values: {Closed Won: won, Closed Lost: lost, "*": open}}
            amount: Amount
            close_date: Close Date
            owner: {column: Deal owner, as_id: true}
        roster: {file: owners.csv, participant_id: {column: Name, as_id: true}, name: Name}
        """,
        deals_csv=(
            "Record ID,Pipeline,Deal Stage,Amount,Close Date,Deal owner\n"
            '11,Sales,Closed Won,"$1,234.50",2024-05-06 14:20,Zoë Quinn\n'
            '12,Sales,Closed Won,"$10,000.00","May 07, 2024",Zoë Quinn\n'
            "13,Sales,Negotiation,(No value),(No value),Zoë Quinn\n"
            "14,Partners,Closed Won,$50.00,2024-05-06 14:20,Zoë Quinn\n"
        ),
        owners_csv="Name\nZoë Quinn\n",
    )
    amounts, said = paid(folder)
    assert amounts == {"zoe.quinn": Decimal("1123.45")}
    assert "│ 4 │ 3 │ 0 │ 1 │ 0 │" in said


def test_invoices_below_a_title_with_totals_between_and_payments_beside_them(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        notation: {format: "%m/%d/%Y", thousands: ",", header_row: 4}
        deals:
          file: invoices.csv
          when: [{column: Type, in: [Invoice, Credit Memo]}]
          deal_id: Num
          fields: {amount: Amount, close_date: Date, owner: Rep, account: Name, currency: {constant: USD}}
        payments: {file: payments.csv, header_row: 1, deal_id: Invoice, amount: Paid, date: On}
        roster: {file: reps.csv, header_row: 1, participant_id: initials, effective_from: since}
        """,
        invoices_csv=(
            "Acme Wholesale\nSales by Rep Detail\nJanuary - March 2024\n"
            "Type,Date,Num,Name,Rep,Amount\n"
            'Invoice,01/15/2024,1001,Diner,AL,"1,000.00"\n'
            "Credit Memo,02/01/2024,1002,Diner,AL,-200.00\n"
            'Total for AL,,,,,"800.00"\n'
        ),
        payments_csv="Invoice,Paid,On\n1001,600.00,02/15/2024\n1001,600.00,02/15/2024\n",
        reps_csv="initials,since\nAL,01/01/2024\n",
    )
    assert paid(folder)[0] == {"AL": Decimal("80.00")}
    out = folder / "files"
    earnest("import", ".", "--mapping", ".", "--plan", "plan.yaml", "--files-only", out, folder=folder)
    payments = pl.read_csv(out / "deals.csv", infer_schema=False).filter(deal_id="1001")["payments"].item().split(";")
    # Two payments that say the same are two payments, and named the same again by the next export.
    assert len(set(payments)) == 2
    assert all(entry.endswith(":600.00:2024-02-15") for entry in payments)


def test_german_csv_from_a_spreadsheet_on_windows(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        notation: {encoding: cp1252, delimiter: ";", decimal: ",", thousands: ".", format: "%d.%m.%Y", currency_signs: [€]}
        deals:
          file: Umsätze.csv
          deal_id: Beleg
          fields: {amount: Betrag, close_date: Datum, owner: Verkäufer, currency: {constant: EUR}}
        roster:
          file: Personal.csv
          participant_id: Nr
          effective_from: Ab
          fields: {active: {column: Aktiv, yes: ja, no: nein}, term.satz: Satz}
        """,
        currency="EUR",
        **{
            "Umsätze_csv": "Beleg;Datum;Verkäufer;Betrag\nR-1;31.01.2024;007;1.234,56 €\nR-2;01.02.2024;007;-34,56 €\n".encode(
                "cp1252"
            ),
            "Personal_csv": "Nr;Ab;Aktiv;Satz\n007;01.01.2024;ja;6,5 %\n".encode("cp1252"),
        },
    )
    assert paid(folder)[0] == {"007": Decimal("120.00")}


def test_lines_of_an_erp_in_tabs_with_half_cents_and_an_order_that_is_no_sum(tmp_path: Path) -> None:
    lines = (
        "ORDER\tPOS\tREP\tQTY\tPRICE\tDISC%\tDATE\n"
        "4711\t1\tR1\t3\t0.335\t\t20240131\n"
        "4711\t2\tR1\t1\t10.00\t10\t20240131\n"
        "4712\t1\tR1\t1\t5.00\t0\t20240131\n"
        "4712\t2\tR1\tmany\t5.00\t0\t20240131\n"
        "4713\t1\tR1\t1\t5.00\t0\t20240131\n"
        "4713\t2\tR2\t1\t5.00\t0\t20240131\n"
        "4714\t1\tR1\t1\t5.00\t0\t20240131\tand more\n"
        "4714\t2\tR1\t1\t5.00\t0\t20240131\n"
    )
    folder = company(
        tmp_path,
        """
        notation: {delimiter: tab, format: "%Y%m%d"}
        deals:
          file: lines.csv
          deal_id: ORDER
          fields:
            amount: {formula: QTY * PRICE * (1 - ("DISC%" or 0) / 100), round: 2, merge: sum}
            close_date: DATE
            owner: REP
        roster: {file: lines.csv, participant_id: REP}
        """,
        lines_csv=lines,
    )
    amounts, said = paid(folder)
    # 1.005 is 1.01, 10.00 less a tenth is 9.00. An order of which a line cannot be read is refused whole.
    assert amounts == {"R1": Decimal("1.00")}
    assert "│ 8 │ 1 │ 1 │ 0 │ 6 │" in said
    rejected = pl.read_csv(folder / "out" / "rejected.csv", infer_schema=False).filter(file="lines.csv")
    assert dict(rejected.filter(pl.col("id").is_not_null()).select("row", "message").iter_rows()) == {
        "4": "another row of the deal cannot be used",
        "5": "amount: QTY: 'many' is not a number as it is written here (decimal sign '.', no sign for thousands)",
        "6": "owner: the rows of the deal differ: R1, R2; say with merge which counts",
        "7": "owner: the rows of the deal differ: R1, R2; say with merge which counts",
        "8": "the row has 8 cells, the header 7",
        "9": "another row of the deal cannot be used",
    }


def test_parquet_with_binary_numbers_and_times_is_read_where_the_mapping_rounds(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        notation: {round: 2}
        deals: {file: sales.parquet, deal_id: id, fields: {amount: amount, close_date: at, owner: rep}}
        roster: {file: sales.parquet, participant_id: rep, fields: {"quota.sales": quota}}
        """,
    )
    frame = pl.DataFrame({"id": [1, 2], "amount": [0.1 + 0.2, 99.995], "rep": ["a", "a"], "quota": [1000, 1000]})
    at = pl.Series("at", ["2024-01-31 23:59:59", "2024-01-01 00:00:00"]).str.to_datetime()
    frame.with_columns(at).write_parquet(folder / "sales.parquet")
    assert paid(folder)[0] == {"a": Decimal("10.03")}


def test_nothing_credited_is_said_aloud_with_an_exit_code(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        "deals: {file: d.csv, deal_id: id, fields: {amount: a, close_date: d, owner: o}}\nroster: {file: r.csv, participant_id: p}\n",
        d_csv="id,a,d,o\n1,5,2024-01-01,ann\n",
        r_csv="p\nAnn\n",
    )
    assert "Warning: 0 of 1 won deals are credited." in paid(folder, code=1)[1]


def test_null_written_as_a_text_becomes_no_person(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        notation: {null: [NULL, N/A]}
        deals: {file: d.csv, deal_id: id, fields: {amount: a, close_date: d, owner: o}}
        roster:
          - {file: r.csv, when: {column: boss, not_in: [null]}, participant_id: boss}
          - {file: r.csv, participant_id: p, fields: {manager: boss}}
        """,
        d_csv="id,a,d,o\n1,5,2024-01-01,ann\n2,5,2024-01-01,NULL\n",
        r_csv="p,boss\nann,mia\nmia,NULL\n",
    )
    amounts, said = paid(folder)
    assert amounts == {"ann": Decimal("0.50")}
    assert "no_owner" in said
    assert "2 participants" in said


def test_null_is_nobody_also_where_the_mapping_says_nothing_of_it(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        """
        deals: {file: d.csv, deal_id: id, fields: {amount: a, close_date: d, owner: o, account: x}}
        roster:
          - {file: r.csv, when: {column: boss, not_in: [null]}, participant_id: {column: boss, as_id: true}}
          - file: r.csv
            participant_id: {column: p, as_id: true}
            fields: {manager: {column: boss, as_id: true}, alias.crm: crm}
        """,
        d_csv="id,a,d,o,x\n1,5,2024-01-01,ann@acme.example,NULL\n2,5,2024-01-01,NULL,Acme\n",
        r_csv="p,boss,crm\nann,mia,ann@acme.example\nmia,NULL,\n",
    )
    amounts, said = paid(folder)
    assert amounts == {"ann": Decimal("0.50")}
    assert "2 participants" in said
    assert "no_owner" in said


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("deals: {file: d.csv, deal_id: id, fields: {amout: a}}", "there is no field amout; did you mean amount?"),
        (
            "deals: {file: d.csv, deal_id: id, fileds: {}}",
            "deals.0.fileds: there is no fileds here; did you mean fields?",
        ),
        ("roster: {file: d.csv, participant_id: {colum: id}}", "there is no colum here; did you mean column?"),
        ("deals: {file: d.csv, deal_id: idd, fields: {}}", "there is no column idd; did you mean id?"),
        ("notation: {format: dd.mm.yyyy}", "write 31.12.2025 as %d.%m.%Y"),
        ("notation: {encoding: ansi1}", "there is no encoding 'ansi1'"),
        ("deals: {file: d.csv, deal_id: id, fields: {amount: {formula: a ** 2}}}", "a formula has columns, numbers"),
        ("deals: {file: d.csv, deal_id: id, join: {x: {file: d.csv, by: o}}, fields: {}}", "has several rows"),
        ("deals: {file: none.csv, deal_id: id, fields: {}}", "none.csv: No such file"),
        ("notation: {delimiter: ';'}\ndeals: {file: d.csv, deal_id: id, fields: {}}", "there is no column id"),
        ("deals:\n  file: d.csv\n file: x", "line 3"),
        ("[]", "a mapping says which file holds the `deals`"),
    ],
)
def test_a_slip_in_a_mapping_is_told_in_a_line_with_its_mend(tmp_path: Path, mapping: str, said: str) -> None:
    folder = company(tmp_path, mapping, d_csv="id,a,d,o\n1,5,2024-01-01,x\n2,6,2024-01-01,x\n")
    run = earnest("calc", "--plan", "plan.yaml", "--mapping", "mapping.yaml", ".", folder=folder)
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr
