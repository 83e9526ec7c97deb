"""What credits nobody is counted by its reason, once for each change, and is mended by the roster."""

from __future__ import annotations

from prometheus_client import REGISTRY

from tests.services.scoring.conftest import Road
from tests.services.scoring.test_scoring_steps import WON, credited, reasons


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("earnest_scoring_skipped_total", {"reason": reason}) or 0


def test_a_share_that_credits_nobody_is_counted_when_the_deal_changes(company: Road) -> None:
    before = counted("unknown_participant")
    company.deal("d1", owner="newcomer", **WON)
    company.drain()
    assert reasons(company, "d1") == {("newcomer", "unknown_participant")}
    assert counted("unknown_participant") == before + 1
    company.deal("d2", owner="ann", **WON)
    company.drain()
    assert counted("unknown_participant") == before + 1


def test_a_manager_who_is_unknown_is_named_until_the_roster_has_them(company: Road) -> None:
    before = counted("unknown_manager")
    company.person("cy", "2025-02-01", manager="boss")
    company.deal("d1", owner="ann", **WON)
    company.drain()
    assert reasons(company, "d1") == {("boss", "unknown_manager")}
    assert credited(company, "d1").keys() == {"ann", "bob", "cy"}
    assert counted("unknown_manager") == before + 1
    company.person("boss", "2025-03-01", plan="rep")
    company.drain()
    assert reasons(company, "d1") == set()
    assert credited(company, "d1").keys() == {"ann", "bob", "cy", "boss"}
