"""Every command that README and docs show runs as it is written, and comes out as they say: one reader goes through all
pages, beside the demo company that they are about.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pysequoia
import pytest
import yaml

from earnest.local.home import Home
from services.payout.policies.kinds import policy_of
from shared.kernel.plan.exact_yaml import read_yaml
from tests.command_line import earnest
from tests.earnest.company.conftest import Played
from tests.earnest.company.reader import PAGES, ROOT, SHELLS, Reader, blocks, flat, is_shown
from tests.services.payout.delivery.sftp_drop import Drop, provider

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

JUNE: Final = "run-2026-06-1"
DISCOUNT: Final = "average_discount.USD.1"
IN_ORDER: Final = (
    "README", "audit", "finance", "rep", "general-ledger", "delivery", "policies", "integrator", "kpi-drift", "analyst",
    "ops", "contract-costs", "payment-terms", "mapping",
)  # fmt: skip
"""The pages with commands, so that each finds what those before it did to the company: June is paid by finance.md, and
analyst.md writes KPIs that the service would have to be started again for.
"""
ELSEWHERE: Final = {
    "make up": "plays the company: what all of this runs beside was played by the same function",
    ".venv/bin/earnest --home .earnest-demo demo": "plays it again",
    "make kafka": "fetches a Java and Apache Kafka and plays it again: tests/earnest/local/test_kafka.py runs on them",
    "make test": "these tests",
    "make bench": "ten minutes: tests/benchmarks runs each part with little data",
    "git clone": "these files",
    ".venv/bin/earnest bench drift --company": "a quarter of an hour: test_drift_of_companies.py lives through some",
    ".venv/bin/earnest import DATA": "into an installation of its own: tests/earnest/imports/test_import_crm_export.py",
}
"""What does not run here, and why."""


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    """The SFTP server of the payroll provider in delivery.md."""
    with provider(tmp_path) as running:
        yield running


def test_every_command_of_the_pages_runs_as_it_is_written_and_prints_what_they_show(
    played: Played, drop: Drop, server_folder: Path, shared_folder: Path
) -> None:
    folder = Path(mkdtemp(prefix="pages-", dir=server_folder))
    folder.chmod(0o755)
    reader = Reader(folder, played.system.home.path, played.system.urls, elsewhere=ELSEWHERE)
    reader.replaced |= stand_ins(drop, played.system.home)
    (folder / "data").symlink_to(shared_folder / "data")
    pages = {page.stem: page for page in PAGES}
    for name in IN_ORDER:
        reader.read(pages[name])
        if name == "README":
            reader.replaced |= {JUNE: anew(played, folder), DISCOUNT: of_discount(played)}
    assert reader.failed == [], "\n\n".join(reader.failed)
    arrived = {f"run-2026-05-1.csv.pgp{ending}" for ending in ("", ".sha256")}
    assert arrived <= {file.name for file in (drop.folder / "inbound").iterdir()}
    assert {begin for begin in ELSEWHERE if not any(left.startswith(begin) for left in reader.left_out)} <= {
        "git clone"
    }


def stand_ins(drop: Drop, home: Home) -> dict[str, str]:
    """A provider of payroll that is here, with the keys that delivery.md asks for."""
    [key] = drop.policy().host_keys
    (drop.folder / "inbound").mkdir()
    keys = home.deliveries / "adp-drop"
    shutil.copytree(drop.secrets / "drop", keys)
    shutil.copy(drop.secrets / "known_hosts", home.deliveries)
    ours, theirs = (pysequoia.Tsk.generate(name) for name in ("pay@fernhill.example", "payroll@provider.example"))
    (keys / "signing_key.asc").write_bytes(bytes(ours))
    (keys / "recipient.asc").write_bytes(bytes(theirs.extract_certificate()))
    [said] = re.findall(r"^  - (ssh-ed25519 \S+)$", (ROOT / "docs" / "delivery.md").read_text(), re.MULTILINE)
    return {"host: sftp.payroll.example": f"host: 127.0.0.1\nport: {drop.port}", said: key, "DATA/": "../data/"}


def anew(played: Played, folder: Path) -> str:
    """Take back the run that README makes, for finance.md makes it too; the name of the next one."""
    [run] = [run["id"] for run in played.get("payout", "/v1/runs")["runs"] if run["state"] == "calculated"]
    assert earnest("payout", "cancel", run, folder=folder / "README").returncode == 0
    stem, _, number = run.rpartition("-")
    return f"{stem}-{int(number) + 1}"


def of_discount(played: Played) -> str:
    """The alert that the discounts of the whole company drift; its number depends on what was found before it."""
    found = played.get("alerts", "/v1/alerts?kpi=average_discount")["alerts"]
    [alert] = [
        one for one in found if one["detector"] == "drift" and one["dimension"] is None and one["state"] != "resolved"
    ]
    return str(alert["alert_id"])


def test_the_summary_of_the_play_that_readme_shows_is_what_it_prints(played: Played) -> None:
    [shown] = [block.text for block in blocks(ROOT / "README.md") if block.text.startswith("Fernhill Instruments")]
    said = flat(played.said.replace("\n", " ")).replace(f"{played.system.home.path}/", ".earnest/")
    for line in shown.splitlines():
        assert is_shown(line, said), line


def test_every_block_says_what_it_is_and_every_page_with_commands_is_read() -> None:
    for page in PAGES:
        for block in blocks(page):
            bare = re.search(r"(?m)(^(?:\$ )?|[|&;(] ?)(?:earnest|python) .*", block.text)
            assert block.language not in SHELLS or bare is None, f"{page.name}:{block.line}: {bare}"
        languages = {block.language for block in blocks(page)}
        assert "" not in languages, page.name
        assert not re.search(r"^ {4}(?:\.venv/bin/)?earnest ", page.read_text(), re.MULTILINE), page.name
        if languages & {"sh", "console"} and page.stem != "CONTRIBUTING":
            assert page.stem in IN_ORDER, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_data_that_a_page_shows_can_be_read(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "csv":
            rows = block.text.splitlines()
            widths = {len(row) for row in csv.reader(rows, delimiter=";" if ";" in rows[0] else ",")}
            assert len(widths) == 1, f"line {block.line}: rows of {sorted(widths)} cells"
        elif block.language == "yaml":
            found = read_yaml(block.text)
            if isinstance(found, dict) and {"kind", "id", "valid_from"} <= found.keys():
                policy_of(yaml.safe_load(block.text))
