"""Every route of every service, asked by people of every role, about themselves, one who reports to them, and somebody
else: what each is let in to stands here once, and a route that has no line here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import URL, Engine
from structlog.testing import capture_logs

from earnest.local.postgres import Postgres
from services.access.app import create_app as access_app
from services.access.assignments.worker import step as assign
from services.alerts.app import create_app as alerts_app
from services.ingest.app import create_app as ingest_app
from services.payout.app import create_app as payout_app
from services.payout.ledger.worker import step as book
from services.scoring.app import create_app as scoring_app
from shared.access import ROLES
from shared.access.database import AccessDatabase
from shared.contracts.topics import ROSTER, RUNS
from shared.database import database_url as url_of
from shared.database import engine_for
from shared.log.postgres import PostgresLog
from shared.logins import login_of, view_of
from shared.settings import Settings
from tests.databases import fresh_database
from tests.services.access.persons import Company
from tests.services.payout.desk import NOW, earned, roster
from tests.services.payout.scoring import Scoring
from tests.services.scoring.conftest import Road, simple_plan

OWN, MANAGER, REPORT, STRANGER = PEOPLE = "ada.own", "mo.manager", "bo.report", "cy.stranger"
MONTH, RUN = "2025-03", "run-2025-03-1"

EVERYBODY: Final = frozenset(ROLES)
SEE_SOME: Final = frozenset({"rep", "manager", "analyst", "finance", "approver", "auditor"})
SEE_ALL: Final = SEE_SOME - {"rep", "manager"}
STATEMENTS: Final = SEE_SOME - {"analyst"}
BOOKS: Final = frozenset({"finance", "auditor"})
PAYROLL: Final = frozenset({"finance", "payroll", "auditor"})
KPIS: Final = frozenset({"analyst", "finance", "approver", "ops", "auditor", "program_owner", "consultant"})
KPI_KEEPERS: Final = frozenset({"analyst", "ops"})
PREPARES, APPROVES, AUTHORS = frozenset({"finance"}), frozenset({"approver"}), frozenset({"analyst"})
CHANGES: Final = PREPARES | APPROVES | AUTHORS

RULES: Final[Mapping[str, Mapping[frozenset[str], str]]] = {
    "access": {
        EVERYBODY: "get_me list_looks_at_me",
        frozenset({"admin", "auditor"}): "list_people get_duties",
        frozenset({"auditor"}): "search_audit_log export_audit_log",
        # A key does not do it: of whoever has signed in, about themselves.
        frozenset(): "list_sessions end_session sign_out change_password ask_to_register list_passkeys register_passkey"
        " remove_passkey",
    },
    "alerts": {
        KPIS: "list_kpis kpi_series list_alerts get_alert get_picture list_mutes list_proposals get_proposal list_messages",
        KPI_KEEPERS: "acknowledge_alert snooze_alert note_alert assign_alert resolve_alert judge_alert declare_mute"
        " offer_proposals decide_proposal try_subscription",
        frozenset(): "take_notification",  # Alertmanager's
    },
    "ingest": {
        frozenset({"crm"}): "send_deals send_account_payments",
        frozenset({"hr"}): "send_roster",
        AUTHORS: "publish_plans",
        SEE_SOME: "list_plans get_plan_file",
    },
    "payout": {
        SEE_SOME: "list_periods list_policy_kinds show_policy_schema list_pay_periods"
        " show_pay_period show_balance list_journals show_pay",
        STATEMENTS: "list_statements_of_participant show_statement show_team_statement",
        SEE_ALL: "show_summary list_balances show_trial_balance list_runs show_run list_reconciliations list_holds"
        " list_adjustments show_attachment list_returned_lines list_deliveries show_policy list_policies",
        SEE_ALL - {"analyst"}: "list_statements_of_run",
        BOOKS: "list_contract_events list_bookings list_entries show_rollforward show_contract list_gl_formats"
        " preview_gl_batch list_gl_batches show_gl_batch fetch_gl_manifest fetch_gl_file reconcile_gl",
        PAYROLL: "list_batches show_batch fetch_batch_file fetch_batch_manifest",
        frozenset({"payroll"}): "acknowledge_batch",
        AUTHORS: "publish_policy put_on_hold release_hold adjust_pay withdraw_change",
        APPROVES: "return_run approve_run dismiss_clawback approve_change reject_change confirm_payee",
        PREPARES: "draft_run simulate_run calculate_run submit_run cancel_run export_run mark_run_paid reconcile_run"
        " add_cost add_contract_event book_contract_costs resolve_returned_line reconcile_batch request_delivery"
        " post_gl_batch",
        CHANGES: "list_changes show_change",
        PREPARES | APPROVES: "list_waiting_payees",
    },
    "scoring": {
        SEE_SOME: "get_deal list_earnings explain_earning list_credits",
        SEE_ALL: "find_deals find_shares list_remarks list_paid_less list_uncredited list_account_payments list_deals"
        " list_roster get_lines find_lines",
        SEE_SOME | {"ops"}: "list_plans get_reach get_summary list_quarantine",
        AUTHORS: "quarantine_plan_version lift_quarantine",
    },
}
"""By service: who is let in to which operations."""
OPEN: Final = frozenset(
    ["deliver_webhook", "sign_in_with_password", "set_password_by_link", "ask_for_passkey", "sign_in_with_passkey"]
)
"""Who asks shows who they are by what they send: a signature, a password, a passkey."""
OF_ONE: Final = frozenset(
    [
        "show_balance",
        "list_journals",
        "show_pay",
        "list_statements_of_participant",
        "show_statement",
        "show_team_statement",
        "list_earnings",
        "explain_earning",
        "list_credits",
    ]
)
"""About the participant whom the path names: 404 where the caller does not see them."""
SEEN: Final[Mapping[str, frozenset[str]]] = {"rep": frozenset({OWN}), "manager": frozenset({MANAGER, REPORT})}
"""Whom people of a role see; the others of SEE_SOME see everybody."""

OF_ROLE: Final[Mapping[str, str]] = {"rep": OWN, "manager": MANAGER}
"""Who of the roster has the role."""

PARAMETERS: Final[Mapping[str, str]] = {"run_id": RUN, "batch_id": RUN, "period": MONTH, "deal_id": "D-1"} | {
    "component": "commission",
    "plan": "rep",
    "since": "2025-01-01",
}


class Operation(NamedTuple):
    """One of a service."""

    service: str
    name: str
    method: str
    path: str
    query: Mapping[str, str]

    def rule(self) -> frozenset[str] | None:
        """Who is let in; None where nothing says so."""
        return next((who for who, names in RULES[self.service].items() if self.name in names.split()), None)


def operations(service: str, app: FastAPI) -> Iterator[Operation]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            asked = {
                parameter["name"]: PARAMETERS.get(parameter["name"], "none-1")
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query" and parameter.get("required")
            }
            yield Operation(service, operation["operationId"], method.upper(), path, asked)


def _key(who: str) -> dict[str, str]:
    return {"authorization": f"Bearer key of {who}"}


class Played:
    """The services over one database, in which three people were paid for March 2025."""

    def __init__(self, apps: Mapping[str, FastAPI], stack: ExitStack) -> None:
        self.operations = [each for service, app in apps.items() for each in operations(service, app)]
        self._clients = {
            service: stack.enter_context(TestClient(app, raise_server_exceptions=False))
            for service, app in apps.items()
        }

    def pay(self) -> None:
        """Pay the month, with everybody's hand where it belongs."""
        client = self._clients["payout"]
        steps = (("finance", "calculate"), ("finance", "submit"), ("approver", "approve"), ("finance", "export"))
        drafted = client.post("/v1/runs", json={"period": MONTH}, headers=_key("finance"))
        assert drafted.json()["id"] == RUN, drafted.text
        for who, step in steps:
            assert (answer := client.post(f"/v1/runs/{RUN}/{step}", headers=_key(who))).is_success, answer.text

    def ask(self, operation: Operation, who: str | None, *, about: str = OWN) -> Response:
        names = {"participant_id": about, "manager_id": about} | PARAMETERS
        path = operation.path
        while "{" in path:
            name = path[path.index("{") + 1 : path.index("}")]
            path = path.replace(f"{{{name}}}", names.get(name, "none-1"))
        headers = {} if who is None else _key(who)
        body = None if operation.method == "GET" else {}
        return self._clients[operation.service].request(
            operation.method, path, params=dict(operation.query), json=body, headers=headers
        )


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[..., str]) -> Iterator[str]:
    with fresh_database(postgres_server, template()) as url:
        yield url


