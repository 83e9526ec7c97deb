"""What can go wrong with an alert, as problems with the facts."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from shared.kernel.language.findings import did_you_mean
from shared.problems import Conflict, NotFound, Problem, Unprocessable


class NoSuchAlert(NotFound):
    """There is no alert of this id."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"there is no alert {alert_id}; `earnest alerts list --state all` names them", alert=alert_id)


class AlertChangedMeanwhile(Problem):
    """Somebody or something has changed the alert since the caller looked at it."""

    type = "alert-changed"
    title = "The alert has changed"
    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, alert_id: str, tag: str) -> None:
        super().__init__(
            f"alert {alert_id} has changed since it was looked at: look at it again, then decide", {"etag": tag}
        )


class AlertIsOver(Conflict):
    """What was asked for makes no sense of an alert that is resolved."""

    type = "alert-resolved"
    title = "The alert is resolved"

    def __init__(self, alert_id: str, resolution: str | None) -> None:
        super().__init__(
            f"alert {alert_id} is resolved ({resolution}): only notes, its owner and feedback can be added",
            resolution=resolution,
        )


class NoSuchKpi(Unprocessable):
    """Alerts of a KPI are asked for, or are to be muted, that there is not."""

    def __init__(self, name: str, known: Collection[str], *, field: str = "kpis") -> None:
        mend = did_you_mean(name, known, what="KPIs that are watched")
        super().__init__(f"{field}: there is no KPI {name}; {mend}")


class NoSuchPlan(Unprocessable):
    """Alerts of a plan are asked for that nobody is on."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        mend = did_you_mean(name, sorted(known), what="plans with KPIs")
        super().__init__(f"plan: no KPI knows a plan {name}; {mend}")


class SnoozeHasPassed(Unprocessable):
    """A snooze would end before it begins."""

    def __init__(self, until: str) -> None:
        super().__init__(f"until: {until} has passed already; name an instant to come")


class SnoozeIsTooLong(Unprocessable):
    """A snooze would last so long that nobody would know of it any more."""

    def __init__(self, days: int) -> None:
        super().__init__(f"until: a snooze lasts {days} days at most; what needs no more attention is resolved")


class NoSuchPage(Unprocessable):
    """A page is asked for by what no page gave."""

    def __init__(self) -> None:
        super().__init__("after: it has to be the `next` of a page before")


class NoPicture(NotFound):
    """There is nothing to draw."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(
            f"there is no picture of {alert_id}: its KPI is not watched for drift, or has no past yet", alert=alert_id
        )
