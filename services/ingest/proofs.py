"""How a source proves that a delivery is its own: by a text that only the holder of a secret can write, in a header.

The text is the secret itself (bearer, token, basic), or a signature that is made with it (`signatures`).
"""

from __future__ import annotations

import base64
import hmac
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.ingest.sections import Section

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$", to_lower=True)]


class NotProven(ValueError):
    """Nothing shows that the source sent these bytes; the message says what is missing or does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request as it came: header names in lower case, the query as it was written."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proven request says of itself: the name of the delivery and when it was signed, where its scheme has
    these.
    """

    name: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Texts in a header: what follows a prefix, of each item where something stands `between` several."""

    header: str
    prefix: str = ""
    between: str | None = None
    fold: Callable[[str], str] = str

    def texts(self, request: Request) -> list[bytes]:
        """The texts, as bytes; none where the header is not there."""
        whole = request.headers.get(self.header)
        if whole is None:
            return []
        items = [whole] if self.between is None else whole.split(self.between)
        start = len(self.prefix)
        return [
            as_came(self.fold(item[start:]))
            for item in map(str.strip, items)
            # The names of schemes are written in any case (RFC 9110).
            if item[:start].lower() == self.prefix.lower() and len(item) > start
        ]


def as_came(text: str) -> bytes:
    """The bytes of a part of a request's head, which servers hand on as Latin-1; any other text in UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


class Scheme(Section):
    """A way of proving: secrets, and a header in which what is made with them is looked for."""

    secrets: list[Path] = Field(
        min_length=1, description="Files, relative to the source file; several while one replaces the other"
    )

    @property
    @abstractmethod
    def place(self) -> Place:
        """Where the proof stands."""

    @property
    def headers(self) -> list[str]:
        """The headers without which nothing can be proven."""
        return [self.place.header]

    @property
    def challenge(self) -> str:
        """What an answer asks for that refuses a delivery (RFC 9110)."""
        return "Bearer"

    def key(self, secret: str) -> bytes:
        """The key that the text of a secret file is.

        Raises:
            ValueError: it is none.
        """
        if not secret:
            raise ValueError("it is empty")
        return secret.encode()

    def expected(self, key: bytes, _: Request) -> Iterator[bytes]:
        """What the holder of the key would have written: the secret itself, unless a scheme makes something with it.

        Raises:
            NotProven: the request lacks a part of it.
        """
        yield key

    def said(self, _: Request) -> Proven:
        """What the request says of itself besides its body."""
        return Proven()

    def proven(self, keys: Sequence[bytes], request: Request) -> Proven:
        """What a request says of itself that was made with one of the keys, whenever that was.

        Raises:
            NotProven: it was made with none of them.
        """
        self._check_headers(request)
        given = self.place.texts(request)
        good = [text for key in keys for text in self.expected(key, request)]
        # Each in constant time: how long a comparison takes says nothing of what would have been right.
        if not any(hmac.compare_digest(one, other) for one in given for other in good):
            raise NotProven(f"the header {self.place.header} does not match these bytes with any live secret")
        return self.said(request)

    def check_head(self, keys: Sequence[bytes], request: Request, *, now: datetime) -> None:
        """See that a request may be proven by its head, of which alone it consists yet: whatever does not depend on the
        body.

        Raises:
            NotProven: whatever the body is, it cannot.
        """
        self.check_time(self.proven(keys, request), now)

    def _check_headers(self, request: Request) -> None:
        if missing := [header for header in self.headers if header not in request.headers]:
            raise NotProven(f"the delivery is not signed: send the header {missing[0]}, as its source file says")

    def check_time(self, _: Proven, __: datetime) -> None:
        """See that what is proven was signed about now.

        Raises:
            NotProven: it was not.
        """


class Bearer(Scheme):
    """The secret itself, as OAuth sends it: `Authorization: Bearer …` (RFC 6750)."""

    scheme: Literal["bearer"]

    @property
    def place(self) -> Place:
        """After the word Bearer."""
        return Place(header="authorization", prefix="Bearer ")


class Token(Scheme):
    """The secret itself, in a header of the sender's choice."""

    scheme: Literal["token"]
    header: HeaderName
    """Where the secret stands."""
    prefix: str = ""
    """What stands before it."""

    @property
    def place(self) -> Place:
        """In the header that is named."""
        return Place(header=self.header, prefix=self.prefix)


class Basic(Scheme):
    """User and password: `Authorization: Basic …` (RFC 7617). The secrets are passwords."""

    scheme: Literal["basic"]
    user: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^:\x00-\x1f]*$")]
    """The user's name."""

    @property
    def place(self) -> Place:
        """After the word Basic."""
        return Place(header="authorization", prefix="Basic ")

    @property
    def challenge(self) -> str:
        """Senders that wait for one send their password then."""
        return 'Basic realm="webhooks"'

    def expected(self, key: bytes, _: Request) -> Iterator[bytes]:
        """Both, joined and encoded."""
        yield base64.b64encode(self.user.encode() + b":" + key)
