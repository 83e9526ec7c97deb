"""Every edit of what scoring chains is told."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from services.scoring.tables import CHAIN, CHAINED
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer, make_key
from tests.owner_edits import fill, noted, unbind, unnoticed


def test_every_edit_of_a_chained_table_is_told(administrator: Engine, tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    signer = Signer.read(tmp_path / "key.pem")
    sign_commits(administrator, CHAIN, signer=signer)
    with administrator.begin() as connection:
        assert noted(connection) == set(CHAINED)
        for table in CHAINED:
            unbind(connection, table)
            fill(connection, table)
    missed, _ = unnoticed(administrator, CHAIN, tables=CHAINED, signer=signer)
    assert missed == []
