"""The sources whose webhooks are taken: their files, their secrets, and whose signature is on a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from standardwebhooks import Webhook

from services.ingest.mapping import Source, SourceError, load_source
from shared.problems import NotFound, Unauthenticated

SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Sources:
    """The sources of a folder, one YAML file each, with their live secrets. Read when the service starts."""

    def __init__(self, folder: Path | None) -> None:
        """Read every source.

        Raises:
            SourceError: a file is not a source, or one that another file is.
            OSError: a file or secret cannot be read.
        """
        self.known: dict[str, Source] = {}
        self._secrets: dict[str, list[Webhook]] = {}
        for path in sorted(folder.glob("*.yaml")) if folder else []:
            source = load_source(path)
            if source.source in self.known:
                raise SourceError(f"{path.name}: source {source.source} is in another file already")
            self.known[source.source] = source
            if source.signing is not None:
                secrets = [(path.parent / secret).read_text().strip() for secret in source.signing.secrets]
                self._secrets[source.source] = [Webhook(secret) for secret in secrets]

    def verified(self, name: str, body: bytes, *, headers: Mapping[str, str]) -> Source:
        """The source that signed these bytes, by any of its live secrets, within five minutes of now.

        The bytes as they came: JSON that was read and written again has other blanks, other numbers, and no signature.
        The window of time is that of Standard Webhooks: what somebody recorded is worth nothing later, and clocks may
        still differ.

        Raises:
            NotFound: no source of this name takes webhooks.
            Unauthenticated: no live secret made the signature, or it is too old or from the future.
        """
        if name not in self._secrets:
            raise NotFound(f"no source {name} takes webhooks here")
        if missing := [header for header in SIGNED if header not in headers]:
            raise Unauthenticated(
                f"the delivery is not signed: send the header {missing[0]}, as Standard Webhooks says"
            )
        for secret in self._secrets[name]:
            try:
                secret.verify(body, dict(headers), json_parse=False)
            except Exception:  # the library raises several kinds of its own and others on malformed input
                continue
            return self.known[name]
        raise Unauthenticated("the signature does not match these bytes, or its time is too far from now")
