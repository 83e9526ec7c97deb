"""Notifications by mail, on a real SMTP server."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from sqlalchemy import Engine, text

from services.alerts.notifications.worker import Declaration, Sender
from tests.services.alerts.notifications.conftest import Write
from tests.services.alerts.notifications.notices import told


class Mailbox:
    """What a real SMTP server has taken."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = ""

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    def known(_: Any, __: Any, ___: Any, ____: Any, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"earnest", b"open sesame"), handled=False)

    box, loop = Mailbox(), asyncio.new_event_loop()

    def talk() -> SMTP:
        return SMTP(box, authenticator=known, auth_required=True, auth_require_tls=False, loop=loop)

    server = loop.run_until_complete(loop.create_server(talk, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield box, server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.close()


def mail_channel(port: int) -> str:
    return (
        f"  mail: {{kind: email, host: 127.0.0.1, port: {port}, security: none, user: earnest, password: smtp,"
        " sender: earnest@example.com}"
    )


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_mail_has_a_text_a_page_and_the_chart(
    declare: Callable[..., Declaration],
    write: Write,
    sends: Callable[..., Sender],
    mailbox: tuple[Mailbox, int],
    tmp_path: Path,
) -> None:
    box, port = mailbox
    (tmp_path / "notifications" / "smtp").write_text("open sesame\n")
    declaration = declare("  dana: {channel: mail, person: dana@example.com}", mail_channel(port))
    write(declaration, told(title="Discount & <b>more</b>\nBcc: eve@example.com"))
    assert sends(declaration, charts=lambda alert_id: b"\x89PNG " + alert_id.encode()).round() == 1
    [mail] = box.mails
    assert mail["to"] == "dana@example.com"
    assert mail["bcc"] is None
    assert mail["subject"].startswith("Discount & <b>more</b> Bcc: eve@example.com in EUR: 25%")
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "What to do: Find who and what is discounted." in plain.get_content()
    assert "Discount &amp; &lt;b&gt;more&lt;/b&gt;" in page.get_content()
    [chart] = mail.iter_attachments()
    assert (chart.get_content_type(), chart.get_filename()) == ("image/png", "average_discount.EUR.1.png")
    assert chart.get_content() == b"\x89PNG average_discount.EUR.1"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(
    ("password", "refuse", "why"),
    [
        ("wrong", "", "refuses: SMTPAuthenticationError"),
        ("open sesame", "550 no such user", "refuses the receiver with code 550"),
        ("open sesame", "451 try later", "refuses the receiver with code 451"),
    ],
)
def test_a_mail_that_is_refused_is_tried_again_and_says_why(
    declare: Callable[..., Declaration],
    write: Write,
    sends: Callable[..., Sender],
    mailbox: tuple[Mailbox, int],
    tmp_path: Path,
    alerts_engine: Engine,
    password: str,
    refuse: str,
    why: str,
) -> None:
    box, port = mailbox
    box.refuse = refuse
    (tmp_path / "notifications" / "smtp").write_text(password)
    declaration = declare("  dana: {channel: mail, person: dana@example.com}", mail_channel(port))
    write(declaration, told())
    sends(declaration).round()
    with alerts_engine.connect() as connection:
        error, settled = connection.execute(text("select error, settled_at from message")).one()
    assert why in error
    assert password not in error
    assert settled is None
    assert box.mails == []
