"""What people wrote in source files is read in bounds: what takes too much stops its source and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.ingest.sources import Sources
from shared.bounded import BoundedProcess
from shared.contracts.topics import DELIVERIES
from tests.services.ingest.conftest import Ingest


def test_what_a_source_sends_stops_that_source_alone_where_reading_it_takes_too_much(
    tmp_path: Path, start_ingest: Callable[..., Ingest]
) -> None:
    greedy = "".join(f"  custom.own_{number}: $..[?@.a == {number}]\n" for number in range(400))
    for name, fields in (("greedy", greedy), ("modest", "")):
        text = (
            f"source: {name}\nsigning: {{scheme: token, header: X-Token, secrets: [one.secret]}}\n"
            f"deal_id: $.id\nfields:\n  amount: $.amount\n{fields}"
        )
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "one.secret").write_text("let-it-in")
    ingest = start_ingest(tmp_path)
    ingest.deliveries._calculating = (apart := BoundedProcess(seconds=1, wall_seconds=600)).run
    body = json.dumps({"id": "d1", "amount": "5", "more": [{"b": [{}] * 20}] * 1000}).encode()

    def deliver(source: str) -> Any:
        return ingest.client.post(f"/v1/webhooks/{source}", content=body, headers={"x-token": "let-it-in"})

    try:
        [result] = deliver("greedy").json()["results"]
        assert result["errors"] == [{"field": "body", "reason": "it took more than 1 seconds of processor time"}]
        assert (deliver("greedy").status_code, deliver("modest").json()["accepted"]) == (503, 1)
        [remark] = ingest.sources.remarks()
        assert "source greedy (greedy.yaml) is stopped: a delivery of it could not be read" in remark
        assert [kept["id"] for kept in ingest.in_log(DELIVERIES)] == ["d1"]
        ingest.sources.load()
        assert ingest.sources.stopped == {}
    finally:
        apart.close()


def test_a_file_that_takes_too_much_to_be_read_stops_its_source_alone(tmp_path: Path) -> None:
    (tmp_path / "greedy.yaml").write_text(
        "source: greedy\ndeal_id: $.id\n" + "".join(f"k{number}: 1\n" for number in range(150_000))
    )
    (tmp_path / "modest.yaml").write_text("source: modest\ndeal_id: $.id\n")
    apart = BoundedProcess(seconds=3, wall_seconds=600)
    try:
        files = Sources(tmp_path, apart.run)
    finally:
        apart.close()
    assert list(files.known) == ["modest"]
    assert files.remarks() == ["source greedy (greedy.yaml) is stopped: it took more than 3 seconds of processor time"]


def test_a_form_of_dates_that_names_a_part_twice_stops_its_source_alone(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text('source: odd\ndeal_id: $.id\nnotation: {format: "%d %d"}\n')
    [remark] = Sources(tmp_path).remarks()
    assert "notation.format: '%d %d' is no form of dates" in remark
