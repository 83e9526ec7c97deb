"""Every edit of what alerts chains is told."""

from __future__ import annotations

from sqlalchemy import Engine

from services.alerts.tables import CHAIN, CHAINED
from shared.proof.signing import Signer
from tests.owner_edits import assert_every_edit_is_told


def test_every_edit_of_a_chained_table_is_told(administrator: Engine, signer: Signer) -> None:
    assert_every_edit_is_told(administrator, CHAIN, tables=CHAINED, signer=signer)
