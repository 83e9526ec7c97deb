"""The general ledger knows what the ledger of pay books."""

from __future__ import annotations

from typing import get_args

from services.payout.gl.journals import FAMILIES
from shared.pay.steps import JournalKind


def test_every_kind_of_journal_goes_into_some_entry() -> None:
    assert set(FAMILIES) == set(get_args(JournalKind))
