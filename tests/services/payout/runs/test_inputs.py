"""While a run is calculated scoring is asked many times: no transaction of payout is open then, and what moves
meanwhile is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.log.port import Log
from tests.services.payout.desk import Book, Desk, desk_of, earned, lines, problem
from tests.services.payout.scoring import Scoring

ASKED = ("of", "facts", "known", "plans", "paid_less", "quarantined", "remarks", "uncredited")


class Watched:
    """Scoring that looks at the database each time it is asked: who is in a transaction, and who holds a lock; and that
    lets things happen at that moment.
    """

    def __init__(self, scoring: Scoring, owner: Engine) -> None:
        self._scoring, self._owner = scoring, owner
        self.asked: list[str] = []
        self.open: list[tuple[str, Any]] = []
        self.meanwhile: dict[str, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in ASKED:
            return getattr(self._scoring, name)
        self.asked.append(name)
        with self._owner.connect() as connection:
            self.open += [(name, row) for row in connection.execute(_OPEN)]
        if name in self.meanwhile:
            self.meanwhile.pop(name)()
        return getattr(self._scoring, name)


# Of clients only: the server itself cleans up in transactions of its own, whenever it likes.
_OPEN = text("""
    with client as (
        select pid, state, query, xact_start from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
    )
    select state, query from client where xact_start is not null
    union all
    select 'locked', locktype from pg_locks join client using (pid)""")


@pytest.fixture
def watched(scoring: Scoring, payout_engine: Engine) -> Watched:
    return Watched(scoring, payout_engine)


@pytest.fixture
def watched_desk(
    watched: Watched, desk: Desk, *, service_engine: Engine, view_engine: Engine, log: Log, tmp_path: Path
) -> Iterator[Desk]:
    del desk  # it has written the keys
    with desk_of(watched, engine=service_engine, view=view_engine, log=log, folder=tmp_path) as opened:
        yield opened


def test_no_transaction_is_open_while_scoring_is_asked(book: Book, watched_desk: Desk, watched: Watched) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100)), earned("bob", "2025-11", 1, ("USD", 200))])
    watched_desk.pay("2025-11")
    book([earned("ada", "2025-11", 2, ("USD", 150)), earned("bob", "2025-12", 1, ("USD", 300))])
    run = watched_desk.draft("2025-12")
    watched_desk.release(run["id"])
    watched_desk.post("/v1/runs/simulate", "dana", {"period": "2026-01"})
    off_cycle = {"off_cycle": "2026-01-10", "participants": ["ada"]}
    assert problem(watched_desk.post("/v1/runs", "dana", off_cycle)) == (409, "nothing-due")
    hold = {"id": "h", "scope": "deal", "subject": "D1", "reason": "a dispute"}
    watched_desk.post("/v1/holds", "tina", hold)
    watched_desk.post("/v1/clawbacks/D1/dismissal", "frank", {"participant_id": "ada", "reason": "agreed"})
    assert {"of", "facts", "paid_less", "quarantined", "remarks", "uncredited", "known"} <= {*watched.asked}
    assert watched.open == []


def test_what_is_booked_while_a_run_is_calculated_is_looked_at_again(
    book: Book, watched_desk: Desk, watched: Watched
) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    watched.meanwhile["remarks"] = lambda: book([earned("ada", "2025-11", 2, ("USD", 175))])
    run = watched_desk.draft("2025-11")
    assert lines(run) == [("ada", "USD", "1.75")]
    assert watched.asked.count("remarks") == 2
    watched_desk.release(run["id"])
    assert watched_desk.balance("ada") == {"USD": ("1.75", "0.00", "1.75")}


def test_a_calculation_that_is_outrun_for_good_is_kept_and_not_submitted(
    book: Book, watched_desk: Desk, watched: Watched
) -> None:
    revision = 1

    def earn_more() -> None:
        nonlocal revision
        book([earned("ada", "2025-11", revision, ("USD", 100 * revision))])
        revision += 1
        watched.meanwhile["remarks"] = earn_more

    earn_more()
    run = watched_desk.draft("2025-11")
    assert run["state"] == "calculated"
    assert problem(watched_desk.post(f"/v1/runs/{run['id']}/submit", "dana")) == (409, "lines-changed")


def test_a_run_that_is_cancelled_while_it_is_calculated_stays_cancelled(
    book: Book, watched_desk: Desk, watched: Watched
) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    run = watched_desk.post("/v1/runs", "dana", {"period": "2025-11"}).json()["id"]
    watched.meanwhile["remarks"] = lambda: watched_desk.do(run, "cancel", "dana")
    assert problem(watched_desk.post(f"/v1/runs/{run}/calculate", "dana")) == (409, "wrong-state")
    assert watched_desk.get(f"/v1/runs/{run}").json()["lines"] == []
