"""A message as a mail: plain text and HTML, with the chart of the alert, handed to the company's mail server."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final

from services.alerts.notifications.declared import EmailChannel
from services.alerts.notifications.message import Message
from shared.posting import NotSent, Refused

TIMEOUT_SECONDS: Final = 20
MOST_OF_A_SUBJECT: Final = 200


def mail(message: Message, *, sender: str, to: str, now: datetime, charts: dict[str, bytes]) -> EmailMessage:
    """The mail of a message; `charts` are pictures (PNG) of its alerts by their ids."""
    written = EmailMessage()
    # Line breaks in a header would begin another one.
    written["Subject"] = " ".join(message.title.split())[:MOST_OF_A_SUBJECT]
    written["From"], written["To"], written["Date"] = sender, to, format_datetime(now)
    # By its id whoever gets it twice knows that it is one.
    written["Message-ID"] = f"<{message.message_id.replace('/', '.').replace('@', '.')}@{sender.rpartition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.text)
    written.add_alternative(_html(message), subtype="html")
    for alert_id, picture in charts.items():
        written.add_attachment(picture, maintype="image", subtype="png", filename=f"{alert_id}.png")
    return written


def send(written: EmailMessage, channel: EmailChannel, *, password: str | None) -> None:
    """Hand a mail to the server of a channel.

    Raises:
        NotSent: the server does not answer, or not now.
        Refused: the server refuses the mail, the name or the certificate.
    """
    context = ssl.create_default_context()
    try:
        with _connected(channel, context) as server:
            if channel.security == "starttls":
                server.starttls(context=context)
            if channel.user is not None and password is not None:
                server.login(channel.user, password)
            server.send_message(written)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
        raise Refused(f"{channel.host} refuses: {type(error).__name__}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        kind = Refused if min(codes) >= 500 else NotSent
        raise kind(f"{channel.host} refuses the receiver with code {min(codes)}") from None
    except smtplib.SMTPResponseException as error:
        kind = Refused if error.smtp_code >= 500 else NotSent
        raise kind(f"{channel.host} answers with code {error.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{channel.host} cannot be reached: {type(error).__name__}") from None


def _connected(channel: EmailChannel, context: ssl.SSLContext) -> smtplib.SMTP:
    if channel.security == "tls":
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(channel.host, channel.port, timeout=TIMEOUT_SECONDS)


def _html(message: Message) -> str:
    parts = []
    for told in message.told:
        rest = "".join(f"<p>{escape(sentence)}</p>" for sentence in told.sentences)
        link = f'<p><a href="{escape(told.link)}">{escape(told.alert_id)}</a>, {told.severity}</p>'
        parts.append(f"<h2>{escape(told.headline)}</h2>{rest}{link}")
    head = f"<h1>{escape(message.title)}</h1>" if message.day is not None else ""
    return f'<!doctype html><html lang="en"><body>{head}{"".join(parts)}</body></html>'
