"""Asking the services of an installation over HTTP, as one of its principals; what they refuse is one readable line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any

import httpx

from earnest.local.home import Home
from earnest.local.processes import LocalError
from shared.names import Service
from shared.settings import Settings


class Client:
    """Speaks to the services that a folder's installation runs."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home, self._settings = home, settings
        self._http = httpx.Client(timeout=httpx.Timeout(60, read=600))

    def ask(
        self,
        service: Service,
        method: str,
        *,
        path: str,
        who: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON answer to a request of the principal `who`; with further `headers`, where the request needs some.

        Raises:
            LocalError: the service does not answer, or refuses; says why.
        """
        answer: dict[str, Any] = self._send(service, method, path=path, who=who, body=body, headers=headers).json()
        return answer

    def fetch(self, service: Service, path: str, *, who: str) -> bytes:
        """The bytes of a document.

        Raises:
            LocalError: as `ask` does.
        """
        return self._send(service, "GET", path=path, who=who).content

    def _send(
        self,
        service: Service,
        method: str,
        *,
        path: str,
        who: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        url = getattr(self._settings, f"{service}_url")
        sent = {"authorization": f"Bearer {self._home.key(who)}", **(headers or {})}
        try:
            with _waiting(service):
                answer = self._http.request(method, f"{url}{path}", json=body, headers=sent)
        except httpx.TransportError:
            raise LocalError(f"{service} does not answer at {url}: run `earnest up` in another terminal") from None
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise LocalError(f"{service} refuses: {_reason(answer)}")
        return answer


def _waiting(service: Service) -> AbstractContextManager[object]:
    """Something that moves on the terminal of whoever waits; nothing where no person looks."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.status(f"{service} is at work") if console.is_terminal else nullcontext()


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {answer.status_code}"
