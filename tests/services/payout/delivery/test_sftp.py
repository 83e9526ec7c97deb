"""The SFTP drop: whole or not at all, once, to the right server only, against asyncssh's server and OpenSSH's."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest

from services.payout.delivery import sftp
from services.payout.delivery.parcels import DeliveryFailed, DeliveryRefused, DropFile
from services.payout.delivery.secret_files import SecretFiles
from tests.peers import fetch_peers
from tests.services.payout.delivery.sftp_drop import Drop, provider

PAY = DropFile("run-2026-06-1.csv", b"batch_id,amount\r\n" + b"run-2026-06-1,1.00\r\n" * 450_000)
MANIFEST = DropFile("run-2026-06-1.manifest.json", b"{}\n")
WHOLE = {each.name: each.content for each in (PAY, MANIFEST)} | {
    f"{each.name}.sha256": each.receipt for each in (PAY, MANIFEST)
}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Drop]:
    with provider(tmp_path) as drop:
        yield drop


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[Drop]:
    fetch_peers()
    with provider(tmp_path, openssh=True) as drop:
        yield drop


def send(drop: Drop, *files: DropFile, **policy: object) -> list[str]:
    return sftp.drop(drop.policy(**policy), SecretFiles(drop.secrets, "drop"), files or (PAY, MANIFEST))


def test_files_arrive_whole_each_with_its_hash_and_nothing_else(inbox: Drop) -> None:
    assert send(inbox) == [PAY.name, MANIFEST.name]
    assert inbox.files() == WHOLE


def test_nobody_ever_sees_a_file_that_is_not_whole_and_the_hash_comes_last(inbox: Drop) -> None:
    send(inbox)
    assert inbox.writes >= 6
    for seen in inbox.seen:
        for name in (PAY.name, MANIFEST.name):
            assert f"{name}.sha256" not in seen or name in seen
            assert name not in seen or f"{name}.tmp" not in seen


def test_the_same_again_is_taken_as_delivered_and_nothing_is_written(inbox: Drop) -> None:
    send(inbox)
    before = {each: (inbox.folder / each).stat().st_mtime_ns for each in WHOLE}
    assert send(inbox) == []
    assert {each: (inbox.folder / each).stat().st_mtime_ns for each in WHOLE} == before


def test_other_bytes_under_the_name_are_never_overwritten(inbox: Drop) -> None:
    (inbox.folder / PAY.name).write_bytes(b"somebody else's")
    with pytest.raises(DeliveryRefused, match="other bytes under the name"):
        send(inbox)
    assert inbox.files() == {PAY.name: b"somebody else's"}
    assert inbox.sessions == 1, "a refusal is not tried again"


def test_a_delivered_name_with_another_hash_is_refused(inbox: Drop) -> None:
    send(inbox)
    with pytest.raises(DeliveryRefused, match="another hash"):
        send(inbox, DropFile(PAY.name, b"changed"))
    assert inbox.files() == WHOLE


def test_a_file_that_was_picked_up_is_not_put_there_again(inbox: Drop) -> None:
    send(inbox)
    (inbox.folder / PAY.name).unlink()
    assert send(inbox) == []
    assert PAY.name not in inbox.names()


def test_a_name_that_every_batch_has_is_used_again_once_the_file_before_was_picked_up(inbox: Drop) -> None:
    first, second = (DropFile("PRABCEPI.csv", content, recurs=True) for content in (b"first", b"second"))
    assert send(inbox, first) == [first.name]
    assert send(inbox, first) == []
    with pytest.raises(DeliveryFailed, match="not picked up yet") as failed:
        send(inbox, second)
    assert type(failed.value) is DeliveryFailed, "it is tried again"
    assert inbox.files() == {first.name: b"first", f"{first.name}.sha256": first.receipt}
    (inbox.folder / first.name).unlink()
    assert send(inbox, first) == [], "what was picked up is not put there again"
    assert send(inbox, second) == [second.name]
    assert inbox.files() == {second.name: b"second", f"{second.name}.sha256": second.receipt}


def test_a_crash_between_the_file_and_its_hash_is_made_good(inbox: Drop) -> None:
    (inbox.folder / PAY.name).write_bytes(PAY.content)
    (inbox.folder / f"{PAY.name}.tmp").write_bytes(b"half")
    assert send(inbox, PAY) == [PAY.name]
    assert inbox.files() == {PAY.name: PAY.content, f"{PAY.name}.sha256": PAY.receipt, f"{PAY.name}.tmp": b"half"}


def test_what_a_crash_left_half_written_is_written_anew(inbox: Drop) -> None:
    (inbox.folder / f"{PAY.name}.tmp").write_bytes(b"x" * 10_000_000)
    send(inbox)
    assert inbox.files() == WHOLE


def test_a_server_that_fails_in_the_middle_is_tried_again_until_it_is_whole(inbox: Drop) -> None:
    def twice(drop: Drop, offset: int) -> None:
        if drop.sessions < 3 and offset > 0:
            raise asyncssh.SFTPFailure("the disk is full")
        assert drop.sessions == 3 or not (drop.folder / PAY.name).exists()

    inbox.fault = twice
    assert send(inbox) == [PAY.name, MANIFEST.name]
    assert (inbox.sessions, inbox.files()) == (3, WHOLE)


def test_a_server_that_keeps_failing_is_reported_and_shows_no_file(inbox: Drop) -> None:
    def always(drop: Drop, offset: int) -> None:
        raise asyncssh.SFTPFailure("the disk is full")

    inbox.fault = always
    with pytest.raises(DeliveryFailed, match="broke off") as failed:
        send(inbox)
    assert type(failed.value) is DeliveryFailed
    assert (inbox.sessions, inbox.names()) == (3, {f"{PAY.name}.tmp"})


def test_a_server_without_fsync_is_served_too(inbox: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unsupported(_: object) -> None:
        raise asyncssh.SFTPOpUnsupported("fsync")

    monkeypatch.setattr(asyncssh.SFTPClientFile, "fsync", unsupported)
    send(inbox)
    assert inbox.files() == WHOLE


def test_a_server_with_another_key_gets_nothing(inbox: Drop) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    with pytest.raises(DeliveryRefused, match="another key"):
        send(inbox, host_keys=[" ".join(other[:2])])
    assert (inbox.sessions, inbox.files()) == (0, {})


def test_a_key_that_the_server_does_not_know_is_refused(inbox: Drop) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    (inbox.secrets / "drop" / "ssh_key").write_bytes(other.export_private_key())
    with pytest.raises(DeliveryRefused, match="does not let us in"):
        send(inbox)


def test_a_key_with_a_password_needs_the_file_that_holds_it(inbox: Drop) -> None:
    place = inbox.secrets / "drop" / "ssh_key"
    place.write_bytes(asyncssh.read_private_key(place).export_private_key("pkcs8-pem", passphrase="open sesame"))
    with pytest.raises(DeliveryRefused, match="a key is none"):
        send(inbox)
    place.with_name("ssh_key.password").write_text("open sesame\n")
    assert send(inbox, MANIFEST) == [MANIFEST.name]


def test_missing_secrets_folders_and_unsafe_names_are_refused(inbox: Drop) -> None:
    with pytest.raises(DeliveryRefused, match="folder is not there"):
        send(inbox, directory="/nowhere")
    for name in ("../run.csv", "a/b", "", ".hidden", "run.csv.tmp", "run.csv.sha256", "a\nb"):
        with pytest.raises(DeliveryRefused, match="no name"):
            send(inbox, DropFile(name, b""))
    (inbox.secrets / "drop" / "ssh_key").unlink()
    with pytest.raises(DeliveryRefused, match="ssh_key cannot be read"):
        send(inbox)
    with pytest.raises(DeliveryRefused, match="EARNEST_DELIVERIES_DIR"):
        sftp.drop(inbox.policy(), SecretFiles(None, "drop"), [PAY])


def test_a_server_that_is_away_is_a_failure_to_be_tried_again(inbox: Drop) -> None:
    inbox.list(port=9)
    with pytest.raises(DeliveryFailed) as failed:
        send(inbox, port=9)
    assert type(failed.value) is DeliveryFailed


def test_a_server_that_is_not_on_the_installation_s_list_is_not_spoken_to(inbox: Drop) -> None:
    listed = inbox.policy().host_keys[0]
    known = inbox.secrets / "known_hosts"
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    for text in ("", f"127.0.0.1 {listed}\n", f"[127.0.0.1]:{inbox.port + 1} {listed}\n", "no list at all\n"):
        known.write_text(text)
        with pytest.raises(DeliveryRefused, match="not among the hosts"):
            send(inbox)
    inbox.list(key=other)
    with pytest.raises(DeliveryRefused, match="another key than the policy and the list"):
        send(inbox)
    known.unlink()
    with pytest.raises(DeliveryRefused, match="not among the hosts"):
        send(inbox)
    assert (inbox.sessions, inbox.files()) == (0, {})


def test_what_an_attempt_says_does_not_tell_what_listens_where(inbox: Drop) -> None:
    """Nobody listens, something else than SSH does, or something that says nothing to us: one answer."""

    def told(port: int, host: str = "127.0.0.1") -> str:
        key = inbox.policy().host_keys[0]
        (inbox.secrets / "known_hosts").write_text(f"[{host}]:{port} {key}\n")
        with pytest.raises(DeliveryFailed) as failed:
            send(inbox, host=host, port=port)
        return f"{type(failed.value).__name__}: {failed.value}"

    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        answers = {told(9), told(web.server_port), told(23, "host.invalid")}
        web.shutdown()
    assert len(answers) == 1, answers


def test_openssh_receives_the_drop_and_refuses_to_lose_what_is_there(openssh: Drop) -> None:
    assert send(openssh) == [PAY.name, MANIFEST.name]
    assert openssh.files() == WHOLE
    subprocess.run(
        ["sha256sum", "--check", "--strict", *sorted(set(WHOLE) - {PAY.name, MANIFEST.name})],
        cwd=openssh.folder,
        check=True,
    )
    assert send(openssh) == []
    with pytest.raises(DeliveryRefused):
        send(openssh, DropFile(PAY.name, b"changed"))
    (openssh.folder / f"{PAY.name}.sha256").unlink()
    with pytest.raises(DeliveryRefused):
        send(openssh, DropFile(PAY.name, b"changed"))
    assert send(openssh) == [PAY.name]
    assert openssh.files() == WHOLE


def test_the_openssh_client_fetches_what_was_dropped(openssh: Drop, tmp_path: Path) -> None:
    send(openssh)
    key, known, fetched = tmp_path / "id", tmp_path / "known", tmp_path / "fetched"
    key.write_bytes((openssh.secrets / "drop" / "ssh_key").read_bytes())
    key.chmod(0o600)
    known.write_text(f"[127.0.0.1]:{openssh.port} {openssh.policy().host_keys[0]}\n")
    fetched.mkdir()
    options = ["-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-i", str(key)]
    command = ["sftp", *options, "-P", str(openssh.port), "-b", "-", "pay@127.0.0.1"]
    asked = f"get {openssh.folder}/* {fetched}/\n"
    subprocess.run(
        command, input=asked, text=True, check=True, capture_output=True, env=os.environ | {"HOME": str(tmp_path)}
    )
    assert {each.name: each.read_bytes() for each in fetched.iterdir()} == WHOLE
