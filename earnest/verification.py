"""Everything that proves an installation: what is computed again from the log, the log itself, chains, and anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from services.access import verify as access
from services.alerts import verify as alerts
from services.alerts.kpis import load
from services.payout import verify as payout
from services.scoring import verify as scoring
from shared.contracts.topics import ROAD, with_dead_letters
from shared.database import database_url, engine_for
from shared.log import checkpoints
from shared.log.open import open_log
from shared.proof import anchor as anchoring
from shared.proof.anchor import Anchor
from shared.proof.chain import sign_commits
from shared.proof.head import Head
from shared.proof.signing import Signer
from shared.settings import Settings

Progress = Callable[[str, int | None, int | None], object]
"""Called with what is looked at, and how much of how much of it is done, where that is known."""

CHAINS: Final[Mapping[str, Callable[[Connection, str | None], list[str]]]] = {
    "log": checkpoints.verify_chain,
    "scoring": scoring.verify_chain,
    "payout": payout.verify_chain,
    "alerts": alerts.verify_chain,
    "access": access.verify_chain,
}
"""The chains of an installation by their names, which are those of their schemas."""


class Proof(NamedTuple):
    """What was looked at where, and the differences found."""

    where: str
    what: str
    differences: Sequence[str]


def proofs(settings: Settings, *, anchors: Sequence[Anchor], progress: Progress) -> Iterator[Proof]:
    """Each part of an installation with the differences found; its services have worked off what they were sent.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    signer = Signer.of(settings)
    public_key = signer.public_key if signer else None
    with closing(open_log(settings)) as log, _engines(settings) as engines:
        differences = scoring.verify(engines["scoring"], log, progress=lambda done, due: progress("scoring", done, due))
        yield Proof("scoring", "deals, credits, sums and earnings", differences)
        progress("payout", None, None)
        yield Proof("payout", "what was earned, paid and is owed", payout.verify(engines["payout"], log))
        progress("alerts", None, None)
        differences = alerts.verify(engines["alerts"], log, catalogue=load(settings.kpis_dir))
        yield Proof("alerts", "sums of deals and earnings", differences)
        progress("log", None, None)
        with engines["log"].connect() as connection:
            made = checkpoints.kept(connection)
        differences = list(checkpoints.differences(log, with_dead_letters(ROAD), checkpoints=made, signer=signer))
        yield Proof("log", "every record as it was published", differences)
        progress("chains", None, None)
        with _connections(engines) as connections:
            found = {name: CHAINS[name](connection, public_key) for name, connection in connections.items()}
            yield Proof("chains", ", ".join(CHAINS), [difference for each in found.values() for difference in each])
            if anchors:
                differences = list(anchoring.differences(connections, anchors, public_key=public_key))
                yield Proof("anchors", "heads of chains", differences)


def anchor(settings: Settings) -> Anchor:
    """Make checkpoints at the end of the log, and take the heads of all chains.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with closing(open_log(settings)) as log, _engine(settings, checkpoints.CHAIN) as engine:
        checkpoints.make(engine, log, with_dead_letters(ROAD))
    with _engines(settings) as engines, _connections(engines) as connections:
        heads: list[Head | None] = [anchoring.head(each, name) for name, each in connections.items()]
    signer = Signer.of(settings)
    return Anchor(public_key=signer.public_key if signer else "", heads=tuple(head for head in heads if head))


@contextmanager
def _engine(settings: Settings, chain: str) -> Iterator[Engine]:
    """As the administrator, who may look at everything, and make a schema to compute again in."""
    engine = engine_for(database_url(settings), chain, pool_size=2)
    try:
        yield sign_commits(engine, chain, signer=Signer.of(settings))
    finally:
        engine.dispose()


@contextmanager
def _engines(settings: Settings) -> Iterator[dict[str, Engine]]:
    """The engine of each chain."""
    with ExitStack() as held:
        yield {name: held.enter_context(_engine(settings, name)) for name in CHAINS}


@contextmanager
def _connections(engines: Mapping[str, Engine]) -> Iterator[dict[str, Connection]]:
    """A connection for each chain, that sees one moment."""
    with ExitStack() as held:
        yield {
            name: held.enter_context(engine.connect().execution_options(isolation_level="REPEATABLE READ"))
            for name, engine in engines.items()
        }
