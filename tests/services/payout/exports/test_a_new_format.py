"""Adding a payroll format or one of the books takes one module and nothing else: it is found, set by a policy,
documented, and written.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]

PAYROLL_FORMAT = '''
"""Wageworks: a text of columns between bars, for one site."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.payout.exports.files import Dialect
from services.payout.payroll.formats.base import Column, PayrollFormat, fixed, of_line
from services.payout.payroll.formats.cells import Code, Day, Money


class Wageworks(PayrollFormat):
    """One row per line."""

    dialect: ClassVar[Dialect] = Dialect(delimiter="|", quoting="none")
    extension: ClassVar[str] = "txt"

    format: Literal["wageworks"] = "wageworks"
    site: str = Field(pattern="^[0-9]{3}$")
    """Wageworks' number of the company."""

    def layout(self) -> tuple[Column, ...]:
        return (
            fixed("SITE", self.site),
            of_line("EMP", "payroll_id", cell=Code(longest=6)),
            self.code_column("CODE"),
            self.amount_column("AMOUNT", cell=Money()),
            of_line("PAID", "pay_date", cell=Day(pattern="YYYYMMDD")),
        )
'''

JOURNAL_FORMAT = '''
"""Bookworks: a table of accounts and amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.payout.exports.files import Dialect
from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats.base import Fault, JournalFormat, currency_faults, lines_of
from shared.money import major_text
from shared.pay.policy import PolicyPart


class Settings(PolicyPart):
    currency: str = "USD"
    """The only currency of the books."""


def check(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    yield from currency_faults(entries, settings.currency)


def write(entries: Sequence[JournalEntry], _: Settings) -> bytes:
    rows = [(entry.id, line.account, major_text(line.amount, entry.currency)) for entry, _, line in lines_of(entries)]
    return Dialect(delimiter=";").encode(rows)


FORMATS = (
    JournalFormat(
        name="bookworks",
        title="Bookworks",
        suffix="txt",
        media_type="text/plain",
        settings=Settings,
        check=check,
        write=write,
    ),
)
'''

SCRIPT = """
import hashlib
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from services.payout.gl import routes as gl
from services.payout.gl.batch import write_files
from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.payroll.batch import by_entity, write
from services.payout.payroll.errors import LinesRefused
from services.payout.payroll.line import BatchHeader, PayrollLine, ReleasedRun
from services.payout.policies import routes as policies
from services.payout.policies.kinds import policy_of
from shared import web
from shared.settings import Settings

day = date(2026, 6, 30)
keys = Path(sys.argv[1])
key = {"name": "dana", "sha256": hashlib.sha256(b"key").hexdigest(), "scopes": ["earnings:read", "gl:read"]}
keys.write_text(json.dumps([key]))
settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=keys)
app = web.create_app("Payout", "", settings=settings, ready=list, routers=[policies.router, gl.router])
client = TestClient(app, headers={"authorization": "Bearer key"})
profile = policy_of({
    "kind": "payroll_profile",
    "id": "site-7",
    "valid_from": "2026-01-01",
    "file": {"format": "wageworks", "site": "007", "currency": "USD", "pay_codes": {"commission": "C"}},
})
run = ReleasedRun(id="run-1", pay_group="sales", period="2026-06", period_end=day, pay_date=day)
head = BatchHeader(batch="run-1", number=1, run=run, created_at=datetime(2026, 7, 1, tzinfo=UTC))


def line(payroll_id):
    return PayrollLine(
        id="l", participant_id="ada", currency="USD", amount=123456, period="2026-06", pay_period_start=day,
        pay_period_end=day, pay_date=day, payroll_id=payroll_id,
    )


(part,), _ = by_entity([line("417")], profile)
batch = write(part.target, part.lines, head=head)
try:
    write(part.target, [line("4170000")], head=head)
except LinesRefused as refused:
    rejected = refused.rejected
book = policy_of({
    "kind": "gl_accounts",
    "id": "default",
    "valid_from": "2026-01-01",
    "accounts": [],
    "format": "bookworks",
    "formats": {"bookworks": {"currency": "EUR"}},
})
entry = JournalEntry(
    id="2606-1-01", day=day, entity="", period="2026-06", origin="2026-06", currency="EUR", kind="accrual",
    family="pay", lines=(EntryLine("6000", 500, "earned"), EntryLine("2000", -500, "payable")),
)
(posted,) = write_files([entry], book, format_name=None, stem="gl-2026-06-1")
print(json.dumps({
    "profile": client.get("/v1/policy-kinds/payroll_profile/schema").json()["$defs"]["Wageworks"]["properties"]["site"],
    "formats": [form for form in client.get("/v1/gl/formats").json()["formats"] if form["name"] == "bookworks"],
    "payroll": [batch.files[0].name, batch.files[0].content.decode(), json.loads(batch.manifest)["format"]],
    "rejected": rejected,
    "posted": [posted.name, posted.content.decode()],
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the packages, with one module more for payroll and one for the books, says and writes."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("shared", "services/payout"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "services" / "__init__.py", folder / "services")
    (folder / "services/payout/payroll/formats/wageworks.py").write_text(PAYROLL_FORMAT)
    (folder / "services/payout/gl/formats/bookworks.py").write_text(JOURNAL_FORMAT)
    command = [sys.executable, "-c", SCRIPT, str(folder / "keys.json")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_payroll_format_is_one_module(said: dict[str, Any]) -> None:
    content = "SITE|EMP|CODE|AMOUNT|PAID\r\n007|417|C|1234.56|20260630\r\n"
    assert said["payroll"] == ["run-1.txt", content, "wageworks/1"]
    assert [(each["field"], each["code"]) for each in said["rejected"]] == [("payroll_id", "too_long")]


def test_the_settings_of_a_payroll_format_are_in_the_schema_of_its_policy(said: dict[str, Any]) -> None:
    assert said["profile"]["description"] == "Wageworks' number of the company."
    assert said["profile"]["pattern"] == "^[0-9]{3}$"


def test_a_format_of_the_books_is_one_module(said: dict[str, Any]) -> None:
    assert said["posted"] == ["gl-2026-06-1.txt", "2606-1-01;6000;5.00\r\n2606-1-01;2000;-5.00\r\n"]


def test_a_format_of_the_books_is_listed_with_its_settings(said: dict[str, Any]) -> None:
    (form,) = said["formats"]
    assert (form["title"], form["media_type"]) == ("Bookworks", "text/plain")
    assert form["settings"]["properties"]["currency"]["description"] == "The only currency of the books."