@pytest.fixture
def played(database_url: str, logged_in: Callable[[str], URL]) -> Iterator[Played]:
    with ExitStack() as stack:
        stack.enter_context(capture_logs())  # thousands of refusals

        def engine(login: str, schema: str) -> Engine:
            made = engine_for(logged_in(login), schema)
            stack.callback(made.dispose)
            return made

        settings = Settings(database_url=database_url)
        owner = engine_for(url_of(settings), "access")
        stack.callback(owner.dispose)
        log = PostgresLog(url_of(settings), partitions=2)
        stack.callback(log.close)
        log.ensure([ROSTER, RUNS])
        of = {service: engine(login_of(service), service) for service in ("access", "payout", "scoring", "alerts")}
        views = {service: engine(view_of(service), service) for service in of}
        company = Company(owner)
        for role, held in ROLES.items():
            company.person(role, kind="system" if held.for_systems else "person", participant=OF_ROLE.get(role))
            company.role(role, role, approves_as=["finance"] if role == "approver" else [])
        apps: dict[str, FastAPI] = {}
        scoring = Scoring(of["payout"])
        _people(of["access"], of["payout"])
        road = Road(of["scoring"])
        road.plan(simple_plan())
        for who in PEOPLE:
            road.person(who, "2025-01-01", plan="rep", **({"manager": MANAGER} if who == REPORT else {}))
            road.deal(f"D-{who}", owner=who, amount="900.00", stage="won", currency="USD", close_date="2025-03-14")
        road.deal(
            "D-1",
            splits={OWN: "40", REPORT: "30", STRANGER: "30"},
            amount="100.00",
            stage="won",
            currency="USD",
            close_date="2025-03-15",
        )
        road.drain()
        nothing: Any = SimpleNamespace(remarks=list)

        def access(service: str) -> AccessDatabase:
            return AccessDatabase(engine(login_of(service), "access"))

        apps["access"] = access_app(settings, of["access"], view=views["access"], access=access("access"), ready=list)
        apps["alerts"] = alerts_app(
            settings,
            of["alerts"],
            view=views["alerts"],
            evaluator=nothing,
            lifecycle=nothing,
            sender=nothing,
            ready=list,
            access=access("alerts"),
        )
        apps["ingest"] = ingest_app(settings, nothing, sources=nothing, ready=list, access=access("ingest"))
        apps["payout"] = payout_app(
            settings,
            of["payout"],
            view=views["payout"],
            now=lambda: NOW,
            ready=list,
            lines=scoring,
            deals=scoring,
            log=log,
            access=access("payout"),
        )
        apps["scoring"] = scoring_app(
            settings, of["scoring"], view=views["scoring"], ready=list, log=log, access=access("scoring")
        )
        made = Played(apps, stack)
        made.pay()
        yield made


