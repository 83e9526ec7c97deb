"""Requests of browsers: the cookie that carries the token of a session, and whether a request comes from our own pages.

A browser sends a cookie with every request to its host, whoever's page asked for it. So what changes something is done
by a cookie only where the browser says that one of our own pages asked (`Sec-Fetch-Site`, or else `Origin`), as the
W3C's Fetch Metadata and OWASP's cheat sheet on cross-site request forgery have it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from shared.http import SAFE_METHODS
from shared.problems import Problem
from shared.settings import Settings


class FromElsewhere(Problem):
    """A browser asks for a page that is not ours."""

    type = "cross-site"
    title = "It was asked by another site"
    status = HTTPStatus.FORBIDDEN


def token_of(head: HTTPConnection) -> str | None:
    """The token that a request comes with: in the header `authorization`, or else in the cookie.

    Raises:
        FromElsewhere: it is to change something by the cookie, and none of our own pages asks for it.
    """
    scheme, _, token = head.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    cookie = head.cookies.get(cookie_name(head, "earnest"))
    if cookie is not None and head.scope["method"] not in SAFE_METHODS:
        from_our_pages(head)
    return cookie


def from_our_pages(head: HTTPConnection) -> None:
    """Let only our own pages ask.

    Raises:
        FromElsewhere: another site does, or nothing says that it does not.
    """
    asked_by, origin = head.headers.get("sec-fetch-site"), head.headers.get("origin")
    # A browser that does not say `Sec-Fetch-Site` says `Origin` whenever something is to be changed.
    same = asked_by in ("same-origin", "none") if asked_by else origin and _host(origin) == head.headers.get("host")
    if not same:
        raise FromElsewhere("send it from the pages of this installation, or with the header `Origin` of its address")


async def our_pages(request: Request) -> None:
    """The same as a dependency of routes that know nobody yet, such as signing in."""
    from_our_pages(request)


def cookie_name(head: HTTPConnection, name: str) -> str:
    """How a cookie is called: the prefix has browsers take it only over https, for this host alone and all of its
    paths, so that no other host of the domain can set one (RFC 6265bis, 4.1.3.2).
    """
    return f"__Host-{name}" if _settings(head).over_https else name


def set_cookie(response: Response, request: Request, *, name: str, value: str, seconds: int | None = None) -> None:
    """Give the browser a cookie that no script reads and that other sites' forms do not send; without `seconds` until
    it is closed.
    """
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=_settings(request).over_https,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, request: Request, *, name: str) -> None:
    """Have the browser forget a cookie."""
    set_cookie(response, request, name=name, value="", seconds=0)


def _settings(head: HTTPConnection) -> Settings:
    return cast(Settings, head.app.state.settings)


def _host(origin: str) -> str:
    return urlsplit(origin).netloc
