"""What a format refuses, naming the row; what it neutralises; what of a table is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.gl.errors import SharedName
from services.payout.gl.formats.base import FileRefused
from services.payout.gl.journals import entries
from shared.money import from_minor
from tests.services.payout.gl.gl_books import journal, policy
from tests.services.payout.gl.gl_files import CODE, one, read, written


@pytest.mark.parametrize(
    ("name", "entry", "wanted", "says"),
    [
        (
            "netsuite",
            one("=cmd|'/C calc'!A0"),
            {},
            r"entry 2606-1-01, line 1, account: .* could be taken for a formula",
        ),
        ("netsuite", one(value="@SUM(A1)"), {}, r"line 1, Class: '@SUM\(A1\)' could be taken for a formula"),
        ("netsuite", one(amount=10**12), {}, "10000000000.00 has more than 10 digits"),
        ("netsuite", one(currency="KWD"), {}, "KWD has more than 2 decimals"),
        ("netsuite", one(name="Region", value="x"), {}, "line 1, Region: NetSuite's journal lines have Department"),
        ("netsuite", one(), {"subsidiaries": {"E2": "Two"}}, "no subsidiary for entity 'E1'"),
        ("quickbooks-online", one(), {"prefix": "EARNEST-LONG-PREFIX-"}, "JournalNo: .* is longer than 21"),
        ("quickbooks-online", one("a\tb"), {}, "cannot hold"),
        ("quickbooks-desktop", one(currency="EUR"), {}, "is EUR, and the file can only hold USD"),
        ("quickbooks-desktop", one('Pay "x"'), {}, "has a character that the file cannot hold"),
        ("quickbooks-desktop", one(value="日本"), {}, "outside Windows-1252"),
        ("quickbooks-desktop", one(value="x", name="Location"), {}, "has Class only"),
        ("xero", one("Expenses:Pay"), {}, "is no account code"),
        ("xero", one("6000", value="x"), {"currency": "USD"}, "not among the tracking categories"),
        ("xero", one(currency="EUR"), {}, "can only hold USD"),
        ("beancount", one("expenses:pay"), {}, "is no account of beancount"),
        ("beancount", one("Expenses:Pay Roll"), {}, "is no account of beancount"),
        ("ledger", one("Expenses  Pay"), {}, "no account name of ledger"),
        ("hledger", one("Expenses:Pay ; x"), {}, "no account name of ledger"),
        ("hledger", one("(Expenses)"), {}, "no account name of ledger"),
        ("ledger", one(value="a\n2026-01-01 x"), {}, "has a character that the file cannot hold"),
        ("hledger", one(value="a, b"), {}, "would end at its comma"),
        ("hledger", one(entity="E1\n2026-01-01 * x"), {}, "has a character that no file can hold"),
        ("xlsx", one(amount=10**15), {}, "more than 15 digits"),
    ],
)
def test_what_the_target_would_refuse_is_refused_with_its_row(
    name: str, entry: JournalEntry, wanted: dict[str, Any], says: str
) -> None:
    entry = replace(
        entry,
        lines=tuple(
            line._replace(account="2000") if line.amount < 0 and name == "xero" else line for line in entry.lines
        ),
    )
    with pytest.raises(FileRefused, match=says):
        written(name, [entry], **wanted)


def two_lines(first: EntryLine, second: EntryLine) -> JournalEntry:
    return replace(one(), lines=(first, second._replace(amount=-first.amount)))


@pytest.mark.parametrize("name", ["netsuite", "quickbooks-online", "quickbooks-desktop", "csv", "xlsx"])
def test_two_accounts_or_values_that_are_one_to_the_books_are_refused_and_both_named(name: str) -> None:
    accounts = two_lines(EntryLine("06000", 100, "earned"), EntryLine("6000", 0, "payable"))
    with pytest.raises(FileRefused, match="line 2, account: '6000' and '06000' are one to"):
        written(name, [accounts])
    classes = two_lines(
        EntryLine("6000", 100, "earned", (("Class", "East"),)), EntryLine("6001", 0, "payable", (("Class", "EAST"),))
    )
    with pytest.raises(FileRefused, match="line 2, Class: 'EAST' and 'East' are one to"):
        written(name, [classes])


def test_plain_text_books_tell_every_character_apart() -> None:
    pair = EntryLine("Expenses:Pay", 100, "earned"), EntryLine("Expenses:PAY", 0, "payable")
    assert all(written(name, [two_lines(*pair)]) for name in ("ledger", "hledger", "beancount"))


@pytest.mark.parametrize("values", [{"ada": "Brandt, A.", "alma": "Brandt, A."}, {"ada": "V-041", "alma": "v-041"}])
def test_two_people_under_one_name_in_the_books_are_refused_and_both_named(values: dict[str, str]) -> None:
    book = policy(dimensions=[{"name": "Name", "source": "participant", "values": values}], format="netsuite")
    rows = [row._replace(participant=who) for who in values for row in journal("earning", 100)]
    with pytest.raises(SharedName, match=r"Name: ada \(.*\) and alma \(.*\) are one to the books"):
        entries(rows, lambda _: book)


def test_dimensions_whose_names_are_one_once_written_are_refused() -> None:
    pair = [{"name": name, "source": "plan"} for name in ("Cost Center", "cost_center")]
    with pytest.raises(ValueError, match="two dimensions have one name"):
        policy(dimensions=pair)


def test_one_file_for_books_without_entities_holds_one_entity() -> None:
    for name in ("quickbooks-online", "quickbooks-desktop", "xero"):
        with pytest.raises(FileRefused, match="is 'E2', and the file holds 'E1'"):
            written(name, [one(CODE), one(CODE, entity="E2")])


def test_an_entry_that_is_longer_than_a_file_is_refused() -> None:
    lines = tuple(EntryLine(str(1000 + number), 1 if number % 2 else -1, "earned") for number in range(302))
    entry = one(CODE)
    long = replace(entry, lines=lines)
    with pytest.raises(FileRefused, match="has 302 lines, and a file has 300 at most"):
        written("xero", [long])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_text_for_people_is_never_a_formula_and_amounts_are_never_changed(text: str) -> None:
    (content,) = written("csv", [one(value=text)])
    first, second = read(content)
    assert first["Class"] == f"'{text}"
    assert (first["amount"], second["amount"]) == ("1.00", "-1.00")


def test_columns_of_a_table_are_chosen_and_named() -> None:
    columns = [
        {"heading": "Konto", "field": "account"},
        {"heading": "Soll", "field": "debit"},
        {"heading": "KST", "field": "dimension:Class"},
    ]
    (content,) = written("csv", [one(value="x")], columns=columns, delimiter=";", decimal_mark=",")
    assert content.decode() == "Konto;Soll;KST\r\nExpenses:Pay;1,00;x\r\nLiabilities:AccruedCommissions;0,00;\r\n"
    with pytest.raises(ValueError, match="field"):
        policy(formats={"csv": {"columns": [{"heading": "x", "field": "salary"}]}})


def test_amounts_have_the_decimals_of_their_currency() -> None:
    for currency, text in (("JPY", "1234"), ("USD", "12.34"), ("KWD", "1.234")):
        (content,) = written("csv", [one(amount=1234, currency=currency)])
        assert read(content)[0]["amount"] == text == f"{from_minor(1234, currency):f}"
