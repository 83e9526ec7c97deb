"""The sources whose webhooks are taken: their files, their secrets, and whose delivery a request is."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from services.ingest.errors import NotSigned, SourceStopped
from services.ingest.mapping import Source, source_of_text
from services.ingest.proofs import NotProven, Proven, Request, Scheme
from services.ingest.sections import SourceError
from shared.bounded import Calculating, Exceeded, directly
from shared.problems import NotFound

SUFFIX: Final = ".yaml"
_NAMED: Final = re.compile(r"^source:[ \t]*[\"']?([A-Za-z0-9._:@/+-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of the folder of sources as it was read: the source and its keys, or why there is none."""

    file: str
    name: str
    """Of the source; what the text says of a file that is none, or else what the file is called."""
    digest: str
    text: str = ""
    source: Source | None = None
    keys: tuple[bytes, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedSource:
    """A source that can be used, and the text of its file, by which another process reads it, too."""

    source: Source
    text: str


def read_sources(folder: Path | None, calculating: Calculating = directly) -> list[SourceFile]:
    """Every source file of a folder; one that cannot be used keeps nobody from the others."""
    files = [read_source_file(path, calculating) for path in sorted(folder.glob(f"*{SUFFIX}"))] if folder else []
    by_name = Counter(each.name for each in files)
    # Both and not the first of them: which one is meant nobody here knows, and a copy of a file sorts before it.
    return [
        each if by_name[each.name] == 1 else replace(each, source=None, keys=(), reason=_twice(each.name, files))
        for each in files
    ]


def _twice(name: str, files: Sequence[SourceFile]) -> str:
    both = " and ".join(each.file for each in files if each.name == name)
    return f"source {name} is in {both}: leave it in one of them"


def read_source_file(path: Path, calculating: Calculating = directly) -> SourceFile:
    """A source file with the secrets beside it; what is wrong with it is found out by `calculating`."""
    name, digest = path.stem, ""
    try:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        # What it is called is looked for first, and in whatever text it may be: that source is the one that stops.
        name = said[1] if (said := _NAMED.search(content.decode("utf-8-sig", errors="replace"))) else name
        text = content.decode("utf-8-sig")
        calculating(check_source, text)
        source = source_of_text(text)
        keys = tuple(read_key(source.signing, path.parent / secret) for secret in _secrets(source))
        return SourceFile(file=path.name, name=source.source, digest=digest, text=text, source=source, keys=keys)
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "the text is not UTF-8"
    except (SourceError, Exceeded) as error:
        reason = str(error)
    return SourceFile(file=path.name, name=name, digest=digest, reason=reason)


def check_source(text: str) -> None:
    """See that a text is a source.

    Raises:
        SourceError: it is none.
    """
    source_of_text(text)


def _secrets(source: Source) -> Sequence[Path]:
    return source.signing.secrets if source.signing is not None else ()


def read_key(signing: Scheme | None, path: Path) -> bytes:
    """The key of a secret file.

    Raises:
        SourceError: it cannot be read, or is not written as the source says; what it holds is not told.
    """
    assert signing is not None
    try:
        return signing.key(path.read_text(encoding="utf-8").strip())
    except UnicodeDecodeError:
        raise SourceError(f"the secret {path.name} is not UTF-8") from None
    except OSError as error:
        raise SourceError(f"the secret {path.name} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise SourceError(f"the secret {path.name} cannot be used: {error}") from None


class Sources:
    """The sources of a folder with their live secrets, as they were when they were loaded last."""

    def __init__(self, folder: Path | None, calculating: Calculating = directly) -> None:
        """Load what there is in the folder. Whether a file can be used is found out by `calculating`: where that is in
        bounds, what takes too much is stopped, too.
        """
        self._folder, self._calculating = folder, calculating
        self.files: Sequence[SourceFile] = ()
        self.load()

    def load(self) -> None:
        """Read the folder again. A file that cannot be used stops its source, and no other."""
        # In one step: whoever looks has the files of one moment.
        self.files = read_sources(self._folder, self._calculating)

    def stop(self, name: str, reason: str) -> None:
        """Stop a source until the files are loaded again: what it sends does harm here."""
        self.files = [
            replace(each, source=None, keys=(), reason=reason) if each.name == name else each for each in self.files
        ]

    @property
    def known(self) -> Mapping[str, UsedSource]:
        """The sources that can be used, by name."""
        return {each.name: UsedSource(source=each.source, text=each.text) for each in self.files if each.source}

    @property
    def stopped(self) -> Mapping[str, SourceFile]:
        """The files that cannot be used, by the names of their sources."""
        return {each.name: each for each in self.files if each.source is None}

    def remarks(self) -> list[str]:
        """Which sources are stopped and why, in sentences."""
        return [f"source {name} ({each.file}) is stopped: {each.reason}" for name, each in self.stopped.items()]

    def check_head(self, name: str, request: Request, *, now: datetime) -> None:
        """See by the head of a request, before its body is read, that the source of a name may have sent it.

        Raises:
            NotFound: no source of this name takes webhooks.
            SourceStopped: its file cannot be used at the moment.
            NotSigned: whatever the body is, no live secret made what it shows, or not about now.
        """
        signing, _, keys = self._taking(name)
        try:
            signing.check_head(keys, request, now=now)
        except NotProven as error:
            raise NotSigned(str(error), signing.challenge) from None

    def proven(self, name: str, request: Request, *, now: datetime) -> tuple[UsedSource, Proven]:
        """The source of a name that sent this request, and what the request says of itself.

        By the bytes as they came: JSON that was read and written again has other blanks, other numbers, and no
        signature.

        Raises:
            NotFound, SourceStopped: as `check_head`.
            NotSigned: no live secret made what it shows, or not about now.
        """
        signing, source, keys = self._taking(name)
        try:
            proven = signing.proven(keys, request)
            signing.check_time(proven, now)
        except NotProven as error:
            raise NotSigned(str(error), signing.challenge) from None
        return source, proven

    def _taking(self, name: str) -> tuple[Scheme, UsedSource, Sequence[bytes]]:
        of_name = next((each for each in self.files if each.name == name), None)
        if of_name is not None and of_name.source is None:
            raise SourceStopped(name)
        if of_name is None or of_name.source is None or of_name.source.signing is None:
            raise NotFound(f"no source {name} takes webhooks here")
        return of_name.source.signing, UsedSource(source=of_name.source, text=of_name.text), of_name.keys
