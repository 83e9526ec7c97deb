"""Every file of the books against its layout as the vendor describes it, read by a reader that is not ours."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.payout.gl.entry import balances
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import entries, numbered
from tests.services.payout.gl.gl_books import month, policy
from tests.services.payout.gl.gl_files import CODES, DIMENSIONS, batch, nonzero, read, sums, written


def test_a_netsuite_file_has_balanced_entries_by_external_id(seed: int) -> None:
    made = batch(seed, currencies=("USD", "EUR"))
    (content,) = written(
        "netsuite", made, subsidiaries={"E1": "Parent : One", "E2": "Parent : Two"}, exchange_rates={"EUR": "1.0825"}
    )
    rows = read(content)
    assert list(rows[0])[:9] == [
        "External ID",
        "Date",
        "Subsidiary",
        "Currency",
        "Exchange Rate",
        "Posting Period",
        "Memo",
        "Approved",
        "Accounting Book",
    ]
    by_entry: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_entry[row["External ID"]].append(row)
        assert (row["Debit"] == "") != (row["Credit"] == ""), "a line is a debit or a credit"
        assert row["Date"] == "06/30/2026"
        assert row["Posting Period"] == "Jun 2026"
        assert row["Exchange Rate"] == {"EUR": "1.0825", "USD": ""}[row["Currency"]]
    for lines in by_entry.values():
        assert len(lines) >= 2
        assert sum(Decimal(row["Debit"] or 0) for row in lines) == sum(Decimal(row["Credit"] or 0) for row in lines)
        assert len({(row["Subsidiary"], row["Currency"], row["Memo"]) for row in lines}) == 1
    found = [
        (row["Account"], row["Currency"], Decimal(row["Debit"] or 0) - Decimal(row["Credit"] or 0)) for row in rows
    ]
    assert sums(found) == nonzero(balances(made))
    assert {row["Class"] for row in rows} == {"", "commission", "spif"}


def test_a_quickbooks_online_file_has_balanced_journals(seed: int) -> None:
    made = batch(seed, entities=1)
    (content,) = written("quickbooks-online", made)
    rows = read(content)
    assert list(rows[0]) == [
        "JournalNo",
        "JournalDate",
        "AccountName",
        "Debits",
        "Credits",
        "Description",
        "Name",
        "Currency",
        "Location",
        "Class",
    ]
    by_entry: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        assert len(row["JournalNo"]) <= 21
        assert row["JournalDate"] == "06/30/2026"
        assert (row["Debits"] == "") != (row["Credits"] == "")
        by_entry[row["JournalNo"]] += Decimal(row["Debits"] or 0) - Decimal(row["Credits"] or 0)
    assert set(by_entry.values()) == {0}
    found = [
        (row["AccountName"], row["Currency"], Decimal(row["Debits"] or 0) - Decimal(row["Credits"] or 0))
        for row in rows
    ]
    assert sums(found) == nonzero(balances(made))


def test_an_iif_file_has_a_head_and_journals_of_one_trns_and_its_spls_that_sum_to_zero(seed: int) -> None:
    book = policy(dimensions=DIMENSIONS[:1])
    made = batch(seed, book=book, entities=1, currencies=("USD",))
    (content,) = written("quickbooks-desktop", made)
    rows = [line.split("\t") for line in content.decode("cp1252").removesuffix("\r\n").split("\r\n")]
    columns = dict(zip(rows[0], range(20), strict=False))
    assert [row[0] for row in rows[:3]] == ["!TRNS", "!SPL", "!ENDTRNS"]
    found, open_sum, entry_rows = [], Decimal(0), 0
    for row in rows[3:]:
        if row[0] == "ENDTRNS":
            assert open_sum == 0
            assert entry_rows >= 2
            entry_rows = 0
            continue
        assert row[0] == ("SPL" if entry_rows else "TRNS")
        assert len(row) == len(columns)
        assert row[columns["TRNSTYPE"]] == "GENERAL JOURNAL"
        assert row[columns["DATE"]] == "06/30/2026"
        entry_rows += 1
        open_sum += Decimal(row[columns["AMOUNT"]])
        found.append((row[columns["ACCNT"]], "USD", Decimal(row[columns["AMOUNT"]])))
    assert sums(found) == nonzero(balances(made))


def test_xero_files_have_300_lines_at_most_and_balanced_journals_by_narration_and_date(seed: int) -> None:
    wide = [{"name": "Region", "source": "cost_center"}, {"name": "Kind", "source": "component"}]
    book = policy(CODES, dimensions=wide, intercompany="7000")
    made = [
        entry
        for number in range(1, 12)
        for entry in numbered(number, entries(month(seed + number, 200, ("USD",), 1), lambda _: book))
    ]
    files = written("xero", made, tracking=["Region", "Kind"], tax_rate="Tax Exempt (0%)")
    assert len(files) > 1
    found: list[tuple[str, str, Decimal]] = []
    journals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for content in files:
        rows = read(content)
        assert list(rows[0])[:6] == ["Narration", "Date", "Description", "AccountCode", "TaxRate", "Amount"]
        assert 0 < len(rows) <= 300
        inside = {(row["Narration"], row["Date"]) for row in rows}
        assert not inside & journals.keys(), "a journal is in one file"
        for row in rows:
            journals[row["Narration"], row["Date"]] += Decimal(row["Amount"])
            assert row["TaxRate"] == "Tax Exempt (0%)"
            assert row["Date"] == "30/06/2026"
            assert (row["TrackingName1"] == "Region") == bool(row["TrackingOption1"])
            found.append((row["AccountCode"], "USD", Decimal(row["Amount"])))
    assert set(journals.values()) == {0}
    assert len(journals) == len(made)
    assert sums(found) == nonzero(balances(made))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from([".", ","]))
def test_a_generic_csv_reads_back_whatever_separates_it(seed: int, delimiter: str, mark: str) -> None:
    made = batch(seed, 40)
    (content,) = written("csv", made, delimiter=delimiter, decimal_mark=mark, byte_order_mark=True)
    found = [
        (row["account"], row["currency"], Decimal(row["amount"].replace(",", "."))) for row in read(content, delimiter)
    ]
    assert sums(found) == nonzero(balances(made))
    assert written("csv", made, delimiter=delimiter, decimal_mark=mark, byte_order_mark=True) == [content], (
        "the same bytes"
    )


def test_the_same_entries_are_the_same_bytes_in_every_format() -> None:
    book = policy(CODES, dimensions=[{"name": "Class", "source": "component"}])
    plain = batch(5, book=policy(), entities=1, currencies=("USD",))
    for name in FORMATS:
        made = batch(5, book=book, entities=1, currencies=("USD",)) if name == "xero" else plain
        wanted = {"tracking": ["Class"]} if name == "xero" else {}
        assert written(name, made, **wanted) == written(name, made, **wanted)