def _people(access: Engine, payout: Engine) -> None:
    """On the roster, as access and payout have it, and what they earned."""
    facts = [
        roster(OWN, "2025-01-01", first_name="Ada", last_name="Own"),
        roster(REPORT, "2025-01-01", manager=MANAGER),
        roster(MANAGER, "2025-01-01", first_name="Mo"),
        roster(STRANGER, "2025-01-01", first_name="Cy"),
    ]
    with access.begin() as connection:
        assert not assign(connection, facts).rejections
    with payout.begin() as connection:
        pay = [earned(who, MONTH, 1, ("USD", 100_00)) for who in PEOPLE]
        assert not book(lambda: NOW, connection, [*facts, *pay]).rejections


def test_every_route_lets_in_whom_its_rule_names_and_nobody_else(played: Played) -> None:
    unruled = [each.name for each in played.operations if each.rule() is None and each.name not in OPEN]
    assert unruled == [], "say in RULES who is let in to these"
    named = {(service, name) for service, rules in RULES.items() for names in rules.values() for name in names.split()}
    assert named == {(each.service, each.name) for each in played.operations if each.name not in OPEN}
    wrong = []
    for operation in played.operations:
        if (let_in := operation.rule()) is None:
            continue
        if (status := played.ask(operation, None).status_code) not in (401, 403):
            wrong.append((operation.service, operation.name, "nobody", status))
        for role in ROLES:
            answer = played.ask(operation, role, about=OF_ROLE.get(role, OWN))
            if (answer.status_code in (401, 403)) == (role in let_in):
                wrong.append((operation.service, operation.name, role, answer.status_code))
    assert wrong == []


def test_whoever_is_asked_about_is_there_for_who_sees_them_and_for_nobody_else(played: Played) -> None:
    of_one = [each for each in played.operations if each.name in OF_ONE]
    assert {each.name for each in of_one} == OF_ONE
    wrong = []
    for operation in of_one:
        for role in operation.rule() or ():
            for about in PEOPLE:
                answer = played.ask(operation, role, about=about)
                seen = about in SEEN.get(role, PEOPLE)
                if operation.name == "show_team_statement" and about != MANAGER:
                    continue  # only who has a team has one
                if answer.status_code != (200 if seen else 404):
                    wrong.append((operation.name, role, about, answer.status_code, answer.text[:100]))
                nobody = played.ask(operation, role, about="no.one")
                if not seen and answer.json()["detail"].replace(about, "no.one") != nobody.json()["detail"]:
                    wrong.append((operation.name, role, about, answer.text, nobody.text))
    assert wrong == []


def test_no_answer_names_anybody_whom_the_caller_does_not_see(played: Played) -> None:
    """Whatever is asked, also about others."""
    told, by_auditor = set(), set()
    for operation in played.operations:
        for about in PEOPLE:
            by_auditor |= {
                (operation.service, operation.name)
                for who in PEOPLE
                if who != about and who in _names(played.ask(operation, "auditor", about=about))
            }
            for role in SEEN:
                found = _names(played.ask(operation, role, about=about)) - SEEN[role] - {about}
                told |= {(operation.service, operation.name, role, who) for who in found}
    assert len(by_auditor) > 10  # they are there to be told
    assert told == set()


def _names(answer: Response) -> set[str]:
    """Whoever is named, save by the facts of a deal: who shares it is known to who shares it."""
    if answer.headers["content-type"] == "application/json" and isinstance(told := answer.json(), dict):
        return {who for who in PEOPLE if who in str({**told, "facts": None})}
    return {who for who in PEOPLE if who in answer.text}
