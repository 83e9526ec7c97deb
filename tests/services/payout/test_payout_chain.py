"""Every kind of edit by the owner of the database, played against a company that was paid, and each is told."""

from __future__ import annotations

from sqlalchemy import Engine, text

from services.payout.tables import CHAIN, CHAINED
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.proof.verify import differences
from tests.owner_edits import fill, noted, only_added_to, unbind, unnoticed
from tests.services.payout.desk import Book, Desk, earned


def proved(engine: Engine, signer: Signer) -> list[str]:
    with engine.connect() as connection:
        return list(differences(connection, CHAIN, tables=CHAINED, public_key=signer.public_key))


def live(book: Book, desk: Desk) -> None:
    """A month with a hold and its release, a run that is returned, paid, acknowledged and reconciled."""
    book([earned(who, "2025-01", 1, ("USD", amount)) for who, amount in (("ada", 500), ("bob", 900), ("cy", 40))])
    hold = {"id": "h", "scope": "participant", "subject": "cy", "since": "2025-01", "reason": "a dispute"}
    assert desk.post("/v1/holds", "tina", hold).is_success
    assert desk.post("/v1/holds/h/release", "tina", {"on": "2025-01-20", "reason": "it is settled"}).is_success
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    assert desk.post(f"/v1/runs/{run}/return", "frank", {"reason": "look again"}).is_success
    desk.do(run, "calculate", "dana")
    desk.do(desk.release(run)["id"], "export", "dana")


def test_every_edit_of_a_chained_table_is_told(book: Book, desk: Desk, payout_engine: Engine, signer: Signer) -> None:
    live(book, desk)
    # What this company did not come to is written by the service all the same: signed, with whatever values.
    sign_commits(payout_engine, CHAIN, signer=signer)
    with payout_engine.begin() as connection:
        assert noted(connection) == set(CHAINED)
        # A journal's hash is over its postings, and a run over what it pays.
        assert only_added_to(connection) - set(CHAINED) == {"posting", "chain_entry", "chain_link"}
        for table in CHAINED:
            unbind(connection, table)
            fill(connection, table)
    missed, played = unnoticed(payout_engine, CHAIN, tables=CHAINED, signer=signer)
    assert missed == []
    assert played > 63


def test_a_row_that_was_written_past_the_service_is_told(desk: Desk, payout_engine: Engine, signer: Signer) -> None:
    with payout_engine.begin() as connection:
        connection.execute(
            text("""
                insert into hold (id, scope, subject, since, reason, dispute, until_collected, actor, at)
                values ('x', 'participant', 'ada', '2025-01', 'mine', false, false, 'tina', now())""")
        )
    assert proved(payout_engine, signer) == ["hold: 1 changes were not made by the service"]
