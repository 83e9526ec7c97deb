"""Bytes that do not change are sent once to whoever keeps them; pages of a list follow a key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from fastapi import Response

from shared.http import attachment, conditional, next_page

CONTENT = b"participant,amount\n"
TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
RELEASED = datetime(2025, 4, 1, 10, 0, 0, 400_000, timezone(timedelta(hours=2)))


def ask(
    if_none_match: str | None = None, if_modified_since: str | None = None, modified: datetime | None = None
) -> Response:
    return conditional(
        CONTENT,
        media_type="text/csv",
        disposition=attachment("pay.csv"),
        if_none_match=if_none_match,
        if_modified_since=if_modified_since,
        modified=modified,
        headers={"vary": "Accept"},
        headers_of_content={"x-content-type-options": "nosniff"},
    )


def test_the_bytes_come_with_a_tag_that_is_their_hash_and_are_kept_by_nobody_on_the_way() -> None:
    answer = ask()
    assert (answer.status_code, answer.body, answer.headers["etag"]) == (200, CONTENT, TAG)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == 'attachment; filename="pay.csv"'
    assert (answer.headers["vary"], answer.headers["x-content-type-options"]) == ("Accept", "nosniff")
    assert "last-modified" not in answer.headers


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (TAG, 304),
        (f'"other", {TAG}', 304),
        (f"W/{TAG}", 304),
        ("*", 304),
        ('"other"', 200),
        (TAG.strip('"'), 200),
        ("", 200),
    ],
)
def test_who_names_the_tag_has_them_already(header: str, status: int) -> None:
    answer = ask(if_none_match=header)
    assert (answer.status_code, answer.headers["etag"], answer.headers["vary"]) == (status, TAG, "Accept")
    assert ("x-content-type-options" in answer.headers) is (status == 200)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Tue, 01 Apr 2025 08:00:00 GMT", 304),
        ("Tue, 01 Apr 2025 10:00:00 +0200", 304),
        ("Tue, 01 Apr 2025 07:59:59 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_who_fetched_them_since_has_them_already(header: str, status: int) -> None:
    answer = ask(if_modified_since=header, modified=RELEASED)
    assert (answer.status_code, answer.headers["last-modified"]) == (status, "Tue, 01 Apr 2025 08:00:00 GMT")


def test_a_tag_is_more_exact_than_a_time() -> None:
    later = format_datetime(RELEASED.astimezone(UTC) + timedelta(days=1), usegmt=True)
    assert ask(if_none_match='"other"', if_modified_since=later, modified=RELEASED).status_code == 200


def test_without_a_time_of_its_own_nothing_is_said_about_when() -> None:
    assert ask(if_modified_since="Tue, 01 Apr 2025 08:00:00 GMT").status_code == 200


def test_a_hash_that_is_known_is_not_made_again() -> None:
    answer = conditional(CONTENT, media_type="text/csv", disposition="inline", if_none_match=None, sha256="known")
    assert answer.headers["etag"] == '"known"'


@pytest.mark.parametrize(("found", "after"), [([1, 2, 3], 30), ([1, 2], None), ([], None)])
def test_only_after_a_full_page_there_may_be_another(found: list[int], after: int | None) -> None:
    assert next_page(found, 3, cursor=lambda row: row * 10) == after
