"""What the database refuses whoever asks, in raw SQL: this is what auditors rely on."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.payout.payroll import schema as payroll_schema
from services.payout.schema import metadata
from tests.services.payout.desk import Book, Desk, earned

ENTRY = """
    insert into journal (id, kind, participant_id, period, origin_period, cause, actor, recorded_at, pay_group, entity,
                         cost_center, entry, previous_sha256, sha256)
    select :id, :kind, 'ada', :period, '2025-01', '{}', 'mallory', now(), 'default', '', '', count(*) + 1,
           case when count(*) > 0 then repeat('0', 64) else '' end, repeat('0', 64)
    from journal where participant_id = 'ada'"""
POSTINGS = (
    "insert into posting select :id, n, a, :who, c, m, k, k, cast(v as integer) from (values {}) x (n, a, c, m, k, v)"
)


def refused(engine: Engine, statement: str) -> str:
    """The reason the database gives for refusing."""
    with pytest.raises(DBAPIError) as error, engine.begin() as connection:
        connection.execute(text(statement))
    return str(error.value.orig)


def enter(connection: Connection, period: str, *postings: str, who: str = "ada", kind: str = "earning") -> None:
    parameters = {"id": uuid4(), "period": period, "who": who, "kind": kind}
    connection.execute(text(ENTRY), parameters)
    connection.execute(text(POSTINGS.format(", ".join(postings))), parameters)


def test_the_tables_are_those_that_the_migrations_make(payout_engine: Engine) -> None:
    with payout_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert payroll_schema.payroll_batch.metadata is metadata
        differences = [str(each) for each in compare_metadata(context, metadata) if "modify_comment" not in str(each)]
    assert differences == []


def _ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or name in metadata.tables


@pytest.mark.parametrize("table", ["journal", "posting", "payroll_file"])
@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {} cascade"])
def test_the_books_and_the_files_are_only_added_to(
    payout_engine: Engine, book: Book, desk: Desk, table: str, statement: str
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.pay("2025-01")
    column = {"journal": "actor", "posting": "amount", "payroll_file": "content"}[table]
    assert "is refused: it is only ever added to" in refused(payout_engine, statement.format(table, column, column))


@pytest.mark.parametrize(
    "statement", ["delete from run", "truncate run cascade", "truncate run_line", "update run_line set amount = 1"]
)
def test_runs_stay_and_their_lines_are_replaced_whole(
    payout_engine: Engine, book: Book, desk: Desk, statement: str
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.draft("2025-01")
    assert "is refused: it is only ever added to" in refused(payout_engine, statement)


def test_a_journal_sums_to_zero_in_every_currency(payout_engine: Engine) -> None:
    balanced = "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)"
    with payout_engine.begin() as connection:
        enter(connection, "2025-01", *balanced)
    for unbalanced in (
        balanced[:1],
        (balanced[0], "(1, 'payable', 'USD', -4, null, null)"),
        (balanced[0], "(1, 'payable', 'EUR', -5, null, null)"),
        (*balanced, "(2, 'paid', 'EUR', 1, null, null)"),
    ):
        with pytest.raises(IntegrityError, match="sums to zero"), payout_engine.begin() as connection:
            enter(connection, "2025-01", *unbalanced)


def test_a_journal_is_about_one_participant(payout_engine: Engine) -> None:
    postings = "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)"
    with pytest.raises(IntegrityError, match="participant"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, who="bob")


def test_nothing_is_booked_in_a_closed_period(payout_engine: Engine, desk: Desk) -> None:
    desk.do(desk.draft("2025-02")["id"], "approve", "frank")
    postings = "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)"
    for period in ("2025-01", "2025-02"):
        with pytest.raises(IntegrityError, match="open period"), payout_engine.begin() as connection:
            enter(connection, period, *postings)
    with payout_engine.begin() as connection:
        enter(connection, "2025-03", *postings)


def test_an_old_journal_of_a_closed_period_takes_no_more_postings(
    payout_engine: Engine, book: Book, desk: Desk
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.do(desk.draft("2025-01")["id"], "approve", "frank")
    more = "insert into posting select id, n, a, 'ada', 'USD', m from journal, (values (8, 'paid', 5), (9, 'payable', -5)) x (n, a, m)"
    reason = refused(
        payout_engine,
        more.replace(
            "insert into posting select",
            "insert into posting (journal, line, account, participant_id, currency, amount) select",
        ),
    )
    assert "open period" in reason


def test_a_journal_is_booked_whole_and_never_added_to(payout_engine: Engine, book: Book) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    more = "insert into posting (journal, line, account, participant_id, currency, amount) select id, n, a, 'ada', 'USD', m"
    values = "from journal, (values (2, 'paid', 5), (3, 'payable', -5)) x (n, a, m)"
    assert "booked whole" in refused(payout_engine, f"{more} {values}")


@pytest.mark.parametrize("account", ["adjusted", "guaranteed", "payable", "draw", "clawback", "paid"])
def test_only_earned_and_held_name_a_component_and_only_held_a_deal(payout_engine: Engine, account: str) -> None:
    for posting in (f"(0, '{account}', 'USD', 5, 'c', 1)", "(0, 'held', 'USD', 5, null, null)"):
        with pytest.raises(IntegrityError, match="names_its_part"), payout_engine.begin() as connection:
            enter(connection, "2025-01", posting, "(1, 'earned', 'USD', -5, 'c', 1)")
    with payout_engine.begin() as connection:
        enter(connection, "2025-01", f"(0, '{account}', 'USD', 5, null, null)", "(1, 'held', 'USD', -5, 'c', 1)")
    deal = f"update posting set deal = 'd' where account = '{account}'"
    assert "names_its_deal" in refused(payout_engine, f"set local session_replication_role = replica; {deal}")


def test_a_journal_is_of_a_kind_that_the_ledger_knows(payout_engine: Engine) -> None:
    postings = "(0, 'draw', 'USD', 5, null, null)", "(1, 'payable', 'USD', -5, null, null)"
    kinds = [
        "hold",
        "draw",
        "recovery",
        "guarantee",
        "forgiveness",
        "clawback",
        "adjustment",
        "payment",
        "return",
        "transfer",
    ]
    with payout_engine.begin() as connection:
        for kind in kinds:
            enter(connection, "2025-01", *postings, kind=kind)
    with pytest.raises(IntegrityError, match="journal_kind_check"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, kind="gift")


def test_who_drafted_a_run_cannot_approve_it_even_in_sql(payout_engine: Engine, desk: Desk) -> None:
    desk.draft("2025-01")
    approval = "update run set state = 'approved', approver = 'dana', approved_at = now()"
    assert "two_people" in refused(payout_engine, approval)
    assert "not changed" in refused(payout_engine, approval.replace("approver", "author = 'mallory', approver"))
    assert "not changed" in refused(payout_engine, "update run set author = 'mallory'")
    assert "approved_by_somebody" in refused(payout_engine, "update run set state = 'approved'")
    assert "run_approver_check" in refused(payout_engine, approval.replace("'dana'", "''"))


def test_a_run_goes_through_its_states_in_order(payout_engine: Engine, book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    export = "update run set state = 'exported', exported_by = 'x', exported_at = now()"
    approve = "update run set state = 'approved', approver = 'frank', approved_at = now()"
    begin = "insert into run (id, period, state, author, calculated_at, lines_sha256, approver, approved_at) values ('r', '2025-01', 'approved', 'x', now(), '', 'y', now())"
    assert "begins as a draft" in refused(payout_engine, begin)
    run = desk.draft("2025-01")["id"]
    assert "does not go from draft to exported" in refused(payout_engine, export)
    desk.do(run, "approve", "frank")
    for back in (
        "update run set state = 'draft', approver = null, approved_at = null",
        "update run set state = 'cancelled'",
    ):
        assert "does not go from approved" in refused(payout_engine, back)
    assert "does not go from approved to approved" in refused(payout_engine, approve.replace("frank", "eve"))
    assert "not changed" in refused(payout_engine, f"{export}, approver = 'eve'")
    assert "not changed" in refused(payout_engine, f"{export}, lines_sha256 = 'x'")
    assert "has a payroll file" in refused(payout_engine, export)
    desk.do(run, "export", "dana")
    assert "does not go from exported" in refused(
        payout_engine, "update run set state = 'approved', exported_by = null, exported_at = null"
    )


def test_the_lines_of_an_approved_run_are_frozen(payout_engine: Engine, book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.do(desk.draft("2025-01")["id"], "approve", "frank")
    assert "frozen" in refused(payout_engine, "insert into run_line select id, 'mallory', 'USD', 1 from run")
    assert "frozen" in refused(payout_engine, "delete from run_line")


def test_an_approval_in_sql_closes_no_period_twice(payout_engine: Engine, desk: Desk) -> None:
    first = desk.draft("2025-01")["id"]
    desk.do(desk.draft("2025-02")["id"], "approve", "frank")
    approval = f"update run set state = 'approved', approver = 'frank', approved_at = now() where id = '{first}'"
    assert "closed" in refused(payout_engine, approval)


def test_a_period_has_one_run_that_is_not_cancelled(payout_engine: Engine, desk: Desk) -> None:
    desk.draft("2025-01")
    again = "insert into run select 'x', period, state, author, calculated_at, lines_sha256 from run"
    again = again.replace("run select", "run (id, period, state, author, calculated_at, lines_sha256) select")
    assert "run_active" in refused(payout_engine, again)


def test_closing_waits_for_what_is_being_booked_and_booking_for_closing(payout_engine: Engine, desk: Desk) -> None:
    run = desk.draft("2025-01")["id"]
    approved = threading.Event()

    def approve() -> None:
        desk.post(f"/v1/runs/{run}/approve", "frank")
        approved.set()

    with payout_engine.begin() as connection:
        enter(connection, "2025-01", "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)")
        thread = threading.Thread(target=approve)
        thread.start()
        assert not approved.wait(0.5)
    thread.join(10)
    # The draft was calculated before that journal: what waited must see it.
    assert desk.get(f"/v1/runs/{run}").json()["state"] == "draft"
