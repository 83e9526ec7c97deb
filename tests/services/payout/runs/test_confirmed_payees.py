"""Where pay goes changes with a second person: until somebody else confirms it, runs pay as they paid before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.services.payout.desk import Book, Desk, earned, problem, roster


@pytest.fixture
def paid(desk: Desk, book: Book) -> Desk:
    """Ada was paid for November."""
    book([roster("ada", "2025-01-01", payroll_id="7", name="Ada Lane", entity="US")])
    book([earned("ada", "2025-11", 1, ("USD", 10_00)), earned("ada", "2025-12", 1, ("USD", 10_00))])
    desk.pay("2025-11")
    return desk


def payee(desk: Desk, run: str, engine: Engine) -> tuple[str, str, str]:
    with engine.connect() as connection:
        wanted = text("select payroll_id, name, entity from run_payee where run = :run")
        return tuple(connection.execute(wanted, {"run": run}).one())  # type: ignore[return-value]


def waits(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["participant_id"], each["why"]) for each in run["findings"] if each["kind"] == "payee_waits"]


def confirm(desk: Desk, who: str, seen: dict[str, str], on: str = "2026-01-15") -> tuple[int, str]:
    answer = desk.post("/v1/payees/ada/confirm", who, {"payee": seen, "on": on, "reason": "called her"})
    return (answer.status_code, answer.json()["state"]) if answer.is_success else problem(answer)


NEW = {"payroll_id": "666", "name": "Ada Lane", "entity": "US"}


@pytest.mark.parametrize(
    "changed", [{"payroll_id": "666"}, {"name": "Eve"}, {"first_name": "Eve"}, {"last_name": "Evil"}, {"entity": "UK"}]
)
@pytest.mark.parametrize("day", ["2025-12-01", "2025-01-01"])
def test_a_run_pays_as_was_confirmed_and_says_what_waits(
    paid: Desk, book: Book, service_engine: Engine, changed: dict[str, str], day: str
) -> None:
    book([roster("ada", day, 1, **changed)])
    run = paid.draft("2025-12")
    (name,) = changed
    assert waits(run) == [("ada", f"{name} changed and nobody has confirmed it: paid as before")]
    assert payee(paid, run["id"], service_engine) == ("7", "Ada Lane", "US")
    assert paid.release(run["id"])["state"] == "approved"
    assert paid.confirm_payees() == ["ada"]


def test_what_another_person_confirms_is_paid_by_the_next_run(paid: Desk, book: Book, service_engine: Engine) -> None:
    book([roster("ada", "2025-12-01", 1, payroll_id="666")])
    run = paid.draft("2025-12")["id"]
    (told,) = paid.get("/v1/payees/waiting?on=2025-12-31").json()["payees"]
    assert (told["confirmed"]["payroll_id"], told["payee"]["payroll_id"], told["set_by"]) == ("7", "666", ["hr"])
    assert confirm(paid, "petra", told["payee"]) == (200, "approved")
    assert problem(paid.post(f"/v1/runs/{run}/submit", "dana")) == (409, "lines-changed")
    again = paid.do(run, "calculate", "dana")
    assert (waits(again), payee(paid, run, service_engine)) == ([], ("666", "Ada Lane", "US"))
    assert paid.get("/v1/payees/waiting").json()["payees"] == []
    (change,) = paid.get("/v1/changes?kind=payee", "petra").json()["changes"]
    assert (change["proposed_by"], change["decided_by"]) == (["hr"], "petra")


def test_who_said_where_pay_goes_does_not_confirm_it_nor_does_who_looked_at_something_else(
    paid: Desk, book: Book
) -> None:
    book([roster("ada", "2025-12-01", 1, source="Petra ", payroll_id="666")])
    assert confirm(paid, "petra", NEW) == (403, "two-people")
    assert confirm(paid, "dana", NEW) == (403, "forbidden")
    assert confirm(paid, "pat", NEW | {"payroll_id": "8"}) == (409, "payee-changed")
    assert confirm(paid, "pat", NEW, on="2025-11-30") == (409, "nothing-to-confirm")
    assert confirm(paid, "pat", NEW) == (200, "approved")
    assert confirm(paid, "pat", NEW) == (409, "nothing-to-confirm")


def test_who_had_said_what_is_paid_while_a_change_waits_does_not_approve_it(desk: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", source="frank", payroll_id="7")])
    book([earned("ada", "2025-11", 1, ("USD", 10_00)), earned("ada", "2025-12", 1, ("USD", 10_00))])
    run = desk.draft("2025-11")["id"]
    desk.do(run, "submit", "dana")
    desk.do(run, "approve", "carol")
    book([roster("ada", "2025-01-01", 1, source="hr", payroll_id="8")])
    later = desk.draft("2025-12")
    assert later["touched_by"] == {"frank": ["payee"], "hr": ["payee"]}
    desk.do(later["id"], "submit", "dana")
    assert problem(desk.post(f"/v1/runs/{later['id']}/approve", "frank")) == (403, "touched")


def test_another_pay_group_and_an_earlier_day_do_not_make_somebody_new(
    paid: Desk, book: Book, service_engine: Engine
) -> None:
    monthly = {"policy": {"valid_from": "2024-01-01", "calendar": {"every": "month"}}, "reason": "theirs"}
    paid.publish("pay_group/other", "tess", monthly)
    book([roster("ada", "2024-01-01", 1, pay_group="other"), roster("ada", "2024-02-01", 2, payroll_id="666")])
    book([roster("ada", "2025-01-01", 3, payroll_id="666")])
    asked = {"off_cycle": "2024-12-31", "pay_group": "other", "participants": ["ada"]}
    book([earned("ada", "2024-12", 1, ("USD", 99_00))])
    answer = paid.post("/v1/runs", "dana", asked)
    assert answer.is_success, answer.text
    run = paid.do(answer.json()["id"], "calculate", "dana")
    assert [who for who, _ in waits(run)] == ["ada"]
    assert payee(paid, run["id"], service_engine)[0] == "7"


def test_the_database_confirms_no_payee_but_by_an_approval(paid: Desk, book: Book, service_engine: Engine) -> None:
    book([roster("ada", "2025-12-01", 1, source="tess", payroll_id="666")])

    def refused(statement: str) -> str:
        with pytest.raises(DBAPIError) as error, service_engine.begin() as connection:
            connection.exec_driver_sql(statement)
        return str(error.value.orig)

    payee = '{"payroll_id":"666","name":"Ada Lane","entity":"US"}'
    change = "insert into change (kind, subject, body, reason, proposed_by, proposed_at) values ('payee', 'ada', '{}', 'x', array['{}'], now())"
    decide = "insert into change_decision select max(id), 'approved', '{}', now(), '' from change"
    body = f'{{"on":"2026-01-15","payee":{payee}}}'
    said_otherwise = body.replace("666", "667")
    columns = "participant_id, day, payroll_id, entity, set_by, run"
    assert "permission denied" in refused(
        f"insert into confirmed_payee ({columns}) values ('ada', '2026-01-01', '666', '', '{{}}', 'run-2025-11-1')"
    )
    assert "two people" in refused(f"{change.format(body, 'hr')};{decide.format('tess')}"), "tess said it"
    assert "two people" in refused(f"{change.format(said_otherwise, 'tess')};{decide.format('petra')}")
    assert "two people" in refused(f"{change.format(body, 'tess')};{decide.format('tess')}")
    assert paid.confirm_payees() == ["ada"]


def test_the_database_lets_no_run_pay_whom_nobody_has_confirmed(
    paid: Desk, payout_engine: Engine, service_engine: Engine
) -> None:
    run = paid.draft("2025-12")["id"]
    paid.do(run, "submit", "dana")
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update run_payee set payroll_id = '666' where run = :run"), {"run": run})
        connection.execute(
            text("insert into approval select id, submission, 0, steps[1], 'frank', now(), lines_sha256 from run "
                 "where id = :run"), {"run": run}
        )  # fmt: skip
    approve = text("insert into run_event (run, verb, actor, at) values (:run, 'approve', 'frank', now())")
    nobody = "nobody has confirmed where pay of ada goes"
    with pytest.raises(DBAPIError, match=nobody), service_engine.begin() as connection:
        connection.execute(approve, {"run": run})
