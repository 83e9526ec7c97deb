"""Payout asks scoring for lines: what it gets is checked, and whatever goes wrong is one clear refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import orjson
import polars as pl
import pytest

from services.payout.scoring_client import MOST_PAGES, LinesUnavailable, ScoringClient
from shared.contracts import lines as contract
from shared.pay.deal_facts import DealHistory, Remarked, Uncredited


def stream(table: pl.DataFrame) -> bytes:
    into = BytesIO()
    table.write_ipc_stream(into, compression="zstd")
    return into.getvalue()


def source(tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response]) -> ScoringClient:
    (tmp_path / "key").write_text("secret\n")
    return ScoringClient(
        "http://scoring", tmp_path / "key", zone=ZoneInfo("UTC"), transport=httpx.MockTransport(answer)
    )


def ann() -> pl.DataFrame:
    """A row of one earning with one line."""
    earning = {"component": "c", "plan": "p", "version": 1, "amount": 5, "currency": "USD", "measure": 1}
    line = {"component": "c", "plan": "p", "version": 1, "line": 1, "rule": "own", "amount": 5, "currency": "USD"}
    whole = [
        {field.name: given.get(field.name) for field in kind.fields}
        for kind, given in ((contract.EARNING, earning), (contract.LINE, line))
    ]
    row = {"participant_id": "ann", "period": "2025-03", "revision": 1, "settled": True, "detail": b"{}"}
    return pl.DataFrame(
        [row | {"earnings": whole[:1], "lines": whole[1:], "touched_by": []}], schema=contract.SCHEMA, orient="row"
    )


def test_it_asks_with_its_key_for_everyone_or_for_some(tmp_path: Path) -> None:
    asked: list[tuple[str, str, bytes, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, str(request.url), request.content, request.headers["authorization"]))
        return httpx.Response(200, content=stream(ann()))

    lines = source(tmp_path, answer)
    assert lines.of("2025-03", None).equals(ann())
    assert lines.of("2025-03", ["ann"]).equals(ann())
    assert asked == [
        ("GET", "http://scoring/v1/lines?period=2025-03", b"", "Bearer secret"),
        ("POST", "http://scoring/v1/lines", b'{"period":"2025-03","participants":["ann"]}', "Bearer secret"),
    ]


def unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (unreachable, "does not answer at http://scoring: ConnectError"),
        (lambda _: httpx.Response(403, json={"detail": "the key lacks a scope"}), "refuses: the key lacks a scope"),
        (lambda _: httpx.Response(502, text="<html>"), "refuses: HTTP status 502"),
        (lambda _: httpx.Response(200, content=b"<html>"), "no Arrow stream"),
        (lambda _: httpx.Response(200, content=stream(ann())[:300]), "no Arrow stream"),
        (lambda _: httpx.Response(200, content=stream(ann().drop("detail"))), "columns detail"),
        (lambda _: httpx.Response(200, content=stream(ann().with_columns(pl.col("lines").list.head(0)))), "do not sum"),
    ],
)
def test_whatever_goes_wrong_is_a_refusal_that_says_what(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response], says: str
) -> None:
    with pytest.raises(LinesUnavailable, match=says):
        source(tmp_path, answer).of("2025-03", None)


def test_without_its_key_it_says_where_the_key_belongs(tmp_path: Path) -> None:
    with pytest.raises(LinesUnavailable, match="EARNEST_CLIENT_KEY_FILE"):
        ScoringClient("http://scoring", None, zone=ZoneInfo("UTC")).of("2025-03", None)
    with pytest.raises(LinesUnavailable, match="cannot be read"):
        ScoringClient("http://scoring", tmp_path / "none", zone=ZoneInfo("UTC")).of("2025-03", None)


def test_many_deals_are_asked_for_at_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        names = orjson.loads(request.content)["deals"]
        asked.append(len(names))
        facts = {"close_date": {"value": "2025-03-14", "occurred_at": "2025-03-14T00:00:00Z"}}
        return httpx.Response(
            200, json={"deals": [{"deal_id": name, "facts": facts} for name in names if name != "D0"]}
        )

    found = source(tmp_path, answer).facts([f"D{n}" for n in range(1500)])
    assert asked == [1000, 500]
    assert len(found) == 1499
    assert found["D7"] == DealHistory(date(2025, 3, 14), None, closed_on=date(2025, 3, 14))
    assert source(tmp_path, unreachable).facts([]) == {}
    with pytest.raises(LinesUnavailable, match="does not answer"):
        source(tmp_path, unreachable).facts(["D1"])


def test_what_is_not_credited_is_read_page_by_page_and_not_for_ever(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        share = {"deal_id": f"D{len(asked)}", "participant_id": None, "reason": "no_rate"}
        share |= {"rule_skipped": {"cause": "no_rate", "about": "EUR", "message": "There is no rate."}}
        return httpx.Response(200, json={"uncredited": [share], "next": f"D{len(asked)}"})

    found = source(tmp_path, answer).uncredited("2025-03")
    assert found == [Uncredited(f"D{n}", None, "no_rate", about="EUR") for n in range(1, MOST_PAGES + 1)]
    assert asked[:2] == [{"period": "2025-03", "limit": "1000"}, {"period": "2025-03", "limit": "1000", "after": "D1"}]


def test_remarks_of_a_month_are_taken_as_they_are_told(tmp_path: Path) -> None:
    remark = {"kind": "late_quota", "participant_id": "ann", "message": "From 2025-03-30 the quota is another."}

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.url.path, dict(request.url.params)) == ("/v1/remarks", {"period": "2025-03"})
        return httpx.Response(200, json={"remarks": [remark]})

    assert source(tmp_path, answer).remarks("2025-03") == [Remarked(*remark.values())]
