"""Answering with bytes that never change: a strong ETag, and 304 to whoever has them."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from fastapi import Response


def immutable(content: bytes, name: str, media_type: str, if_none_match: str | None) -> Response:
    """The bytes as a file of this name, their SHA-256 as the tag, or 304."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(content, headers=headers, media_type=media_type)
