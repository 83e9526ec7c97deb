"""People who do the same thing to runs at the same moment, and months that are paid while earnings stream in."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from queue import SimpleQueue

from httpx import Response

from tests.services.payout.desk import Book, Desk, earned, lines


def at_once(*calls: Callable[[], Response]) -> list[Response]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def test_of_two_drafts_at_once_one_is_made(desk: Desk) -> None:
    for month in range(1, 4):
        drafts = at_once(*[lambda m=month: desk.post("/v1/runs", "dana", {"period": f"2025-{m:02d}"})] * 4)  # type: ignore[misc]
        assert sorted(draft.status_code for draft in drafts) == [201, 409, 409, 409]


def test_of_two_approvals_at_once_one_counts(book: Book, desk: Desk) -> None:
    for month in range(1, 4):
        book([earned("ada", f"2025-{month:02d}", 1, ("USD", 500))])
        run = desk.draft(f"2025-{month:02d}")["id"]
        desk.do(run, "submit", "dana")
        approvals = at_once(
            *[lambda r=run, w=who: desk.post(f"/v1/runs/{r}/approve", w) for who in ("frank", "carol") * 2]  # type: ignore[misc]
        )
        assert sorted(approval.status_code for approval in approvals) == [200, 409, 409, 409]


def test_of_overlapping_runs_approved_at_once_every_cent_is_paid_once(book: Book, desk: Desk) -> None:
    for year in range(2015, 2018):
        book([earned("ada", f"{year}-01", 1, ("USD", 500))])
        asked = [{"period": f"{year}-01"}, {"period": f"{year}-02"}, {"period": f"{year}-01", "participants": ["ada"]}]
        made = [desk.post("/v1/runs", "dana", each).json()["id"] for each in asked]
        for run in made:
            desk.do(run, "calculate", "dana")
            desk.do(run, "submit", "dana")
        approvals = at_once(*[lambda r=run: desk.post(f"/v1/runs/{r}/approve", "frank") for run in made])  # type: ignore[misc]
        assert [approval.status_code for approval in approvals].count(200) == 1
        assert {approval.status_code for approval in approvals} == {200, 409}
        for run in desk.get("/v1/runs").json()["runs"]:
            if run["state"] == "submitted":
                desk.post(f"/v1/runs/{run['id']}/return", "frank", {"reason": "it is paid already"})
                desk.do(run["id"], "cancel", "dana")
    assert desk.balance("ada") == {"USD": ("15.00", "0.00", "15.00")}


def test_of_two_exports_at_once_one_pays_and_both_get_the_run(book: Book, desk: Desk) -> None:
    for month in range(1, 4):
        book([earned("ada", f"2025-{month:02d}", 1, ("USD", 500))])
        run = desk.draft(f"2025-{month:02d}")["id"]
        desk.release(run)
        exports = at_once(*[lambda r=run: desk.post(f"/v1/runs/{r}/export", "dana")] * 4)  # type: ignore[misc]
        assert [export.json()["state"] for export in exports] == ["exported"] * 4
    assert len(desk.get("/v1/payroll/batches").json()["batches"]) == 3
    assert desk.balance("ada") == {"USD": ("15.00", "0.00", "15.00")}


def test_months_are_paid_while_earnings_stream_in(book: Book, desk: Desk, seed: int) -> None:
    months = [f"2025-{month:02d}" for month in range(1, 9)]
    people = ["ada", "bob", "cy"]
    turns: dict[str, SimpleQueue[bool]] = {who: SimpleQueue() for who in people}

    def stream(who: str) -> int:
        """Beside every fourth step of payroll something is earned: on a machine of any speed, some runs stay current
        for long enough.
        """
        chance, revision, latest = random.Random(f"{seed} {who}"), 0, dict.fromkeys(months, 0)
        while turns[who].get():
            if revision and chance.random() > 1 / 4:
                continue
            revision += 1
            batch = {chance.choice(months): chance.randrange(1, 10**6) for _ in range(3)}
            book([earned(who, month, revision, ("USD", amount)) for month, amount in batch.items()])
            latest |= batch
        return sum(latest.values())

    def step(path: str, who: str, body: dict[str, str] | None = None) -> Response:
        for each in turns.values():
            each.put(True)
        return desk.post(f"/v1/runs{path}", who, body)

    with ThreadPoolExecutor(len(people)) as pool:
        streams = [pool.submit(stream, who) for who in people]
        try:
            for month in months:
                run = step("", "dana", {"period": month}).json()["id"]
                while step(f"/{run}/submit", "dana").status_code != 200:
                    step(f"/{run}/calculate", "dana")
                for what, by in (("approve", "frank"), ("export", "dana")):
                    assert step(f"/{run}/{what}", by).status_code == 200
        finally:
            for each in turns.values():
                each.put(False)
    paid = dict.fromkeys(people, 0)
    for month in months:
        for row in csv.DictReader(io.StringIO(desk.get(f"/v1/payroll/batches/run-{month}-1/file").text)):
            paid[row["participant_id"]] += int(Decimal(row["amount"]) * 100)
    for who, streamed in zip(people, streams, strict=True):
        all_earned, _, all_paid = (int(Decimal(amount) * 100) for amount in desk.balance(who)["USD"])
        assert (all_earned, all_paid) == (streamed.result(), paid[who])
    run = desk.draft("2025-12")
    owed = {who: int(Decimal(amount) * 100) for who, _, amount in lines(run) + lines(run, "carried_forward")}
    assert owed == {
        who: s.result() - paid[who] for who, s in zip(people, streams, strict=True) if s.result() != paid[who]
    }
