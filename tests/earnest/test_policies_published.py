"""Policies from the command line to an installation that runs, and the policies of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earnest.local.system import System
from earnest.policies import check_text
from tests import command_line

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples" / "pay"


def test_a_pay_group_is_published_once_shown_and_its_calendar_read(system: System) -> None:
    def earnest(*arguments: str | Path) -> tuple[int, str]:
        environment = {"EARNEST_HOME": str(system.home.path), "COLUMNS": "200"}
        done = command_line.earnest(*arguments, environment=environment)
        return done.returncode, done.stdout + done.stderr

    file = EXAMPLES / "us-semi-monthly.yaml"
    code, proposed = earnest("policy", "publish", file, "--reason", "twice a month")
    assert (code, "Next, by somebody else: earnest change approve 1 --as NAME" in proposed) == (0, True), proposed
    assert earnest("policy", "list", "--kind", "pay_group")[1].startswith("There is no policy")
    code, refused = earnest("change", "approve", "1", "--as", "analyst")
    assert (code, "does not have the scope changes:approve" in refused) == (1, True), refused
    assert "pay_group/us-sales" in earnest("change", "list")[1]
    approved = (0, "change 1: policy pay_group/us-sales is approved by frank\n")
    assert earnest("change", "approve", "1", "--as", "frank") == approved
    assert earnest("change", "list")[1].startswith("No change waits")
    told = (0, "pay_group us-sales version 1, from 2026-01-01 on, by analyst: twice a month\n")
    assert earnest("policy", "publish", file, "--reason", "again") == told
    code, refused = earnest("policy", "publish", file, "--reason", "no right to", "--as", "frank")
    assert (code, "does not have the scope terms:write" in refused) == (1, True), refused
    assert earnest("policy", "publish", file)[0] == 2, "a reason is mandatory"
    typo = system.home.path / "typo.yaml"
    typo.write_text(file.read_text().replace("id: us-sales", "id: typo") + "payroll_profile: adpp\n")
    code, refused = earnest("policy", "publish", typo, "--reason", "a slip")
    assert (code, "payroll_profile: there is no payroll profile adpp" in refused) == (1, True), refused
    typo.write_text("{kind: payment_terms, id: t, valid_from: 2026-01-01, currency: USD, applies_to: {plans: [nope]}}")
    code, refused = earnest("policy", "publish", typo, "--reason", "a slip")
    assert (code, "there is no plan nope: there are no plans yet" in refused) == (1, True), refused
    assert earnest("policy", "publish", typo, "--reason", "nope comes tomorrow", "--expected")[0] == 0
    typo.write_text(typo.read_text().replace("plans: [nope]", "pay_groups: [us-sales]"))
    code, told_of = earnest("policy", "publish", typo, "--reason", "nobody is there yet")
    nobody = "Warning: applies_to.pay_groups: nobody is in the pay group us-sales from 2026-01-01 on"
    assert (code, told_of.splitlines()[1:]) == (0, [nobody]), told_of
    code, listed = earnest("policy", "list", "--kind", "pay_group")
    assert (code, "us-sales" in listed, "twice a month" in listed) == (0, True, True), listed
    code, shown = earnest("policy", "show", "pay_group", "us-sales", "--on", "2026-06-30")
    assert (code, shown.startswith("# * pay_group us-sales version 1")) == (0, True), shown
    assert check_text(shown, "shown")[1] == []
    code, calendar = earnest("calendar", "show", "us-sales", "--year", "2026")
    assert (code, "2026-06-B" in calendar, "2026-07-02" in calendar) == (0, True, True), calendar
    code, refused = earnest("payout", "deliver", "run-2026-06-1", "--to", "nowhere")
    assert (code, "there is no delivery nowhere" in refused) == (1, True), refused


@pytest.mark.parametrize("page", ["policies.md", "delivery.md", "payroll-files.md"])
def test_the_policies_in_the_documentation_hold(page: str) -> None:
    text = (REPOSITORY / "docs" / page).read_text()
    found = [block for block in re.findall(r"```yaml[^\n]*\n(.*?)```", text, re.DOTALL) if block.startswith("kind:")]
    assert found
    for block in found:
        assert [each.finding.message for each in check_text(block, page)[1]] == []
