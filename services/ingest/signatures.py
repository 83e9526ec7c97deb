"""Signatures: these parts of a request, joined so, under this key, in that header.

Standard Webhooks, and the ways of the vendors that docs/integrator.md shows, are settings of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from services.ingest.proofs import Basic, Bearer, HeaderName, NotProven, Place, Proven, Request, Scheme, Token, as_came
from services.ingest.sections import Section
from shared.contracts.base import YEARS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"([0-9]{1,15})(\.[0-9]{1,9})?", re.ASCII)
_DECODED: Final = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""What HubSpot decodes of an address before it signs it, and nothing else (HubSpot, "Validating requests", v3)."""


class Timestamp(Section):
    """Where the time of signing stands, and how it is written: seconds or milliseconds since 1970, or ISO 8601."""

    header: HeaderName
    """Where it stands."""
    prefix: str = ""
    """What stands before it."""
    unit: Literal["s", "ms", "iso"] = "s"
    """Seconds or milliseconds since 1970, or ISO 8601."""

    def instant(self, text: str) -> datetime:
        """The instant of a text.

        Raises:
            NotProven: it is none.
        """
        try:
            if self.unit == "iso":
                instant = datetime.fromisoformat(text)
            elif (number := _NUMBER.fullmatch(text)) is None:
                raise ValueError
            else:
                steps = int(number[1])
                instant = _EPOCH + (timedelta(seconds=steps) if self.unit == "s" else timedelta(milliseconds=steps))
            if instant.tzinfo is None or instant.year not in YEARS:
                raise ValueError
            return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            raise NotProven(f"the header {self.header} has no time of signing that can be read") from None


class FixedText(Section):
    """A text that is signed with the rest, such as the version `v0`."""

    text: str
    """The text."""


Part = Literal["body", "timestamp", "method", "url", "decoded_url", "id", "secret"]


