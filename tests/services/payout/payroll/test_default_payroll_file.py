"""The plain CSV that payroll gets where no profile is published, read with other means than it was written with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.payout.exports.chain import PreviousBatch
from services.payout.payroll.batch import Batch, write
from services.payout.payroll.errors import LinesRefused
from services.payout.payroll.line import BatchHeader, PayrollLine, ReleasedRun
from services.payout.payroll.policy import DEFAULT
from shared.pay.identities import as_read

END = date(2025, 3, 31)
HEAD = BatchHeader(
    batch="run-2025-03-1",
    number=1,
    run=ReleasedRun(id="run-2025-03-1", pay_group=None, period="2025-03", period_end=END, pay_date=END),
    created_at=datetime(2025, 4, 2, 8, 0, 0, 5, tzinfo=UTC),
)
Paid = tuple[str, str, int]
LINES: list[Paid] = [("bob", "USD", 123456), ("ada", "USD", 5), ("ada", "JPY", 700), ("cy", "KWD", 1500)]


def written(paid: Sequence[Paid], previous: PreviousBatch | None = None, head: BatchHeader = HEAD) -> Batch:
    lines = [
        PayrollLine(
            id=f"{who}/{currency}",
            participant_id=who,
            currency=currency,
            amount=amount,
            period="2025-03",
            pay_period_start=date(2025, 3, 1),
            pay_period_end=END,
            pay_date=END,
        )
        for who, currency, amount in paid
    ]
    return write(DEFAULT.file, lines, head=head, previous=previous)


def test_the_file_is_the_payments_in_order_with_the_digits_of_their_currency() -> None:
    assert written(LINES).files[0].content == (
        b"batch_id,participant_id,period,pay_code,currency,amount\r\n"
        b"run-2025-03-1,ada,2025-03,COMMISSION,JPY,700\r\n"
        b"run-2025-03-1,ada,2025-03,COMMISSION,USD,0.05\r\n"
        b"run-2025-03-1,bob,2025-03,COMMISSION,USD,1234.56\r\n"
        b"run-2025-03-1,cy,2025-03,COMMISSION,KWD,1.500\r\n"
    )


def test_the_manifest_says_what_the_file_adds_up_to_and_which_batch_came_before() -> None:
    batch = written(LINES, PreviousBatch(id="run-2025-02-1", sha256="ab" * 32))
    file = batch.files[0]
    digest = hashlib.sha256(file.content).hexdigest()
    assert json.loads(batch.manifest) == {
        "batch_id": "run-2025-03-1",
        "run": "run-2025-03-1",
        "format": "generic/1",
        "pay_group": None,
        "entity": None,
        "period": "2025-03",
        "pay_date": "2025-03-31",
        "corrects": None,
        "file": "run-2025-03-1.csv",
        "sha256": digest,
        "files": [
            {
                "name": "run-2025-03-1.csv",
                "media_type": "text/csv; charset=utf-8; header=present",
                "bytes": len(file.content),
                "sha256": digest,
            }
        ],
        "record_count": 4,
        "employee_count": 3,
        "control_totals": {"JPY": "700", "KWD": "1.500", "USD": "1234.61"},
        "hash_total": 0,
        "previous_batch_id": "run-2025-02-1",
        "previous_batch_sha256": "ab" * 32,
        "created_at": "2025-04-02T08:00:00.000005Z",
    }


def test_a_run_that_pays_nobody_has_a_file_with_a_header_only() -> None:
    batch = written([])
    assert batch.files[0].content.count(b"\r\n") == 1
    assert json.loads(batch.manifest)["record_count"] == 0


@pytest.mark.parametrize(
    "identifier",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a,b", 'a"b', "a;b", "a\n", "a b", "", "＝1", "a\0", "ada\n=1+1"],
)
def test_an_id_that_a_spreadsheet_could_take_for_something_else_is_refused(identifier: str) -> None:
    with pytest.raises(LinesRefused) as refused:
        written([("ada", "USD", 2), (identifier, "USD", 1)])
    assert {each["field"] for each in refused.value.rejected} == {"participant_id"}
    with pytest.raises(LinesRefused):
        written([("ada", "USD", 1)], head=replace(HEAD, batch=identifier))


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,20}", fullmatch=True)


@given(
    st.dictionaries(
        st.tuples(IDS, st.sampled_from(["USD", "JPY", "KWD"])), st.integers(-(10**16), 10**16).filter(bool), max_size=9
    )
)
def test_whoever_reads_the_file_finds_the_control_totals(amounts: dict[tuple[str, str], int]) -> None:
    people = {person for person, _ in amounts}
    assume(len({as_read(person, "loosely") for person in people}) == len(people))
    lines = [(*key, amount) for key, amount in amounts.items()]
    batch = written(lines)
    rows = list(csv.DictReader(io.StringIO(batch.files[0].content.decode("ascii"), newline="")))
    manifest = json.loads(batch.manifest)
    totals: dict[str, Decimal] = {}
    for row in rows:
        assert None not in row
        totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    assert {currency: Decimal(total) for currency, total in manifest["control_totals"].items()} == totals
    assert manifest["record_count"] == len(rows)
    assert written(lines[::-1]) == batch
