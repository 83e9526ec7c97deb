"""A message as Slack's incoming webhooks take it: a text for whoever shows no blocks, and blocks, within their
limits (https://docs.slack.dev/reference/block-kit/blocks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.alerts.notifications.message import Message, Told

MOST_BLOCKS: Final = 50
MOST_OF_A_HEADER: Final = 150
MOST_OF_A_SECTION: Final = 3000
MOST_OF_A_TEXT: Final = 4000
"""Characters. Of the text Slack advises not to write more."""
MOST_OF_ALL_BLOCKS: Final = 12_000
"""Characters of all blocks together: a little more is refused, although nothing says so."""


def slack_message(message: Message) -> dict[str, Any]:
    """The body of the request."""
    blocks: list[dict[str, Any]] = [_header(message.title)]
    room = MOST_OF_ALL_BLOCKS
    for number, told in enumerate(message.told):
        text = _told(told, alone=message.day is None)
        room -= len(text)
        # One block is kept for saying what is left out.
        if room < 0 or len(blocks) == MOST_BLOCKS - 1:
            blocks.append(_section(f"… and {len(message.told) - number} more; `earnest alerts list` shows all"))
            break
        blocks.append(_section(text))
    return {"text": _cut(escaped(message.title), MOST_OF_A_TEXT), "blocks": blocks}


def escaped(text: str) -> str:
    """A text in which nothing is read as a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _told(told: Told, *, alone: bool) -> str:
    sentences: Sequence[str] = told.sentences if alone else [told.headline]
    lines = [*map(escaped, sentences), f"<{told.link}|{told.alert_id}>, {told.severity}"]
    return "\n".join(lines)


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, MOST_OF_A_HEADER)}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, MOST_OF_A_SECTION)}}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
