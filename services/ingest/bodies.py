"""Request bodies: one CloudEvent, a JSON array or NDJSON, structured or with its attributes in headers; split, not
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from services.ingest.errors import TooMany, UnknownForm
from shared.problems import Unprocessable

MOST_EVENTS: Final = 10_000
"""In one request: as many as fit a body of usual events. They are read in one go, and all have a line in the
answer.
"""
YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
"""A plan file."""
UNSAID: Final = "application/x-www-form-urlencoded"
"""What `curl --data-binary` says of every body where nothing else is said."""
NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
JSON: Final = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")


def split_events(body: bytes, headers: Mapping[str, str]) -> list[bytes]:
    """The JSON texts of the events of a request; header names are in lower case.

    Raises:
        Unprocessable: the body is empty or not JSON.
        TooMany: there are more than `MOST_EVENTS`.
        UnknownForm: the content type is not one that is read.
    """
    form = form_of(headers)
    if form in NDJSON:
        texts = [line for line in body.split(b"\n") if line.strip()]
    elif form not in JSON:
        raise UnknownForm(f"send {', '.join((*JSON, NDJSON[0]))}, not {form}")
    elif "ce-id" in headers:
        texts = [_structured(body, headers)]
    else:
        document = _parsed(body)
        # A single event stays the bytes it came as: written again, a number of it could be another.
        texts = [_text(event) for event in document] if isinstance(document, list) else [body]
    check_number(len(texts))
    return texts


def is_plan_file(headers: Mapping[str, str]) -> bool:
    """Whether a body is the bytes of a plan file rather than events."""
    return form_of(headers) in (*YAML, UNSAID)


def form_of(headers: Mapping[str, str]) -> str:
    """The content type, without its parameters; JSON where none is said."""
    return headers.get("content-type", "application/json").partition(";")[0].strip().lower()


def check_number(events: int) -> None:
    """See that there are events, and not too many.

    Raises:
        Unprocessable: there is none.
        TooMany: there are more than `MOST_EVENTS`.
    """
    if not events:
        raise Unprocessable("there is no event in the body")
    if events > MOST_EVENTS:
        raise TooMany(f"there are {events:,} events; {MOST_EVENTS:,} at most are read at once", limit=MOST_EVENTS)


def _structured(body: bytes, headers: Mapping[str, str]) -> bytes:
    """An event in binary mode, which has its attributes in headers, as one in structured mode."""
    attributes = {name.removeprefix("ce-"): value for name, value in headers.items() if name.startswith("ce-")}
    return _text({**attributes, "data": _parsed(body)})


def _text(event: object) -> bytes:
    """The JSON of a part of a body, which may hold what can be read and not be written."""
    try:
        return orjson.dumps(event)
    except orjson.JSONEncodeError as error:
        raise Unprocessable(f"an event is nested too deeply, or is not to be written again: {error}") from None


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unprocessable(f"the body is not JSON: {error}") from None
