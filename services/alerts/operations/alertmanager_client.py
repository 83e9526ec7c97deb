"""Silences of Alertmanager, over the second version of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

WAIT: Final = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSilence:
    """A silence as Alertmanager holds it; one that it does not hold yet has no `silence_id`."""

    labels: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    silence_id: str | None = None


class AlertmanagerClient:
    """What Alertmanager is asked. All of it raises `httpx.HTTPError` while it does not answer as it should."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=WAIT)

    def silences(self, created_by: str) -> list[ManagedSilence]:
        """The silences of an author that are in force or will be. Those that match by patterns are no silences of ours:
        they are left out.
        """
        held = self._asked("GET", "/api/v2/silences").json()
        mine = [one for one in held if one["createdBy"] == created_by and one["status"]["state"] != "expired"]
        return [_read(one) for one in mine if not any(matcher["isRegex"] for matcher in one["matchers"])]

    def put(self, silence: ManagedSilence) -> None:
        """Make a silence, or give one that is there another end."""
        body: dict[str, Any] = {
            "matchers": [
                {"name": name, "value": value, "isRegex": False, "isEqual": True}
                for name, value in sorted(silence.labels.items())
            ],
            "startsAt": silence.starts_at.isoformat(),
            "endsAt": silence.ends_at.isoformat(),
            "createdBy": silence.created_by,
            "comment": silence.comment,
        }
        if silence.silence_id:
            body["id"] = silence.silence_id
        self._asked("POST", "/api/v2/silences", body=body)

    def expire(self, silence_id: str) -> None:
        """End a silence now."""
        self._asked("DELETE", f"/api/v2/silence/{silence_id}")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _asked(self, method: str, path: str, *, body: Mapping[str, Any] | None = None) -> httpx.Response:
        return self._http.request(method, path, json=body).raise_for_status()


def _read(held: Mapping[str, Any]) -> ManagedSilence:
    return ManagedSilence(
        labels={matcher["name"]: matcher["value"] for matcher in held["matchers"]},
        starts_at=datetime.fromisoformat(held["startsAt"]),
        ends_at=datetime.fromisoformat(held["endsAt"]),
        created_by=held["createdBy"],
        comment=held["comment"],
        silence_id=held["id"],
    )
