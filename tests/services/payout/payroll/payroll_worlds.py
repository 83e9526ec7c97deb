"""Payroll lines to write: a few with names, settings for every format, and lines that may hold anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.payout.payroll.formats import AnyFormat, PayrollFormat
from services.payout.payroll.line import BatchHeader, PayrollLine, ReleasedRun
from tests.services.payout.payroll.readers import american, european, sheets
from tests.services.payout.payroll.readers.paid import Paid

HEAD = BatchHeader(
    batch="run-2026-06-1",
    number=12,
    run=ReleasedRun(
        id="run-2026-06-1",
        pay_group="sales",
        period="2026-06",
        period_end=date(2026, 6, 30),
        pay_date=date(2026, 7, 31),
    ),
    created_at=datetime(2026, 7, 3, 9, 0, tzinfo=UTC),
)

SETTINGS: dict[str, dict[str, Any]] = {
    "adp-workforce-now": {
        "currency": "USD",
        "company_code": "ABC",
        "pay_codes": {"commission": "C", "bonus": "B", "clawback": "C"},
    },
    "gusto": {"currency": "USD"},
    "paychex-spi": {
        "currency": "USD",
        "client_id": "0012A345",
        "pay_codes": {"commission": "Commission", "bonus": "Sales Bonus"},
    },
    "workday-eib": {
        "batch_id": "COMMISSIONS",
        "pay_codes": {"commission": "COMM", "bonus": "BONUS", "clawback": "COMM"},
    },
    "paylocity": {
        "currency": "USD",
        "pay_codes": {"commission": "COMM", "bonus": "BONUS"},
        "deduction_codes": {"clawback": "CLAWB"},
        "cost_center": True,
    },
    "sap-0015": {"pay_codes": {"commission": "M110", "bonus": "M120", "clawback": "M110"}},
    "sap-0267": {"pay_codes": {"commission": "M110", "bonus": "M120", "clawback": "M110"}, "reason": "01"},
    "datev-lodas": {
        "consultant": 1234567,
        "client": 12345,
        "processing_key": 2,
        "pay_codes": {"commission": "2100", "bonus": "2110", "clawback": "2100"},
    },
    "datev-lohn-und-gehalt": {
        "consultant": 1234567,
        "client": 12345,
        "note": True,
        "pay_codes": {"commission": "2100", "bonus": "2110", "clawback": "2100"},
    },
    "frappe": {
        "company": "Acme Ltd",
        "pay_codes": {"commission": "Commission", "bonus": "Bonus"},
        "deduction_codes": {"clawback": "Clawback"},
    },
    "generic": {
        "columns": [
            {"source": "payroll_id", "heading": "Employee"},
            {"source": "last_name", "heading": "Name"},
            {"source": "pay_code", "heading": "Code"},
            {"source": "currency", "heading": "Currency"},
            {"source": "amount", "heading": "Amount"},
            {"source": "memo", "heading": "Memo"},
        ],
        "file": "xlsx",
    },
}
"""Settings of every format, as a policy would give them."""


def generic(content: bytes) -> list[Paid]:
    return [
        Paid(cells["Employee"], cells["Code"], sheets.amount(cells["Amount"]), cells["Currency"])
        for cells in sheets.table(content)
    ]


def _single(read: Callable[[bytes], list[Paid]]) -> Callable[[Mapping[str, bytes]], list[Paid]]:
    return lambda files: read(*files.values())


READERS: dict[str, Callable[[Mapping[str, bytes]], list[Paid]]] = {
    "adp-workforce-now": _single(american.adp),
    "gusto": _single(american.gusto),
    "paychex-spi": _single(american.paychex),
    "workday-eib": _single(sheets.workday),
    "paylocity": _single(american.paylocity),
    "sap-0015": _single(european.sap),
    "sap-0267": _single(european.sap),
    "datev-lodas": _single(european.lodas),
    "datev-lohn-und-gehalt": european.lug,
    "frappe": _single(american.frappe),
    "generic": _single(generic),
}
"""How each format is read, independently of how it is written."""

IDS = {
    "adp-workforce-now": "000417",
    "gusto": "a1B2c3",
    "paychex-spi": "0000417",
    "workday-eib": "00417",
    "paylocity": "1417",
    "sap-0015": "00000417",
    "sap-0267": "00000417",
    "datev-lodas": "417",
    "datev-lohn-und-gehalt": "417",
    "frappe": "HR-EMP-00417",
    "generic": "E-417",
}
"""An id of a person in each payroll's numbering."""

_ADAPTER: TypeAdapter[PayrollFormat] = TypeAdapter(AnyFormat)


def target(name: str, **changed: Any) -> PayrollFormat:
    """A format with its settings, and what is changed of them."""
    return _ADAPTER.validate_python({"format": name} | SETTINGS[name] | changed, strict=False)


def currency_of(name: str) -> str:
    """The currency of the example of a format."""
    return "EUR" if name.startswith("datev") or name.startswith("sap") else "USD"


def line(name: str, **changed: Any) -> PayrollLine:
    """A line that a format takes, and what is changed of it."""
    plain: dict[str, Any] = {
        "id": "line-1",
        "participant_id": "ada.brandt",
        "payroll_id": IDS[name],
        "first_name": "Ada",
        "last_name": "Brandt",
        "currency": currency_of(name),
        "amount": 123456,
        "period": "2026-06",
        "pay_period_start": date(2026, 6, 1),
        "pay_period_end": date(2026, 6, 30),
        "pay_date": date(2026, 7, 31),
        "cost_center": "4711",
        "memo": "June",
    }
    return PayrollLine(**plain | changed)


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "=1+1",
        "-2",
        "+3",
        "@x",
        "Müller",
        "Łukasz",
        "O'Neil; Sons",
        'a"b',
        "a,b",
        "a\tb",
        "\r\n",
        "＝1",
        "1",
        "00042",
        "",
    ]
)
AMOUNTS = st.integers(-(10**16), 10**16) | st.integers(-10_000_000, 10_000_000)


@st.composite
def any_lines(draw: st.DrawFn, name: str) -> list[PayrollLine]:
    """Lines of which each field is mostly as the format takes it, and now and then anything."""

    def field(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> Any:
        return draw(odd) if draw(st.integers(0, 19)) == 0 else draw(usual)

    ids = st.from_regex(_forms(name), fullmatch=True)
    return [
        line(
            name,
            id=f"line-{at}",
            payroll_id=field(ids, TEXTS | st.none()),
            last_name=field(st.just("Brandt"), TEXTS | st.none()),
            memo=field(st.none(), TEXTS),
            cost_center=field(st.just("4711"), TEXTS | st.none()),
            pay_code=field(st.sampled_from(["commission", "bonus"]), st.sampled_from(["clawback", "draw"])),
            amount=field(st.integers(1, 9_999_999), AMOUNTS),
            currency=field(st.just(currency_of(name)), st.sampled_from(["JPY", "KWD", "EUR", "USD"])),
        )
        for at in range(draw(st.integers(0, 6)))
    ]


def _forms(name: str) -> str:
    """What ids look like in each payroll's numbering, with few enough of them that some come twice."""
    return IDS[name][:-1] + "[1-9]"