class Signature(Scheme):
    """A signature over parts of the request.

    The secret is the key of the HMAC; where `secret` is itself one of the parts, they are hashed without a key.
    """

    header: HeaderName
    """Where the signature stands."""
    algorithm: Literal["sha256", "sha1", "sha384", "sha512"] = "sha256"
    """The hash."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""
    prefix: str = ""
    """What stands before it, such as `sha256=`."""
    between: Annotated[str, StringConstraints(min_length=1)] | None = None
    """What stands between several in one header."""
    secrets_are: Literal["text", "hex", "base64", "whsec"] = "text"
    """How secrets are written."""
    parts: list[Part | FixedText] = Field(default=["body"], min_length=1)
    """What is signed, in this order; `decoded_url` is the `url` as HubSpot's third version writes it."""
    separator: str = ""
    """What stands between the parts."""
    timestamp: Timestamp | None = None
    """The time of signing."""
    id: HeaderName | None = None
    """The header with the name of the delivery."""
    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$")] | None = None
    """The address as the sender has it, for behind a proxy nobody here knows it; the query of the request is added."""
    tolerance: int = Field(default=300, ge=1, le=86_400)
    """The seconds that the time of signing may lie from now, before it and after."""

    @field_validator("parts", mode="before")
    @classmethod
    def _known_parts(cls, parts: Any) -> Any:
        known = get_args(Part)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, str) and part not in known:
                words = ", ".join(known)
                raise ValueError(
                    f"there is no part {part}: there are {words}; a fixed text is written {{text: {part}}}"
                )
        return parts

    @field_validator("url")
    @classmethod
    def _without_query(cls, url: str | None) -> str | None:
        if url is not None and ("?" in url or "#" in url):
            raise ValueError("write the address without ? and what follows: the query of each request is added")
        return url

    @model_validator(mode="after")
    def _is_whole(self) -> Signature:
        if "body" not in self.parts:
            raise ValueError("body must be one of the parts: what is not signed could come from anybody")
        needed = {"timestamp": self.timestamp, "id": self.id, "url": self.url, "decoded_url": self.url}
        for part, where in needed.items():
            if part in self.parts and where is None:
                raise ValueError(f"{part} is one of the parts: say `{part.removeprefix('decoded_')}`, where it is")
        if self.timestamp is not None and "timestamp" not in self.parts:
            raise ValueError("a time that is not signed proves nothing: name timestamp among the parts")
        return self

    @property
    def place(self) -> Place:
        """In the header that is named; hexadecimal digits count in either case."""
        fold = str.lower if self.encoding == "hex" else str
        return Place(header=self.header, prefix=self.prefix, between=self.between, fold=fold)

    @property
    def headers(self) -> list[str]:
        """Those of what is signed, and of the signature."""
        named = self.id if "id" in self.parts else None
        at = None if self.timestamp is None else self.timestamp.header
        return [header for header in dict.fromkeys([named, at, self.header]) if header is not None]

    def key(self, secret: str) -> bytes:
        """The bytes of a secret that is written as `secrets_are` says."""
        written = super().key(secret)
        try:
            match self.secrets_are:
                case "text":
                    return written
                case "hex":
                    key = binascii.unhexlify(written)
                case _:
                    key = base64.b64decode(written.removeprefix(b"whsec_"), validate=True)
        except ValueError:  # what stands there stays out of the message
            key = b""
        if not key:
            kind = "whsec_ and base64" if self.secrets_are == "whsec" else self.secrets_are
            raise ValueError(f"it is not {kind}, which `secrets_are` says")
        return key

    def expected(self, key: bytes, request: Request) -> Iterator[bytes]:
        """The signature of the request, in its encoding."""
        hashing = getattr(hashlib, self.algorithm)
        for at in self._signed_times(request):
            message = self.separator.encode().join(self._bytes_of(part, request, key=key, at=at) for part in self.parts)
            made = hashing(message) if "secret" in self.parts else hmac.new(key, message, hashing)
            yield made.hexdigest().encode() if self.encoding == "hex" else base64.b64encode(made.digest())

    def check_head(self, _: Sequence[bytes], request: Request, *, now: datetime) -> None:
        """See that there is a signature, of about now: by whom it is shows with the body."""
        self._check_headers(request)
        if not self.place.texts(request):
            raise NotProven(f"the header {self.header} has no signature as its source file describes it")
        self.check_time(self.said(request), now)

    def said(self, request: Request) -> Proven:
        """The name of the delivery, and when it was signed."""
        name = None if self.id is None else request.headers.get(self.id)
        at = None if self.timestamp is None else self.timestamp.instant(self._time(request))
        return Proven(name=name, signed_at=at)

    def check_time(self, proven: Proven, now: datetime) -> None:
        """Not longer ago than the tolerance, and not further ahead: what somebody recorded is worth nothing later."""
        if proven.signed_at is not None and abs(now - proven.signed_at) > timedelta(seconds=self.tolerance):
            raise NotProven(f"its time of signing is more than {self.tolerance:,} seconds from now")

    def _time(self, request: Request) -> str:
        assert self.timestamp is not None
        place = Place(header=self.timestamp.header, prefix=self.timestamp.prefix, between=self.between)
        if not (texts := place.texts(request)):
            raise NotProven(f"the header {self.timestamp.header} has no time of signing")
        return texts[0].decode("latin-1")

    def _signed_times(self, request: Request) -> Iterator[str]:
        """The time as it may have been signed: as it is written and, of a number with a fraction, the whole one."""
        if self.timestamp is None:
            yield ""
            return
        text = self._time(request)
        self.timestamp.instant(text)
        yield text
        # The libraries of Standard Webhooks sign the whole second of whatever stands there.
        if self.timestamp.unit != "iso" and "." in text:
            yield text.partition(".")[0]

    def _bytes_of(self, part: Part | FixedText, request: Request, *, key: bytes, at: str) -> bytes:
        match part:
            case FixedText():
                return part.text.encode()
            case "body":
                return request.body
            case "secret":
                return key
            case "timestamp":
                return as_came(at)
            case "method":
                return request.method.encode()
            case "id":
                return as_came(request.headers[self.id or ""])
            case "url" | "decoded_url":
                url = f"{self.url}?{request.query}" if request.query else f"{self.url}"
                return as_came(_DECODED.sub(_character, url) if part == "decoded_url" else url)


def _character(code: re.Match[str]) -> str:
    return chr(int(code[1], 16))


class Hmac(Signature):
    """A signature of which everything is said."""

    scheme: Literal["hmac"]


class StandardWebhooks(Signature):
    """A signature as https://www.standardwebhooks.com says, unless something else is said."""

    scheme: Literal["standard-webhooks"]
    header: HeaderName = "webhook-signature"
    """Where the signature stands."""
    encoding: Literal["hex", "base64"] = "base64"
    """How the signature is written."""
    prefix: str = "v1,"
    """What stands before it."""
    between: str | None = " "
    """What stands between several in one header."""
    secrets_are: Literal["text", "hex", "base64", "whsec"] = "whsec"
    """How secrets are written."""
    parts: list[Part | FixedText] = Field(default=["id", "timestamp", "body"], min_length=1)
    """What is signed, in this order."""
    separator: str = "."
    """What stands between the parts."""
    timestamp: Timestamp | None = Timestamp(header="webhook-timestamp")
    """The time of signing."""
    id: HeaderName | None = "webhook-id"
    """The header with the name of the delivery."""


Signing = Annotated[StandardWebhooks | Hmac | Bearer | Token | Basic, Field(discriminator="scheme")]
