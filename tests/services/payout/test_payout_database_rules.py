"""What the database refuses whoever asks, in raw SQL: this is what auditors rely on."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.payout.gl import tables as gl_schema
from services.payout.payroll import tables as payroll_schema
from services.payout.tables import metadata
from shared.database import migrate
from tests.services.payout.desk import Book, Desk, earned, problem
from tests.services.payout.scoring import Scoring
from tests.waiting import somebody_waits_for_a_lock, until

ENTRY = """
    insert into journal (id, kind, participant_id, period, origin_period, cause, actor, recorded_at, pay_group, entity,
                         cost_center, entry, previous_sha256, sha256)
    select :id, :kind, 'ada', :period, '2025-01', '{}', 'mallory', now(), 'default', '', '', count(*) + 1,
           case when count(*) > 0 then repeat('0', 64) else '' end, repeat('0', 64)
    from journal where participant_id = 'ada'"""
CALCULATED = ["run_pay", "run_slip", "run_lines", "run_touch", "run_finding"]
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
        assert payroll_schema.payroll_batch.metadata is gl_schema.gl_batch.metadata is metadata
        differences = [str(each) for each in compare_metadata(context, metadata) if "modify_comment" not in str(each)]
    assert differences == []


def _ours(name: str | None, kind: str, _: object) -> bool:
    if kind == "index":
        return name not in {"journal_of_run", "journal_of_adjustment"}  # by expressions, which the comparison skips
    return kind != "table" or name in metadata.tables


@pytest.mark.parametrize("table", ["journal", "posting", "payroll_batch_file", "batch_line", "approval", "run_event"])
@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {} cascade"])
def test_the_books_and_the_files_are_only_added_to(
    payout_engine: Engine, book: Book, desk: Desk, table: str, statement: str
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.pay("2025-01")
    column = {"journal": "actor", "posting": "amount", "payroll_batch_file": "content", "batch_line": "amount"}.get(
        table, "run"
    )
    assert "is refused: it is only ever added to" in refused(payout_engine, statement.format(table, column, column))


@pytest.mark.parametrize(
    "statement",
    [
        "delete from run",
        "truncate run cascade",
        *(f"truncate {table}" for table in CALCULATED),
        *(f"update {table} set run = run" for table in CALCULATED),
    ],
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


def test_the_service_makes_kinds_of_journals_known_when_it_migrates(
    payout_engine: Engine,
) -> None:
    postings = "(0, 'guaranteed', 'USD', 5, null, null)", "(1, 'payable', 'USD', -5, null, null)"
    with pytest.raises(IntegrityError, match="no such kind"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, kind="gift")
    with payout_engine.begin() as connection:
        connection.execute(text("delete from journal_kind where kind = 'guarantee'"))
    with pytest.raises(IntegrityError, match="no such kind"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, kind="guarantee")
    migrate(payout_engine, "payout", package="services.payout")
    with payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, kind="guarantee")


def test_a_journal_is_about_one_participant(payout_engine: Engine) -> None:
    postings = "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)"
    with pytest.raises(IntegrityError, match="participant"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, who="bob")


def test_nothing_is_booked_in_a_closed_period(payout_engine: Engine, desk: Desk) -> None:
    desk.release(desk.draft("2025-02")["id"])
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
    desk.release(desk.draft("2025-01")["id"])
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


@pytest.mark.parametrize("account", ["adjusted", "guaranteed", "payable", "draw", "clawback", "paid", "intercompany"])
def test_only_earned_and_held_name_a_component_and_only_held_a_deal(payout_engine: Engine, account: str) -> None:
    for posting in (f"(0, '{account}', 'USD', 5, 'c', 1)", "(0, 'held', 'USD', 5, null, null)"):
        with pytest.raises(IntegrityError, match="names_its_part"), payout_engine.begin() as connection:
            enter(connection, "2025-01", posting, "(1, 'earned', 'USD', -5, 'c', 1)")
    with payout_engine.begin() as connection:
        connection.execute(
            text("set local session_replication_role = replica")
        )  # what is adjusted has rules of its own
        enter(connection, "2025-01", f"(0, '{account}', 'USD', 5, null, null)", "(1, 'held', 'USD', -5, 'c', 1)")
    deal = f"update posting set deal = 'd' where account = '{account}'"
    assert "names_its_deal" in refused(payout_engine, f"set local session_replication_role = replica; {deal}")


def test_a_journal_is_of_a_kind_that_the_ledger_knows(payout_engine: Engine) -> None:
    postings = "(0, 'draw', 'USD', 5, null, null)", "(1, 'payable', 'USD', -5, null, null)"
    kinds = (
        "hold lapse dismissal draw recovery guarantee forfeit write_off forgiveness clawback adjustment payment return"
    )
    with payout_engine.begin() as connection:
        for kind in (*kinds.split(), "transfer"):
            enter(connection, "2025-01", *postings, kind=kind)
    with pytest.raises(IntegrityError, match="journal_kind_check"), payout_engine.begin() as connection:
        enter(connection, "2025-01", *postings, kind="gift")


APPROVAL = """
    insert into approval (run, submission, step, role, approver, at, lines_sha256)
    select id, submission, {step}, {role}, '{who}', now(), lines_sha256 from run"""
EVENT = "insert into run_event (run, verb, actor, at) select id, '{verb}', '{who}', now() from run"


def approval(who: str, step: int = 0, role: str = "steps[1]") -> str:
    return APPROVAL.format(who=who, step=step, role=role)


def event(verb: str, who: str = "frank") -> str:
    return EVENT.format(verb=verb, who=who)


def test_who_made_a_run_cannot_approve_it_even_in_sql(payout_engine: Engine, desk: Desk) -> None:
    run = desk.draft("2025-01")["id"]
    with payout_engine.begin() as connection:
        again = "insert into run_event (run, verb, actor, at, lines_sha256, inputs_sha256, steps) select id, 'calculate', 'eve', now(), lines_sha256, inputs_sha256, steps from run"
        connection.execute(text(again))
    desk.do(run, "submit", "dana")
    for who in ("dana", "eve"):
        assert "whoever made a run does not approve it" in refused(payout_engine, approval(who))
    assert "approver_check" in refused(payout_engine, approval(""))


@pytest.mark.parametrize("what", ["deal", "quota", "rate", "roster"])
def test_who_set_what_a_run_pays_on_cannot_approve_it_even_in_sql(
    payout_engine: Engine, book: Book, desk: Desk, scoring: Scoring, what: str
) -> None:
    scoring.touched = [{"who": "frank", "what": what}]
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")
    assert run["touched_by"] == {"frank": [what]}
    desk.do(run["id"], "submit", "dana")
    assert "changed what a run pays on" in refused(payout_engine, approval("frank"))
    for undoing in ("delete from run_touch", "insert into run_touch select id, 'carol', 'deal' from run"):
        assert "frozen when it is submitted" in refused(payout_engine, undoing)
    answer = desk.post(f"/v1/runs/{run['id']}/approve", "frank")
    assert (answer.status_code, answer.json()["what"]) == (403, what)
    assert desk.do(run["id"], "approve", "carol")["state"] == "approved"


def test_a_run_changes_by_its_events_only(payout_engine: Engine, service_engine: Engine, desk: Desk) -> None:
    run = desk.draft("2025-01")["id"]
    for change in ("state = 'approved'", "author = 'mallory'", "closes = null", "steps = '{}'", "lines_sha256 = ''"):
        assert "changes by its events only" in refused(payout_engine, f"update run set {change}")
        assert "permission denied" in refused(service_engine, f"update run set {change}")
    begin = """insert into run (id, kind, pay_group, pay_period, month, starts, ends, pay_date, author, participants, created_at,
        state) select 'r', kind, pay_group, pay_period, month, starts, ends, pay_date, author, '{ada}', created_at, 'approved' from run"""
    assert "begins as a draft" in refused(service_engine, begin)
    assert desk.get(f"/v1/runs/{run}").json()["state"] == "calculated"


def test_a_run_goes_through_its_states_in_order(service_engine: Engine, book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    verbs = ["calculate", "submit", "return", "approve", "export", "acknowledge", "pay", "cancel"]
    run = desk.post("/v1/runs", "dana", {"period": "2025-01"}).json()["id"]

    def only(*allowed: str) -> None:
        for verb in verbs:
            if verb not in allowed:
                reason = refused(service_engine, event(verb))
                assert "a run that is" in reason or "steps of the approval are missing" in reason

    only("calculate", "cancel")
    desk.do(run, "calculate", "dana")
    only("calculate", "submit", "cancel")
    assert "not the next step" in refused(service_engine, approval("frank"))
    desk.do(run, "submit", "dana")
    only("return")
    for wrong in (
        approval("frank", 1),
        approval("frank", role="'cfo'"),
        approval("frank").replace("lines_sha256 from", "'' from"),
    ):
        assert "not the next step" in refused(service_engine, wrong)
    desk.do(run, "approve", "frank")
    assert "not the next step" in refused(service_engine, approval("carol"))
    only("export")
    assert "released to payroll first" in refused(service_engine, event("export"))
    desk.do(run, "export", "dana")
    only("acknowledge")
    assert "acknowledged by payroll first" in refused(service_engine, event("acknowledge"))
    assert "a run that is" in refused(service_engine, event("shred"))


@pytest.mark.parametrize("table", CALCULATED)
def test_what_a_submitted_run_pays_is_frozen(service_engine: Engine, book: Book, desk: Desk, table: str) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    columns = {
        "run_pay": "participant_id, currency, paid, carried, entries, pay) select id, 'mallory', 'USD', 1, 0, 0, '{}'",
        "run_slip": "participant_id, name, facts, sha256) select id, 'mallory', '', '', ''",
        "run_lines": "content, sha256) select id, '', ''",
        "run_touch": "who, what) select id, 'frank', 'deal'",
        "run_finding": "kind, participant_id, why) select id, 'left', 'ada', ''",
    }
    more = "on conflict (run) do nothing" if table == "run_lines" else ""
    for _ in ("submitted", "approved"):
        if not more:
            assert "frozen" in refused(service_engine, f"insert into {table} (run, {columns[table]} from run")
        if table in ("run_pay", "run_slip", "run_lines"):
            assert "frozen" in refused(service_engine, f"delete from {table}")
        if desk.get(f"/v1/runs/{run}").json()["state"] == "submitted":
            desk.do(run, "approve", "frank")


def test_an_approval_in_sql_closes_no_period_twice(payout_engine: Engine, desk: Desk) -> None:
    first = desk.draft("2025-01")["id"]
    desk.do(first, "submit", "dana")
    desk.release(desk.draft("2025-02")["id"])
    with payout_engine.begin() as connection:
        connection.execute(text(approval("frank") + f" where id = '{first}'"))
    assert "closed" in refused(payout_engine, event("approve") + f" where id = '{first}'")
    assert problem(desk.post(f"/v1/runs/{first}/approve", "carol"))[0] == 403  # the only step is taken


def test_a_period_has_one_run_that_is_not_cancelled(payout_engine: Engine, desk: Desk) -> None:
    desk.draft("2025-01")
    again = """insert into run (id, kind, pay_group, pay_period, month, starts, ends, pay_date, author, created_at)
        select 'x', kind, pay_group, pay_period, month, starts, ends, pay_date, author, created_at from run"""
    assert "run_active_whole" in refused(payout_engine, again)


def test_a_line_is_in_one_released_batch_also_in_sql(service_engine: Engine, book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.pay("2025-01")
    desk.pay("2025-02")
    fields = 'line, attempt, "row", participant_id, person, pay_code, target_code, currency, amount'
    for attempt in ("attempt", "attempt + 1"):
        twice = f"insert into batch_line (batch, {fields}) select 'run-2025-02-1', {fields.replace('attempt', attempt)} from batch_line"
        reason = refused(service_engine, twice)
        assert "in a released batch already" in reason or "batch_line_once" in reason


def test_closing_waits_for_what_is_being_booked_and_booking_for_closing(payout_engine: Engine, desk: Desk) -> None:
    run = desk.draft("2025-01")["id"]
    submitted = threading.Event()

    def submit() -> None:
        desk.post(f"/v1/runs/{run}/submit", "dana")
        submitted.set()

    with payout_engine.begin() as connection:
        enter(connection, "2025-01", "(0, 'earned', 'USD', 5, 'c', 1)", "(1, 'payable', 'USD', -5, null, null)")
        connection.execute(
            text("insert into book (participant_id, entries, head_sha256) values ('ada', 1, repeat('0', 64))")
        )
        thread = threading.Thread(target=submit)
        thread.start()
        until(lambda: somebody_waits_for_a_lock(payout_engine))
        assert not submitted.is_set()
    thread.join()
    # The run was calculated before that journal: what waited must see it.
    assert desk.get(f"/v1/runs/{run}").json()["state"] == "calculated"
