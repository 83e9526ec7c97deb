"""The sources whose webhooks are taken: their files, their secrets, and whose delivery a request is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.ingest.errors import NotSigned
from services.ingest.mapping import Source, load_source
from services.ingest.proofs import NotProven, Proven, Request
from services.ingest.sections import SourceError
from shared.problems import NotFound


class Sources:
    """The sources of a folder, one YAML file each, with their live secrets. Read when the service starts."""

    def __init__(self, folder: Path | None) -> None:
        """Read every source.

        Raises:
            SourceError: a file is not a source, or one that another file is, or a secret cannot be used.
        """
        self.known: dict[str, Source] = {}
        self._keys: dict[str, list[bytes]] = {}
        for path in sorted(folder.glob("*.yaml")) if folder else []:
            source = load_source(path)
            if source.source in self.known:
                raise SourceError(f"{path.name}: source {source.source} is in another file already")
            self.known[source.source] = source
            self._keys[source.source] = read_keys(source, path.parent)

    def proven(self, name: str, request: Request, *, now: datetime) -> tuple[Source, Proven]:
        """The source of a name that sent this request, and what the request says of itself.

        By the bytes as they came: JSON that was read and written again has other blanks, other numbers, and no
        signature.

        Raises:
            NotFound: no source of this name takes webhooks.
            NotSigned: no live secret made what it shows, or not about now.
        """
        source = self.known.get(name)
        if source is None or source.signing is None:
            raise NotFound(f"no source {name} takes webhooks here")
        try:
            proven = source.signing.proven(self._keys[name], request)
            source.signing.check_time(proven, now)
        except NotProven as error:
            raise NotSigned(str(error), source.signing.challenge) from None
        return source, proven


def read_keys(source: Source, folder: Path) -> list[bytes]:
    """The keys of a source, from the secret files that it names.

    Raises:
        SourceError: one cannot be read, or is not written as the source says.
    """
    if source.signing is None:
        return []
    keys: list[bytes] = []
    for name in source.signing.secrets:
        try:
            keys.append(source.signing.key((folder / name).read_text(encoding="utf-8").strip()))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise SourceError(f"the secret of {source.source} in {name} cannot be used: {why}") from None
    return keys
