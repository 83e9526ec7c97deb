"""HTTP that routes of several services answer with: problems, bytes that do not change, and pages of lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import orjson
from fastapi import Header, Response

from shared.problems import Problem

IfNoneMatch = Annotated[str | None, Header(description="ETags that the caller has the bytes of")]
IfMatch = Annotated[
    str | None, Header(description="The ETag that the caller has seen; where it is another by now, nothing is done")
]
IfModifiedSince = Annotated[
    str | None, Header(description="When the caller fetched it; not looked at with If-None-Match")
]

UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.NOT_MODIFIED): {"description": "The caller has these bytes"}
}
"""For `responses` of a route that answers with `conditional`."""

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110, 9.2.1)."""

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


def conditional(
    content: bytes,
    *,
    media_type: str,
    disposition: str,
    if_none_match: str | None,
    if_modified_since: str | None = None,
    modified: datetime | None = None,
    sha256: str | None = None,
    headers: Mapping[str, str] | None = None,
    headers_of_content: Mapping[str, str] | None = None,
) -> Response:
    """The bytes under a strong ETag, or 304 to whoever has them (RFC 9110, 13.1.2 and 13.1.3).

    Args:
        content: the bytes.
        media_type: what they are.
        disposition: `content-disposition`, such as `attachment("pay.csv")`.
        if_none_match: the request's header.
        if_modified_since: the request's header; looked at only without the other, which is more exact.
        modified: when the bytes came to be; without it there is no `last-modified`.
        sha256: of the content in hex, where it is known: a large file need not be hashed for each request.
        headers: of either answer, over the usual ones. Who may see a file is decided anew each time, so the usual ones
            let a browser keep it and ask again (`no-cache`), and nobody on the way (`private`).
        headers_of_content: only where the bytes are sent.
    """
    tag = f'"{sha256 or hashlib.sha256(content).hexdigest()}"'
    both = {"etag": tag, "cache-control": "private, no-cache"}
    since = None if modified is None else modified.astimezone(UTC).replace(microsecond=0)  # HTTP knows seconds only
    if since is not None:
        both["last-modified"] = format_datetime(since, usegmt=True)
    both |= headers or {}
    if if_none_match is not None:
        fresh = _names(if_none_match, tag)
    else:
        fresh = since is not None and if_modified_since is not None and _instant(if_modified_since) >= since
    if fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=both)
    sent = both | {"content-disposition": disposition} | dict(headers_of_content or {})
    return Response(content, headers=sent, media_type=media_type)


def problem_response(problem: Problem) -> Response:
    """The HTTP answer of a problem."""
    return body_response(problem.body(), problem.headers)


def body_response(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """The HTTP answer of a problem that is data."""
    return Response(orjson.dumps(body, default=str), body["status"], headers, media_type=PROBLEM_MEDIA_TYPE)


def etag_matches(if_match: str, tag: str) -> bool:
    """Whether what an `if-match` header names is what there is (RFC 9110, 13.1.1); `*` is anything."""
    return tag in {etag.strip() for etag in if_match.split(",")} or if_match.strip() == "*"


def attachment(name: str) -> str:
    """The disposition of a file that is kept under this name, which has no quotes in it."""
    return f'attachment; filename="{name}"'


def next_page(rows: Sequence[Row], limit: int, *, cursor: Callable[[Row], Cursor]) -> Cursor | None:
    """What to send to have the page after this one: the cursor of its last row, or None where the page is not full, so
    the last.

    Pages follow a key and not a number of rows to leave out: rows that are written meanwhile then move nothing from
    page to page. The page after one that is just full may be empty.
    """
    return cursor(rows[-1]) if len(rows) == limit else None


def _names(if_none_match: str, tag: str) -> bool:
    # Compared weakly, as RFC 9110 wants it: what lies between may have marked our tag as weak (W/) when it compressed
    # the bytes.
    known = {etag.strip().removeprefix("W/") for etag in if_none_match.split(",")}
    return tag in known or "*" in known


def _instant(header: str) -> datetime:
    """The instant of a header; one that cannot be read is as good as none, so the very first."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
