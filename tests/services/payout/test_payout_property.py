"""Whatever happens to pay in whatever order: the books balance, nothing is paid twice, and what is closed never
changes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.services.payout.life.company import Company, write_keys
from tests.services.payout.life.pay_life import PayLife
from tests.services.scoring.conftest import scoring_engine

__all__ = ["scoring_engine"]

LONG = os.environ.get("EARNEST_TEST_LONG") == "1"


@pytest.mark.timeout(7200 if LONG else 900)
def test_the_ledger_holds_whatever_happens(
    scoring_engine: Engine, payout_engine: Engine, service_engine: Engine, view_engine: Engine, tmp_path: Path
) -> None:
    write_keys(tmp_path)
    machine = type(
        "PayLife",
        (PayLife,),
        {
            "start": staticmethod(
                lambda: Company(
                    scoring_engine, payout_engine, service=service_engine, view=view_engine, folder=tmp_path
                )
            )
        },
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=300 if LONG else 12,
            stateful_step_count=100 if LONG else 40,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # every step commits: shrinking would take too long
        ),
    )
