"""Anchors: the heads of chains as they were, kept where the owner of the database cannot reach. Who rewrites a chain,
also with the key, rewrites no anchor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy import Connection, text

from shared.proof.head import Head
from shared.proof.signing import is_signed

MOST_BYTES: Final = 1_000_000


class Anchor(BaseModel):
    """Heads of chains, and the public key that they are signed with (hex; empty where they are not)."""

    model_config = ConfigDict(frozen=True)

    public_key: Annotated[str, StringConstraints(pattern="^([0-9a-f]{64})?$")]
    heads: tuple[Head, ...]

    def written(self) -> bytes:
        """The anchor as a file has it: JSON."""
        return self.model_dump_json(indent=1).encode() + b"\n"


class Printed(BaseModel):
    """What names a head among other things: the manifest of a batch, a statement as JSON."""

    chain: Head


class NotAnAnchor(ValueError):
    """A file is no anchor."""


def head(connection: Connection, chain: str) -> Head | None:
    """The head of the chain in the connection's schema; None where nothing was linked yet."""
    row = connection.execute(_HEAD).one_or_none()
    return None if row is None else Head(chain=chain, **row._asdict())


def read_anchors(path: Path) -> list[Anchor]:
    """The anchor of a file, or those of all files of a folder (`*.json`); the manifest of a batch or a statement is
    one too.

    Raises:
        NotAnAnchor: there is none, or a file holds another thing.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise NotAnAnchor(f"{path}: there is no anchor in this folder")
    anchors = []
    for file in files:
        try:
            with file.open("rb") as opened:
                anchors.append(_anchor(opened.read(MOST_BYTES)))
        except OSError as error:
            raise NotAnAnchor(f"{file}: {error.strerror}") from error
        except ValidationError as error:
            raise NotAnAnchor(f"{file}: it is no anchor, as `earnest anchor` writes it, and names none") from error
    return anchors


def _anchor(content: bytes) -> Anchor:
    try:
        return Anchor.model_validate_json(content)
    except ValidationError:
        return Anchor(public_key="", heads=(Printed.model_validate_json(content).chain,))


def differences(
    connections: Mapping[str, Connection], anchors: Sequence[Anchor], *, public_key: str | None
) -> Iterator[str]:
    """Where chains are not those of the anchors, as sentences; none when all is well.

    Args:
        connections: by the name of its chain, one on each schema.
        anchors: from elsewhere than the database.
        public_key: that of the installation, where it is known.
    """
    for anchor in anchors:
        key = anchor.public_key or public_key
        if public_key is not None and key != public_key:
            yield "an anchor is signed with another key than the installation's"
        for each in anchor.heads:
            of = f"the anchor of link {each.position} of the chain of {each.chain}"
            if key and not is_signed(each.sha256, each.signature, public_key=key):
                yield f"{of} is not signed with its key"
            if each.chain not in connections:
                yield f"{of} is of a chain that this installation does not have"
                continue
            kept = connections[each.chain].execute(_AT, {"position": each.position}).scalar_one_or_none()
            if kept is None:
                yield f"the chain of {each.chain} ends before link {each.position}, which was anchored"
            elif kept != each.sha256:
                yield f"the chain of {each.chain} was rewritten: link {each.position} is not the one that was anchored"


def is_there(connection: Connection, head: Head) -> bool:
    """Whether the chain in the connection's schema has the link that was its head."""
    return bool(connection.execute(_AT, {"position": head.position}).scalar_one_or_none() == head.sha256)


def file_name(anchor: Anchor) -> str:
    """The name of an anchor's file: of the chains with their positions, so that none is written over another."""
    return "-".join(f"{each.chain}-{each.position:09}" for each in anchor.heads) + ".json"


_HEAD: Final = text("select position, sha256, signature, at from chain_link order by position desc limit 1")
_AT: Final = text("select sha256 from chain_link where position = :position")
