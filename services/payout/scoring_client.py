"""Scoring as payout asks it, over HTTP: the lines of months, and what became of deals. Whatever else answers the same
may stand in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import httpx
import polars as pl

from shared.contracts.lines import MEDIA_TYPE, NotLines, checked
from shared.pay.deal_facts import DealHistory, Remarked, Uncredited, history_as_scored
from shared.periods import Month
from shared.problems import Unavailable
from shared.settings import Settings

WAIT: Final = httpx.Timeout(10, read=300)
"""Seconds: a month of everyone takes scoring a while before its first byte."""

DEALS_TOGETHER: Final = 1000
"""Deals that one request asks about."""
MOST_PAGES: Final = 10
"""More deals than on so many pages are not looked through one by one: whoever approves sees that something is wrong."""


class LineSource(Protocol):
    """Gives lines: a table as `shared.contracts.lines.SCHEMA` says, one row per participant."""

    def of(self, period: Month, participants: Sequence[str] | None) -> pl.DataFrame:
        """The lines of a month, of those who are named or of everyone.

        Raises:
            LinesUnavailable: they cannot be had at the moment.
        """
        ...


class LinesUnavailable(Unavailable):
    """Scoring does not give lines: nothing that pays can be calculated until it does."""

    type = "lines-unavailable"
    title = "Scoring does not give the lines of earnings"


class ScoringClient:
    """What scoring knows. The key is read for each request, so that it can be replaced while payout runs."""

    def __init__(
        self, url: str, key_file: Path | None, *, zone: ZoneInfo, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url, self._key_file, self._zone = url, key_file, zone
        self._http = httpx.Client(base_url=url, timeout=WAIT, transport=transport)

    @staticmethod
    def from_settings(settings: Settings) -> ScoringClient:
        """Those of the installation."""
        return ScoringClient(settings.scoring_url, settings.client_key_file, zone=settings.zone)

    def of(self, period: Month, participants: Sequence[str] | None) -> pl.DataFrame:
        """The lines of a month, checked.

        Raises:
            LinesUnavailable: scoring does not answer, refuses, or answers with something else.
        """
        headers = {"authorization": f"Bearer {self._key()}", "accept": MEDIA_TYPE}
        asked: dict[str, Any] = {"params": {"period": period}}
        if participants is not None:
            asked = {"json": {"period": period, "participants": list(participants)}}
        method = "GET" if participants is None else "POST"
        into = BytesIO()
        try:
            with self._http.stream(method, "/v1/lines", headers=headers, **asked) as answer:
                if answer.status_code != HTTPStatus.OK:
                    raise LinesUnavailable(f"scoring refuses: {_reason(answer)}")
                for part in answer.iter_bytes():
                    into.write(part)
        except httpx.HTTPError as error:
            raise LinesUnavailable(f"scoring does not answer at {self._url}: {type(error).__name__}") from None
        try:
            return checked(pl.read_ipc_stream(into.getvalue()))
        except (NotLines, pl.exceptions.PolarsError, OSError) as error:
            what = str(error) if isinstance(error, NotLines) else "it is no Arrow stream"
            raise LinesUnavailable(f"what scoring answers is not what was agreed: {what}") from None

    def facts(self, deals: Sequence[str]) -> dict[str, DealHistory]:
        """What became of deals, those that scoring knows.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        histories: dict[str, DealHistory] = {}
        for deal in self._of_deals(deals, "deals"):
            if (history := history_as_scored(deal["facts"], self._zone)) is not None:
                histories[deal["deal_id"]] = history
        # Who shares in a deal is asked only where something of it may be taken back: of few, and it is much to send.
        lost = [deal_id for deal_id, deal in histories.items() if deal.refunds or deal.cancelled_on is not None]
        shares = self._shares(lost)
        return histories | {deal_id: histories[deal_id]._replace(shares=shares.get(deal_id, {})) for deal_id in lost}

    def known(self, deals: Sequence[str]) -> set[str]:
        """Which of these deals there are, won or not.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        return {deal["deal_id"] for deal in self._of_deals(deals, "deals")}

    def plans(self) -> set[str]:
        """The plans that are published.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        return set(self._json("GET", "/v1/plans")["plans"])

    def paid_less(self, as_of: date) -> list[str]:
        """Deals of which a payment was ever taken back, and that are not paid in full by a day.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        deals: list[str] = self._json("GET", "/v1/paid-less", params={"as_of": as_of.isoformat()})["deals"]
        return deals

    def quarantined(self) -> dict[str, str]:
        """By participant the plan version that is set aside, and with which nothing of theirs is calculated at the
        moment.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        return {
            who: f"{version['plan']}@{version['version']}"
            for version in self._json("GET", "/v1/quarantine")["quarantined"]
            for who in version["participants"]
        }

    def remarks(self, period: Month) -> list[Remarked]:
        """What of roster, plans and deals looks like a slip and moves the pay of a month.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        remarks = self._json("GET", "/v1/remarks", params={"period": period})["remarks"]
        return [Remarked(remark["kind"], remark["participant_id"], remark["message"]) for remark in remarks]

    def uncredited(self, period: Month) -> list[Uncredited]:
        """Won deals of a month, or without a close date, whose shares do not sum to the whole, the first by id: at most
        `MOST_PAGES` pages of them.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        uncredited: list[Uncredited] = []
        asked: dict[str, Any] = {"period": period, "limit": DEALS_TOGETHER}
        for _ in range(MOST_PAGES):
            page = self._json("GET", "/v1/uncredited", params=asked)
            uncredited += [
                Uncredited(deal["deal_id"], deal["participant_id"], deal["reason"], about=deal["rule_skipped"]["about"])
                for deal in page["uncredited"]
            ]
            if page["next"] is None:
                break
            asked["after"] = page["next"]
        return uncredited

    def _shares(self, deals: Sequence[str]) -> dict[str, dict[tuple[str, Month], dict[str, int]]]:
        """By deal, participant and month the share by each crediting rule, in millionths of a percent."""
        shares: dict[str, dict[tuple[str, Month], dict[str, int]]] = {}
        for share in self._of_deals(deals, "shares"):
            by_rule = shares.setdefault(share["deal_id"], {}).setdefault((share["participant_id"], share["period"]), {})
            by_rule[share["rule"]] = int(Decimal(share["share_percent"]).scaleb(6))
        return shares

    def _of_deals(self, deals: Sequence[str], what: str) -> Iterator[Any]:
        for start in range(0, len(deals), DEALS_TOGETHER):
            asked = {"deals": list(deals[start : start + DEALS_TOGETHER])}
            yield from self._json("POST", f"/v1/{what}", json=asked)[what]

    def _json(self, method: str, path: str, **asked: Any) -> Any:
        try:
            answer = self._http.request(method, path, headers={"authorization": f"Bearer {self._key()}"}, **asked)
        except httpx.HTTPError as error:
            raise LinesUnavailable(f"scoring does not answer at {self._url}: {type(error).__name__}") from None
        if answer.status_code != HTTPStatus.OK:
            raise LinesUnavailable(f"scoring refuses: {_reason(answer)}")
        return answer.json()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _key(self) -> str:
        if self._key_file is None:
            raise LinesUnavailable("no key for scoring is set: EARNEST_CLIENT_KEY_FILE names the file that holds it")
        try:
            return self._key_file.read_text().strip()
        except OSError as error:
            raise LinesUnavailable(
                f"the key for scoring, {self._key_file.name}, cannot be read: {error.strerror}"
            ) from None


def _reason(answer: httpx.Response) -> str:
    try:
        answer.read()
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {answer.status_code}"
