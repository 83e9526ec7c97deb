"""Alertmanager's alerts and silences, over the second version of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from services.alerts.lifecycle.operational import OperationalAlert

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

    def alerts(self, receiver: str) -> list[OperationalAlert]:
        """The alerts that fire and are routed to a receiver, silenced or not; not those that another one suppresses."""
        held = self._asked("GET", "/api/v2/alerts", params={"receiver": f"^{receiver}$", "inhibited": "false"}).json()
        return [
            OperationalAlert(
                name=one["labels"]["alertname"],
                labels=one["labels"],
                annotations=one["annotations"],
                status="firing",
                starts_at=datetime.fromisoformat(one["startsAt"]),
                ends_at=None,
            )
            for one in held
        ]

    def since(self) -> datetime:
        """Since when it runs: it forgets alerts when it ends, and knows them again when Prometheus tells it."""
        return datetime.fromisoformat(self._asked("GET", "/api/v2/status").json()["uptime"])

    def silences(self, created_by: str) -> list[ManagedSilence]:
        """The silences of an author that are in force or will be."""
        held = self._asked("GET", "/api/v2/silences").json()
        return [
            ManagedSilence(
                labels={matcher["name"]: matcher["value"] for matcher in one["matchers"]},
                starts_at=datetime.fromisoformat(one["startsAt"]),
                ends_at=datetime.fromisoformat(one["endsAt"]),
                created_by=one["createdBy"],
                comment=one["comment"],
                silence_id=one["id"],
            )
            for one in held
            if one["createdBy"] == created_by and one["status"]["state"] != "expired"
        ]

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
        self._asked("POST", "/api/v2/silences", json=body)

    def expire(self, silence_id: str) -> None:
        """End a silence now."""
        self._asked("DELETE", f"/api/v2/silence/{silence_id}")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._http.request(method, path, **more).raise_for_status()
