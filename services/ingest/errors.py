"""Why ingest does not take a request; what is wrong with one event of it is said in the receipt."""

from __future__ import annotations

from http import HTTPStatus

from shared.problems import Busy, Conflict, Problem, TooLarge, Unauthenticated, Unavailable, Unprocessable


class NothingValid(Unprocessable):
    """No event of the request is valid; each is named with its mistakes."""

    title = "No event of the request is valid"


class TooMany(TooLarge):
    """More events in one request than are read."""

    type = "too-many-events"
    title = "Too many events in one request"


class UnknownForm(Problem):
    """The content type is none of those that are read."""

    type = "unsupported-media-type"
    title = "The content type is not supported"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NotSigned(Unauthenticated):
    """A delivery that does not prove whose it is."""

    title = "The delivery does not prove who sends it"

    def __init__(self, detail: str, challenge: str) -> None:
        super().__init__(detail)
        self.headers = {"www-authenticate": challenge}


class UnsoundPlan(Unprocessable):
    """A plan file that cannot be used; each of its `findings` has its place, its code and how to mend it."""

    type = "unsound-plan"
    title = "The plan file cannot be used"


class SourceStopped(Unavailable):
    """The file of a source cannot be used: its deliveries have to come again once it is mended."""

    type = "source-stopped"
    title = "The source is stopped"

    def __init__(self, name: str) -> None:
        detail = (
            f"the file of source {name} has a mistake, and nothing is taken from it until that is mended: whoever "
            "operates this installation sees it with earnest source check"
        )
        super().__init__(detail, retry_after=60)


class DeliveryTooLarge(TooLarge):
    """More than is taken in one delivery."""

    title = "The delivery is too large"


class KeyReused(Conflict):
    """The idempotency key came with another request before."""

    type = "idempotency-key-reused"
    title = "The idempotency key belongs to another request"


class InProgress(Conflict):
    """The same request is being worked on."""

    type = "request-in-progress"
    title = "The same request is being worked on"


class LogBusy(Busy):
    """The log takes less than is sent."""

    title = "Too many requests are waiting for the log"


class PlanPublishedAlready(Conflict):
    """The version is published with other content."""

    type = "plan-version-published"
    title = "The plan version is published with other content"


class PlanCannotHold(Conflict):
    """The version could not be used beside those that are published."""

    type = "plan-conflict"
    title = "The plan version cannot stand beside those that are published"
