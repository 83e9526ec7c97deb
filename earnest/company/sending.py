"""Sending the company's deliveries as its systems would: signed webhooks, API keys, several at once, again when told to
wait.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import httpx
from standardwebhooks import Webhook

from earnest.company.deliveries import Delivery
from earnest.local.processes import LocalError

AT_ONCE: Final = 4
ATTEMPTS: Final = 50
BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class DeliverySender:
    """Sends to the ingest of one installation. `key` gives the plain API key of a principal."""

    def __init__(self, ingest_url: str, secret: str, *, key: Callable[[str], str]) -> None:
        """`secret` signs the CRM's webhooks."""
        self._client = httpx.Client(base_url=ingest_url, timeout=60)
        self._webhook, self._key = Webhook(secret), key

    def send(self, deliveries: Iterable[Delivery], sent: Callable[[Delivery], object]) -> Counter[str]:
        """Send all, a few at once, in order as far as that goes; `sent` hears of each.

        Returns:
            How many events were `accepted`, `rejected` and `passed_over`.

        Raises:
            LocalError: ingest does not answer or refuses a delivery as a whole.
        """
        counts: Counter[str] = Counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # A few at once mix the order a little, as the world does: facts merge to the same whatever comes first.
            for delivery, receipt in zip(deliveries, pool.map(self._send, deliveries), strict=True):
                counts.update(receipt)
                sent(delivery)
        return counts

    def _send(self, delivery: Delivery) -> dict[str, int]:
        for _ in range(ATTEMPTS):
            try:
                answer = self._client.post(delivery.path, content=delivery.body, headers=self._headers(delivery))
            except httpx.TransportError as error:
                raise LocalError(f"ingest does not answer: {type(error).__name__}") from None
            if answer.status_code not in BUSY:
                break
            time.sleep(int(answer.headers.get("retry-after", "1")))
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise LocalError(f"ingest refused {delivery.name}: {answer.json().get('detail', answer.text)}")
        receipt = answer.json()
        return {name: receipt.get(name, 0) for name in ("accepted", "rejected", "passed_over")}

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        headers = {"content-type": delivery.content_type}
        if delivery.key is not None:
            return headers | {"authorization": f"Bearer {self._key(delivery.key)}"}
        # The time of sending, not that of the story: old signatures are refused, so that nobody sends them again.
        now = datetime.now(UTC)
        signature = self._webhook.sign(delivery.name, now, delivery.body.decode())
        return headers | {
            "webhook-id": delivery.name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
