"""Everything that reads what somebody else wrote: a name, bytes of an honest sender, and what reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from earnest.files.contract_costs import read_costs
from earnest.files.deals import read_deals
from earnest.files.pay_events import read_events as read_pay_events
from earnest.files.payments_file import PaymentColumns, PaymentsFileError, read_payments
from earnest.files.rejections import Rejection
from earnest.files.series import read_series
from earnest.imports.mapping_file import MappingFile, read_mapping
from earnest.imports.reading import read_company
from earnest.kpi_files import check_kpi_files
from earnest.local.processes import LocalError
from earnest.policies import check_text
from services.alerts.kpis import built_in
from services.alerts.notifications.declared import Undeclared, notifications_of
from services.ingest import roster_csv
from services.ingest.acceptance import read_events
from services.ingest.bodies import split_events
from services.ingest.delivery import Delivery
from services.ingest.events import AccountPaymentEvent, DealEvent, Event, RosterEvent
from services.ingest.mapping import Source, source_of_text
from services.ingest.plan_files import read_plan_file
from services.ingest.published_plans import read_plan_event
from services.ingest.sections import SourceError
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from shared.problems import Problem

ROOT: Final = Path(__file__).parents[2]
UTC_ZONE: Final = ZoneInfo("UTC")
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
REFUSALS: Final = (Problem, SourceError, LocalError, Undeclared, PaymentsFileError, UnicodeDecodeError)
"""What whoever sent something is told. Anything else that is raised is a mistake of ours."""


Read = Callable[[bytes], int]
"""What is told some bytes, and how much of them it refuses."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """`read`, and what an honest sender writes: what is said once, before and after what is said of `each` thing."""

    read: Read
    begin: bytes = b""
    each: Callable[[int], bytes] | None = None
    between: bytes = b""
    end: bytes = b""

    def honest(self, size: int) -> bytes:
        """About so many bytes that an honest sender might write."""
        room, parts = size - len(self.begin) - len(self.end), list[bytes]()
        while self.each is not None and (not parts or room > 0):
            parts.append(self.each(len(parts)))
            room -= len(parts[-1]) + len(self.between)
        return self.begin + self.between.join(parts) + self.end


def on_file(read: Callable[[Path], int], name: str) -> Read:
    """What reads a file, given its bytes."""

    def reading(content: bytes) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            return read(path)

    return reading


def _events(kind: type[Event], form: str) -> Read:
    def reading(body: bytes) -> int:
        texts = split_events(body, {"content-type": form})
        read = read_events(texts, kind, zone=UTC_ZONE, received=NOW, by="crm", columns=dict)
        return int(read.receipt["rejected"])

    return reading


def _event(number: int, *, type: str, data: dict[str, Any]) -> bytes:
    time = "2026-05-01T00:00:00Z"
    return orjson.dumps(
        {"specversion": "1.0", "id": f"e{number}", "source": "crm", "type": type, "time": time, "data": data}
    )


def _deal(number: int) -> bytes:
    fields = {"amount": "1250.00", "currency": "USD", "stage": "won", "close_date": "2026-05-04", "owner": "ann"}
    return _event(number, type="earnest.deal.patched", data={"deal_id": f"d{number}", "fields": fields})


def _payment(number: int) -> bytes:
    said = {"amount": "12.00", "currency": "EUR", "date": "2026-05-04", "account": "acme"}
    return _event(number, type="earnest.account_payment.received", data={"payment_id": f"p{number}", "payment": said})


def _participant(number: int) -> bytes:
    data = {"participant_id": f"p{number}", "effective_from": "2026-01-01", "name": "Ann", "fields": {"plan": "rep"}}
    return _event(number, type="earnest.roster.patched", data=data)


def _roster_csv(body: bytes) -> int:
    texts = roster_csv.events(body, "hr", received=NOW)
    read = read_events(texts, RosterEvent, zone=UTC_ZONE, received=NOW, by="hr", columns=dict)
    return int(read.receipt["rejected"])


SOURCE_FILE: Final = (ROOT / "examples/sources/shop-orders.yaml").read_bytes()
POLICY_FILE: Final = (ROOT / "examples/demo/policies/joiners.yaml").read_bytes()
MAPPING_FILE: Final = (ROOT / "examples/crm-opportunities/mapping.yaml").read_bytes()
PLAN_FILE: Final = (ROOT / "examples/demo/plans/rep-2.yaml").read_bytes()


def _delivered(source: Source) -> Read:
    def reading(body: bytes) -> int:
        delivery = Delivery(source=source.source, name="d1", sent="2026-05-01T00:00:00Z", body=body)
        delivery.nowhere(source)
        return int(delivery.read(source, UTC_ZONE, columns=dict).receipt["rejected"])

    return reading


def _order(number: int) -> bytes:
    order = {
        "number": number,
        "state": "paid",
        "changed": "01.05.2026 10:00",
        "ordered": "01.05.2026 10:00",
        "advisers": [{"email": "a@x.de", "share": 60}, {"email": "b@x.de", "share": 40}],
        "lines": [{"position": place, "kind": "goods", "price": "1.234,50 €", "article": "k"} for place in (1, 2)],
    }
    return orjson.dumps(order)


def _plan_version(number: int) -> bytes:
    of_month = f"effective_from: {2020 + number // 12}-{number % 12 + 1:02}-01"
    text = PLAN_FILE.replace(b"version: 2", b"version: %d" % number, 1)
    return text.replace(b"effective_from: 2025-07-01", of_month.encode(), 1)


def _plan_file(body: bytes) -> int:
    return len(read_plan_file(body, "plan.yaml", published={}, received="2026-05-01T00:00:00Z", by="ann").mistakes)


def _plan_event(body: bytes) -> int:
    return int(read_plan_event(body, "UTC", received=NOW, by="ann").receipt["rejected"])


def _plan_as_event() -> bytes:
    document = read_plan(PLAN_FILE.decode(), "plan").document()
    return _event(1, type="earnest.plan.published", data={"document": document})


def _source(content: bytes) -> int:
    source_of_text(content.decode())
    return 0


def _policy(content: bytes) -> int:
    return len(check_text(content.decode(), "policy.yaml")[1])


def _told_of_alerts(content: bytes) -> int:
    notifications_of(content.decode())
    return 0


def _kpis(path: Path) -> int:
    return len(check_kpi_files([path], built_in()))


def _kpi(number: int) -> bytes:
    return b"""
  - name: own_%d
    title: Deals of a size
    unit: ratio
    of: deals
    where: stage = 'won' and amount > %d
    numerator: stage = 'won'
    observed: deals won
    bad: below
    meaning: How many there are.
    action: Look at them.""" % (number, number)


def _mapping(path: Path) -> int:
    read_mapping(path.parent)
    return 0


def _costs(path: Path) -> int:
    return read_costs(path, None).rejected.height


def _paid(path: Path) -> int:
    return len(read_payments(path, PaymentColumns())) and 0


def _pay_events(path: Path) -> int:
    refused: list[Rejection] = []
    read_pay_events(path, refused, earned=[])
    return len(refused)


def _series(path: Path) -> int:
    return len(read_series(path)) and 0


COMPANY_MAPPING: Final = MappingFile.model_validate(
    {
        "source": "crm",
        "notation": {"decimal": ",", "thousands": ".", "currency_signs": "€", "null": ["NULL"], "format": "%d.%m.%Y"},
        "deals": {
            "file": "deals.csv",
            "columns": {"list": {"text": "{Name} {Amount}"}},
            "deal_id": "Id",
            "fields": {
                "amount": {"column": "Amount", "round": 2},
                "list_amount": {"formula": "Price * 2", "round": 2},
                "currency": {"constant": "EUR"},
                "close_date": "Date",
                "owner": {"column": "Name", "as_id": True},
            },
        },
    }
)


def _company(path: Path) -> int:
    return read_company(COMPANY_MAPPING, path.parent, plans=PlanSet([]), step=lambda _: None).rejected.height


def _company_row(number: int) -> bytes:
    return b'd%d,Zoe Klein,"1.234,50","12,5",%02d.05.2026\n' % (number, number % 28 + 1)


def _deals_file(path: Path) -> int:
    return read_deals(path, PlanSet([])).rejected.height


def _deal_row(number: int) -> bytes:
    return b"d%d,100.00,USD,2026-05-04,won,ann,acme\n" % number


DEAL_HEADER: Final = b"deal_id,amount,currency,close_date,stage,owner,account\n"


JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"


def _array(kind: type[Event], each: Callable[[int], bytes]) -> Reader:
    return Reader(read=_events(kind, JSON), begin=b"[", each=each, between=b",", end=b"]")


READERS: Final[dict[str, Reader]] = {
    "deals as JSON": _array(DealEvent, _deal),
    "deals as lines": Reader(read=_events(DealEvent, LINES), each=_deal, between=b"\n"),
    "payments as JSON": _array(AccountPaymentEvent, _payment),
    "participants as JSON": _array(RosterEvent, _participant),
    "roster as CSV": Reader(
        read=_roster_csv,
        begin=b"participant_id,effective_from,name,plan,quota\n",
        each=lambda number: b"p%d,2026-01-01,Ann,rep,20000\n" % number,
    ),
    "a delivery": Reader(
        read=_delivered(source_of_text(SOURCE_FILE.decode())),
        begin=b'{"batch": "b1", "orders": [',
        each=_order,
        between=b",",
        end=b"]}",
    ),
    "a source file": Reader(
        read=_source,
        begin=SOURCE_FILE.partition(b"splits:")[0],
        each=lambda number: b"  custom.own_%d: {path: $.own.part_%d, values: {yes: 'true'}}\n" % (number, number),
    ),
    "a plan file": Reader(read=_plan_file, each=lambda number: _plan_version(number + 1), between=b"---\n"),
    "a plan as an event": Reader(read=_plan_event, begin=_plan_as_event()),
    "a KPI file": Reader(read=on_file(_kpis, "own.yaml"), begin=b"kpis:", each=_kpi),
    "a policy file": Reader(
        read=_policy,
        begin=POLICY_FILE.partition(b"[joel")[0] + b"[",
        each=lambda number: b"person.%d" % number,
        between=b",\n    ",
        end=POLICY_FILE.partition(b"mei.sato")[2],
    ),
    "who is told of alerts": Reader(
        read=_told_of_alerts,
        begin=b"people:\n",
        each=lambda number: b"  person%d: person%d@example.com\n" % (number, number),
    ),
    "a mapping file": Reader(
        read=on_file(_mapping, "mapping.yaml"),
        begin=MAPPING_FILE.partition(b"  remark_missing")[0],
        each=lambda number: b"    custom.own_%d: {column: part_%d, values: {yes: 'true'}}\n" % (number, number),
    ),
    "a company's deals": Reader(
        read=on_file(_company, "deals.csv"), begin=b"Id,Name,Amount,Price,Date\n", each=_company_row
    ),
    "deals as CSV": Reader(read=on_file(_deals_file, "deals.csv"), begin=DEAL_HEADER, each=_deal_row),
    "payroll's payments": Reader(
        read=on_file(_paid, "paid.csv"),
        begin=b"person,amount,currency\n",
        each=lambda number: b'%06d,"1,234.50",USD\n' % number,
    ),
    "contract costs": Reader(
        read=on_file(_costs, "costs.csv"),
        begin=b"contract_id,event,date,earning_line_id,amount,currency,entity,component,cost,term_months\n",
        each=lambda number: b"c%d,new,2026-01-31,l%d,100.00,USD,us,base,commission,12\n" % (number, number),
    ),
    "contract costs as YAML": Reader(
        read=on_file(_costs, "costs.yaml"),
        begin=b"lines:\n",
        each=lambda number: (
            b"  - {contract_id: c%d, date: 2026-01-01, amount: 100.00, currency: USD, term_months: 12}\n" % number
        ),
    ),
    "pay events": Reader(
        read=on_file(_pay_events, "events.csv"),
        begin=b"date,event,participant_id,reason\n",
        each=lambda number: b"2026-01-01,left,p%d,moved\n" % number,
    ),
    "a series": Reader(
        read=on_file(_series, "series.csv"),
        begin=b"date,value\n",
        each=lambda number: b"%s,%d.5\n" % (date.fromordinal(720_000 + number).isoformat().encode(), number % 7),
    ),
}
"""By what they read."""
