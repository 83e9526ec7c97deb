"""Why a notification did not arrive."""

from __future__ import annotations

from http import HTTPStatus

from shared.problems import NotFound, Problem


class NoSuchSubscription(NotFound):
    """There is no subscription of this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no subscription {name}; declared are {', '.join(known) or 'none'}")


class DidNotArrive(Problem):
    """What was sent to the other end did not get there."""

    type = "not-delivered"
    title = "It did not arrive"
    status = HTTPStatus.BAD_GATEWAY
