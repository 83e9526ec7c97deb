"""Every edit of what access chains is told."""

from __future__ import annotations

from sqlalchemy import Engine

from services.access.tables import CHAIN, CHAINED
from shared.proof.signing import Signer
from tests.owner_edits import assert_every_edit_is_told


def test_every_edit_of_a_chained_table_is_told(access_engine: Engine, signer: Signer) -> None:
    assert_every_edit_is_told(access_engine, CHAIN, tables=CHAINED, signer=signer)
