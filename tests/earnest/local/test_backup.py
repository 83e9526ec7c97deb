"""A backup is everything: restored into an empty folder, the installation verifies identically and has what it had."""

from __future__ import annotations

import json
import stat
import tarfile
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest

from earnest.client import Client
from earnest.local.home import Home
from earnest.local.system import PORTS, running_system
from tests.command_line import earnest

PLAN = """\
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: commission, kind: flat, measure: bookings, rate: 5%}]
"""


def write_backup(file: Path, *, digest: str) -> None:
    """A backup whose database is no dump."""
    folder = file.with_name("inside")
    folder.mkdir()
    (folder / "database.dump").write_text("x")
    manifest = {"form": 1, "earnest": "0", "at": "2025-01-01", "roles": [], "sha256": {"database.dump": digest}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(file, "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, arcname=path.name)


@pytest.mark.long
def test_a_backup_of_what_runs_is_restored_and_verifies_identically(
    server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [Home(Path(mkdtemp(prefix=f"backup-{place}-", dir=server_folder))) for place in (1, 2)]
    for home in homes:
        home.path.chmod(0o755)
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "roster.csv").write_text("participant_id,plan\nann,rep\n")
    (tmp_path / "deals.csv").write_text("deal_id,owner,amount,close_date\nD1,ann,1000,2025-01-15\n")

    def run(home: Home, *words: object) -> str:
        done = earnest("--home", home.path, *words, folder=tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    monkeypatch.setenv("EARNEST_TIME_ZONE", "Asia/Tokyo")
    with running_system(homes[0]):
        run(homes[0], "plan", "publish", "plan.yaml")
        run(homes[0], "roster", "load", "roster.csv")
        run(homes[0], "deals", "load", "deals.csv")
        (homes[0].sources / "acme.secret").write_text("whsec_x")
        (homes[0].company).write_text("Acme")
        (homes[0].files / "statements").mkdir(mode=0o700)
        (homes[0].files / "statements" / "ann.json").write_text("{}")
        condition = json.loads(run(homes[0], "status", "--json"))
        assert [service["ready"] for service in condition["services"]] == [True] * len(PORTS)
        assert set(condition["behind"].values()) == {0}
        assert condition["since"]
        run(homes[0], "anchor", "--out", "anchor.json")
        run(homes[0], "backup", "all.backup")
        # What comes in afterwards is not in it.
        (tmp_path / "more.csv").write_text("deal_id,owner,amount,close_date\nD2,ann,500,2025-01-16\n")
        run(homes[0], "deals", "load", "more.csv")
        key = homes[0].key("analyst")
    assert stat.S_IMODE((tmp_path / "all.backup").stat().st_mode) == 0o600
    assert "is there already" in earnest("--home", homes[0].path, "backup", "all.backup", folder=tmp_path).stderr
    assert "choose an empty folder" in earnest("--home", homes[0].path, "restore", "all.backup", folder=tmp_path).stderr
    assert "not ready: it does not answer" in earnest("--home", homes[0].path, "status", folder=tmp_path).stdout

    # Nothing has to run, and no folder to be there, for whoever has a backup and an anchor.
    proved = run(Home(tmp_path / "nowhere"), "verify", "--backup", "all.backup", "--anchor", "anchor.json")
    assert proved.count("identical") == 6
    anchor = (tmp_path / "anchor.json").read_text()
    head = json.loads(anchor)["heads"][0]["sha256"]
    (tmp_path / "anchor.json").write_text(anchor.replace(head, "0" * 64))
    done = earnest("verify", "--backup", "all.backup", "--anchor", "anchor.json", folder=tmp_path)
    assert done.returncode == 1
    assert "was rewritten" in " ".join(done.stdout.split())

    run(homes[1], "restore", "all.backup")
    for name in ("keys", "sources", "files", "files/statements"):
        assert stat.S_IMODE((homes[1].path / name).stat().st_mode) == 0o700, name
    monkeypatch.delenv("EARNEST_TIME_ZONE")
    with running_system(homes[1]) as system:
        assert system.settings.time_zone == "Asia/Tokyo"
        assert "identical" in run(homes[1], "verify")
        earnings = Client(homes[1], system.settings).get(
            "/v1/participants/ann/earnings", who="analyst", service="scoring"
        )
        assert [each["amount"] for each in earnings["earnings"]] == ["50.00"]
        assert run(homes[1], "plan", "get", "rep@1") == PLAN
        assert homes[1].key("analyst") == key
        assert (homes[1].sources / "acme.secret").read_text() == "whsec_x"
        assert homes[1].company.read_text() == "Acme"
        run(homes[1], "deals", "load", "more.csv")


@pytest.mark.parametrize("broken", ["text", "cut", "changed"])
def test_a_file_that_is_no_whole_backup_restores_nothing(tmp_path: Path, broken: str) -> None:
    file, home = tmp_path / "a.backup", tmp_path / "home"
    write_backup(file, digest="0" * 64)
    if broken != "changed":
        file.write_bytes(file.read_bytes()[:60] if broken == "cut" else b"no backup")
    done = earnest("--home", home, "restore", file)
    assert done.returncode == 1
    assert ("is not whole" if broken == "changed" else "is no backup") in done.stderr
    assert not (home / "keys.json").exists()


def test_a_restore_that_fails_removes_what_it_made_and_nothing_that_was_there(
    server_folder: Path, tmp_path: Path
) -> None:
    home = Home(Path(mkdtemp(prefix="restore-", dir=server_folder)))
    home.path.chmod(0o755)
    (home.path / "mine").mkdir()
    (home.path / "mine" / "notes.txt").write_text("mine")
    write_backup(tmp_path / "a.backup", digest=sha256(b"x").hexdigest())
    done = earnest("--home", home.path, "restore", tmp_path / "a.backup")
    assert done.returncode == 1
    assert "pg_restore failed" in done.stderr
    assert {path.name for path in home.path.iterdir()} == {"lock", "mine"}
    assert (home.path / "mine" / "notes.txt").read_text() == "mine"


def test_where_nothing_is_there_is_nothing_to_back_up_and_no_status(tmp_path: Path) -> None:
    for words in (("backup", tmp_path / "a.backup"), ("status",)):
        done = earnest("--home", tmp_path / "none", *words)
        assert done.returncode == 1
        assert "none" in done.stderr
        assert "Traceback" not in done.stderr
