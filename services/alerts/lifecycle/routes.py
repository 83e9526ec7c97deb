"""The routes of alerts: what there is, and what people do to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Final, Literal

import structlog
from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection, Engine

from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.evaluation.routes import EvaluatorDep, Reader, needs_pay, reads_pay
from services.alerts.lifecycle import store
from services.alerts.lifecycle.decisions import Decision
from services.alerts.lifecycle.errors import NoPicture, NoSuchAlert, NoSuchKpi, NoSuchPage, NoSuchPlan
from services.alerts.lifecycle.mutes import Mute
from services.alerts.lifecycle.pictures import picture_of
from services.alerts.lifecycle.requests import (
    AcknowledgeRequest,
    AssignRequest,
    FeedbackRequest,
    MuteRequest,
    NoteRequest,
    ResolveRequest,
    SnoozeRequest,
)
from services.alerts.lifecycle.schemas import AlertDetail, Alerts, AlertView, Mutes, MuteView
from services.alerts.lifecycle.service import Lifecycle, tag_of
from services.alerts.lifecycle.store import Cursor, Filter
from services.alerts.lifecycle.suppression import stood_for
from shared.access import Principal, require
from shared.charts import Form
from shared.contracts.alerts import About, Severity
from shared.contracts.base import Identifier
from shared.deps import ClockDep, EngineDep, SnapshotDep, provided
from shared.http import IfMatch, next_page

TAGS: Final = {
    "alerts": "Episodes in which something is wrong with a KPI: who looks after them, and what was done.",
    "mutes": "Spans of dates in which nobody is told of alerts, because everybody knows why.",
}
MEDIA_TYPES: Final[Mapping[Form, str]] = {"svg": "image/svg+xml", "png": "image/png"}

Writer = Annotated[Principal, Depends(require("alerts:write", about="nothing"))]
LifecycleDep = Annotated[Lifecycle, Depends(provided(Lifecycle))]
AlertId = Annotated[Identifier, Path(examples=["average_discount.EUR.1"])]
Text = Annotated[str, Query(max_length=512)]

router = APIRouter(prefix="/v1")

_logger = structlog.get_logger(__name__)


@router.get("/alerts", tags=["alerts"], summary="Alerts, the latest first")
def list_alerts(
    who: Reader,
    snapshot: SnapshotDep,
    evaluator: EvaluatorDep,
    *,
    state: Annotated[
        Literal["open", "acknowledged", "resolved", "unresolved", "all"], Query(description="Which alerts")
    ] = "all",
    kpi: Text = "",
    currency: Text = "",
    owner: Text = "",
    about: About | None = None,
    severity: Severity | None = None,
    plan: Annotated[str, Query(max_length=512, description="Alerts about this plan alone")] = "",
    dimension: Text = "",
    segment: Text = "",
    after: Annotated[str | None, Query(max_length=256, description="Continue after this; `next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Alerts:
    """Alerts that fit all that is asked for, the latest detected first. `unresolved` are the open and the acknowledged
    ones. A KPI or a plan that nothing is known of is refused: that it has no alert would be no answer.
    """
    wanted = Filter(
        state=state,
        kpi=kpi,
        currency=currency,
        owner=owner,
        about=about or "",
        severity=severity or "",
        dimension="plan" if plan else dimension,
        segment=plan or segment,
        # A segment that is asked for by its name must not tell that there is an alert about that person.
        of_persons=reads_pay(who) or not segment,
    )
    with snapshot.connect() as connection:
        alerts = store.page(connection, wanted, after=_cursor(after), limit=limit)
        if not alerts:
            _check_known(connection, evaluator, kpi=kpi, plan=plan)
    following = next_page(alerts, limit, cursor=lambda alert: f"{alert.episode.detected_on}/{alert.alert_id}")
    return Alerts(alerts=[AlertView.of(alert, reads_pay=reads_pay(who)) for alert in alerts], next=following)


@router.get("/alerts/{alert_id}", tags=["alerts"], summary="One alert with its journal")
def get_alert(
    who: Reader, lifecycle: LifecycleDep, snapshot: SnapshotDep, *, alert_id: AlertId, response: Response
) -> AlertDetail:
    """An alert, what drove it, and what was done about it. Its ETag names the state of the journal, for `if-match`."""
    return _detail(lifecycle, snapshot, alert_id=alert_id, who=who, response=response)


@router.get(
    "/alerts/{alert_id}/picture.{form}",
    tags=["alerts"],
    summary="The picture of an alert",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}}},
)
def get_picture(
    who: Reader, snapshot: SnapshotDep, evaluator: EvaluatorDep, *, alert_id: AlertId, form: Form
) -> Response:
    """What was seen and expected of its KPI, and how far the score went, as SVG or PNG."""
    with snapshot.connect() as connection:
        alert = store.alert_named(connection, alert_id)
    if alert is None:
        raise NoSuchAlert(alert_id)
    if alert.personal:
        needs_pay(who)
    latest = evaluator.latest
    drawn = None if latest is None else picture_of(alert, latest.plan, form=form)
    if drawn is None:
        raise NoPicture(alert_id)
    return Response(drawn, media_type=MEDIA_TYPES[form], headers={"cache-control": "private, no-cache"})


class Asked:
    """What all requests to an alert have: which one, of whom, on what condition. FastAPI makes it."""

    def __init__(
        self,
        *,
        who: Writer,
        lifecycle: LifecycleDep,
        engine: EngineDep,
        clock: ClockDep,
        alert_id: AlertId,
        response: Response,
        if_match: IfMatch = None,
    ) -> None:
        self._who, self._lifecycle, self._engine, self._clock = who, lifecycle, engine, clock
        self._alert_id, self._response, self._if_match = alert_id, response, if_match

    def decide(self, decision: Decision) -> AlertDetail:
        """Write a decision into the journal of the alert; the alert as it is then."""
        with self._engine.begin() as connection:
            # Before the clock is asked, so that acts are written in the order of time.
            store.lock_alerts(connection, wait=True)
            self._lifecycle.decide(
                connection,
                self._alert_id,
                decision=decision,
                who=self._who.name,
                now=self._clock(),
                if_match=self._if_match,
            )
        _logger.info(f"alerts.{decision.what}", alert=self._alert_id, actor=self._who.name)
        return _detail(self._lifecycle, self._engine, alert_id=self._alert_id, who=self._who, response=self._response)


AskedDep = Annotated[Asked, Depends()]


@router.post("/alerts/{alert_id}/acknowledge", tags=["alerts"], summary="Say that somebody looks after it")
def acknowledge_alert(asked: AskedDep, body: AcknowledgeRequest) -> AlertDetail:
    """Nobody else is called then. Whoever acknowledges owns it, if nobody does yet."""
    return asked.decide(body.decision())


@router.post("/alerts/{alert_id}/snooze", tags=["alerts"], summary="Be told again later")
def snooze_alert(asked: AskedDep, body: SnoozeRequest) -> AlertDetail:
    """Nobody is told of it until the instant given. If it is not over then, it is open again by itself."""
    return asked.decide(body.decision())


@router.post("/alerts/{alert_id}/notes", tags=["alerts"], summary="Write a note")
def note_alert(asked: AskedDep, body: NoteRequest) -> AlertDetail:
    """A note stays in the journal of the alert, with who wrote it."""
    return asked.decide(body.decision())


@router.post("/alerts/{alert_id}/assign", tags=["alerts"], summary="Say who looks after it")
def assign_alert(asked: AskedDep, body: AssignRequest) -> AlertDetail:
    """Name the owner, in the place of the one before."""
    return asked.decide(body.decision())


@router.post("/alerts/{alert_id}/resolve", tags=["alerts"], summary="Resolve it by a decision")
def resolve_alert(asked: AskedDep, body: ResolveRequest) -> AlertDetail:
    """It comes back only if it becomes clearly worse, or as another episode after this one."""
    return asked.decide(body.decision())


@router.post("/alerts/{alert_id}/feedback", tags=["alerts"], summary="Say whether it was of use")
def judge_alert(asked: AskedDep, body: FeedbackRequest) -> AlertDetail:
    """What people think of an alert tells whether the limits of its KPI are right."""
    return asked.decide(body.decision())


@router.get("/mutes", tags=["mutes"], summary="Mutes that are not over")
def list_mutes(_: Reader, lifecycle: LifecycleDep, snapshot: SnapshotDep, clock: ClockDep) -> Mutes:
    """Mutes of today and of days to come."""
    with snapshot.connect() as connection:
        mutes = store.mutes(connection, lifecycle.business_date(clock()))
    return Mutes(mutes=[MuteView.of(mute) for mute in mutes])


@router.post("/mutes", tags=["mutes"], summary="Declare a mute", status_code=HTTPStatus.CREATED)
def declare_mute(
    who: Writer, engine: EngineDep, evaluator: EvaluatorDep, clock: ClockDep, *, body: MuteRequest
) -> MuteView:
    """Declare a mute, or change the one of this name. Letting it end yesterday is how it is lifted."""
    for kpi in body.kpis:
        if kpi not in evaluator.catalogue.by_name:
            raise NoSuchKpi(kpi, evaluator.catalogue.by_name)
    mute = Mute(**body.model_dump(), who=who.name, at=clock())
    with engine.begin() as connection:
        store.save_mute(connection, mute)
    _logger.info("alerts.muted", mute=mute.name, actor=who.name)
    return MuteView.of(mute)


def _check_known(connection: Connection, evaluator: Evaluator, *, kpi: str, plan: str) -> None:
    """Refuse a KPI or a plan that is not watched, and of which there never was an alert. Alerts of Prometheus, whose
    names have capitals, are known when they come.
    """
    watched = evaluator.catalogue.by_name
    if kpi.islower() and kpi not in watched and not store.page(connection, Filter(kpi=kpi), limit=1):
        raise NoSuchKpi(kpi, watched, field="kpi")
    latest = evaluator.latest
    if not plan or latest is None or store.page(connection, Filter(dimension="plan", segment=plan), limit=1):
        return
    plans = {reading.where.segment for reading in latest.plan if reading.where.dimension == "plan"}
    if plan not in plans:
        raise NoSuchPlan(plan, plans)


def _detail(lifecycle: Lifecycle, engine: Engine, *, alert_id: str, who: Principal, response: Response) -> AlertDetail:
    with engine.connect() as connection:
        alert = store.alert_named(connection, alert_id)
        if alert is None:
            raise NoSuchAlert(alert_id)
        journal = store.journal(connection, alert_id)
        children = stood_for(alert, store.unresolved(connection))
    response.headers["etag"] = tag_of(alert)
    links = {} if alert.personal and not reads_pay(who) else lifecycle.links(alert)
    return AlertDetail.whole(
        alert,
        journal=journal,
        children=[child.alert_id for child in children],
        links=links,
        reads_pay=reads_pay(who),
    )


def _cursor(after: str | None) -> Cursor | None:
    if after is None:
        return None
    day, _, alert_id = after.partition("/")
    try:
        return Cursor(date.fromisoformat(day), alert_id)
    except ValueError:
        raise NoSuchPage() from None
