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
        scored_deals = {deal["deal_id"]: history_as_scored(deal["facts"], self._zone) for deal in self._deals(deals)}
        found = {deal_id: fact for deal_id, fact in scored_deals.items() if fact is not None}
        lost = [deal_id for deal_id, fact in found.items() if fact.refunds or fact.cancelled_on is not None]
        shares = self._shares(lost)
        return found | {deal_id: found[deal_id]._replace(shares=shares.get(deal_id, {})) for deal_id in lost}

    def known(self, deals: Sequence[str]) -> set[str]:
        """Which of these deals there are, won or not.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        return {deal["deal_id"] for deal in self._deals(deals)}

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
        found: list[str] = self._json("GET", "/v1/paid-less", params={"as_of": as_of.isoformat()})["deals"]
        return found

    def quarantined(self) -> dict[str, str]:
        """By participant the plan version that is set aside, and with which nothing of theirs is calculated at the
        moment.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        return {
            who: f"{each['plan']}@{each['version']}"
            for each in self._json("GET", "/v1/quarantine")["quarantined"]
            for who in each["participants"]
        }

    def remarks(self, period: Month) -> list[Remarked]:
        """What of roster, plans and deals looks like a slip and moves the pay of a month.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        found = self._json("GET", "/v1/remarks", params={"period": period})["remarks"]
        return [Remarked(each["kind"], each["participant_id"], each["message"]) for each in found]

    def uncredited(self, period: Month) -> list[Uncredited]:
        """Won deals of a month, or without a close date, whose shares do not sum to the whole, the first by id: at most
        `MOST_PAGES` pages of them.

        Raises:
            LinesUnavailable: scoring does not answer, or refuses.
        """
        found: list[Uncredited] = []
        asked: dict[str, Any] = {"period": period, "limit": DEALS_TOGETHER}
        for _ in range(MOST_PAGES):
            page = self._json("GET", "/v1/uncredited", params=asked)
            found += [
                Uncredited(each["deal_id"], each["participant_id"], each["reason"], about=each["rule_skipped"]["about"])
                for each in page["uncredited"]
            ]
            if page["next"] is None:
                break
            asked["after"] = page["next"]
        return found

    def _deals(self, deals: Sequence[str]) -> Iterator[Any]:
        return self._of_deals(deals, "deals")

    def _shares(self, deals: Sequence[str]) -> dict[str, dict[tuple[str, Month], dict[str, int]]]:
        found: dict[str, dict[tuple[str, Month], dict[str, int]]] = {}
        for each in self._of_deals(deals, "shares"):
            of_one = found.setdefault(each["deal_id"], {}).setdefault((each["participant_id"], each["period"]), {})
            of_one[each["rule"]] = int(Decimal(each["share_percent"]).scaleb(6))
        return found

    def _of_deals(self, deals: Sequence[str], what: str) -> Iterator[Any]:
        for start in range(0, len(deals), DEALS_TOGETHER):
            yield from self._json("POST", f"/v1/{what}", json={"deals": list(deals[start : start + DEALS_TOGETHER])})[
                what
            ]

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
