"""The plain CSV that payroll gets where no profile is published, read with other means than it was written with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout.payroll.batch import LinesRefused, Previous
from services.payout.payroll.of_run import file_of_run
from services.payout.runs import Line, Run

NOW = datetime(2025, 4, 2, 8, 0, 0, 5, tzinfo=UTC)
RUN = Run("run-2025-03-1", "2025-03", "approved", "dana", NOW, "0" * 64, "frank", NOW)
LINES = [
    Line("bob", "USD", 123456),
    Line("ada", "USD", 5),
    Line("ada", "JPY", 700),
    Line("cy", "KWD", 1500),
    Line("di", "USD", -900),
]


def test_the_file_is_the_payments_in_order_with_the_digits_of_their_currency() -> None:
    assert file_of_run(RUN, LINES, NOW, None).content == (
        b"batch_id,participant_id,period,pay_code,currency,amount\r\n"
        b"run-2025-03-1,ada,2025-03,COMMISSION,JPY,700\r\n"
        b"run-2025-03-1,ada,2025-03,COMMISSION,USD,0.05\r\n"
        b"run-2025-03-1,bob,2025-03,COMMISSION,USD,1234.56\r\n"
        b"run-2025-03-1,cy,2025-03,COMMISSION,KWD,1.500\r\n"
    )


def test_the_manifest_says_what_the_file_adds_up_to_and_which_batch_came_before() -> None:
    file = file_of_run(RUN, LINES, NOW, Previous("run-2025-02-1", "ab" * 32))
    digest = hashlib.sha256(file.content).hexdigest()
    assert json.loads(file.manifest) == {
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
    file = file_of_run(RUN, [Line("di", "USD", -900)], NOW, None)
    assert file.content.count(b"\r\n") == 1
    assert json.loads(file.manifest)["record_count"] == 0


@pytest.mark.parametrize(
    "identifier",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a,b", 'a"b', "a;b", "a\n", "a b", "", "＝1", "a\0", "ada\n=1+1"],
)
def test_an_id_that_a_spreadsheet_could_take_for_something_else_is_refused(identifier: str) -> None:
    with pytest.raises(LinesRefused) as refused:
        file_of_run(RUN, [Line("ada", "USD", 2), Line(identifier, "USD", 1)], NOW, None)
    assert {each["field"] for each in refused.value.rejected} == {"participant_id"}
    with pytest.raises(LinesRefused):
        file_of_run(replace(RUN, id=identifier), [Line("ada", "USD", 1)], NOW, None)


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,20}", fullmatch=True)


@given(
    st.dictionaries(
        st.tuples(IDS, st.sampled_from(["USD", "JPY", "KWD"])), st.integers(-(10**16), 10**16).filter(bool), max_size=9
    )
)
def test_whoever_reads_the_file_finds_the_control_totals(amounts: dict[tuple[str, str], int]) -> None:
    lines = [Line(*key, amount) for key, amount in amounts.items()]
    file = file_of_run(RUN, lines, NOW, None)
    rows = list(csv.DictReader(io.StringIO(file.content.decode("ascii"), newline="")))
    manifest = json.loads(file.manifest)
    totals: dict[str, Decimal] = {}
    for row in rows:
        assert None not in row
        assert Decimal(row["amount"]) > 0
        totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    assert {currency: Decimal(total) for currency, total in manifest["control_totals"].items()} == totals
    assert manifest["record_count"] == len(rows)
    assert file_of_run(RUN, list(reversed(lines)), NOW, None) == file
