"""Sends a message by a channel, with the secrets of the installation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
from standardwebhooks import Webhook

from services.alerts.notifications import smtp_client
from services.alerts.notifications.declared import (
    Channel,
    EmailChannel,
    Notifications,
    SlackChannel,
    Subscription,
    WebhookChannel,
)
from services.alerts.notifications.message import Message
from services.alerts.notifications.slack import slack_message
from shared import posting
from shared.posting import Refused

Charts = Callable[[str], bytes | None]
"""The picture of an alert as PNG, by its id; None where there is none."""
MOST_CHARTS: Final = 5


class Channels:
    """The channels of an installation. `secrets` is the folder of their secrets, `loopback` whether messages may go to
    this machine itself.
    """

    def __init__(self, secrets: Path, *, loopback: bool, charts: Charts) -> None:
        self._secrets, self._loopback, self._charts = secrets, loopback, charts

    def send(self, message: Message, subscription: Subscription, *, declared: Notifications, now: datetime) -> None:
        """Send a message to a subscription.

        Raises:
            NotSent: it did not arrive.
        """
        channel: Channel = declared.channels[subscription.channel]
        match channel:
            case WebhookChannel():
                self._webhook(message, channel, now=now)
            case SlackChannel():
                body = orjson.dumps(slack_message(message))
                posting.post(self._secret(channel.url), body, headers={}, loopback=self._loopback)
            case EmailChannel():
                to = declared.address(subscription)
                if to is None:
                    raise Refused("the person of the subscription has no address")
                self._mail(message, channel, to=to, now=now)

    def _webhook(self, message: Message, channel: WebhookChannel, *, now: datetime) -> None:
        body = orjson.dumps(message.payload()).decode()
        try:
            webhook = Webhook(self._secret(channel.secret))
        except ValueError:
            raise Refused(f"the secret {channel.secret} is no key of Standard Webhooks (whsec_…)") from None
        headers = {
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(message.message_id, now.astimezone(UTC), body),
        }
        posting.post(channel.url, body.encode(), headers=headers, loopback=self._loopback)

    def _mail(self, message: Message, channel: EmailChannel, *, to: str, now: datetime) -> None:
        ids = list(dict.fromkeys(told.alert_id for told in message.told))[:MOST_CHARTS]
        charts = {alert_id: picture for alert_id in ids if (picture := self._charts(alert_id)) is not None}
        written = smtp_client.mail(message, sender=channel.sender, to=to, now=now, charts=charts)
        password = self._secret(channel.password) if channel.password else None
        smtp_client.send(written, channel, password=password)

    def _secret(self, name: str) -> str:
        try:
            return (self._secrets / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Refused(f"the secret {name} cannot be read") from None
