"""OpenPGP against GnuPG: it decrypts what we encrypt, and verifies what we sign."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from services.payout.delivery.encryption import encrypted
from services.payout.delivery.parcels import DeliveryRefused, DropFile
from services.payout.delivery.policy import Delivery
from services.payout.delivery.secret_files import SecretFiles
from tests.peers import fetch_peers

PAY = DropFile("run-2026-06-1.csv", b"batch_id,amount\r\nrun-2026-06-1,1.00\r\n")
Gpg = Callable[..., "subprocess.CompletedProcess[bytes]"]


def policy(**terms: Any) -> Delivery:
    sound = {"kind": "delivery", "id": "drop", "valid_from": "2026-01-01", "host": "sftp.example.com", "user": "pay"}
    return Delivery.of(
        sound
        | {
            "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHiG4rx6hmMrMYNclHPSdnSDZw/QTzXajZXRAH5GPam"],
            "encrypt": terms,
        }
    )


@pytest.fixture
def gpg() -> Iterator[Gpg]:
    fetch_peers()
    home = Path(tempfile.mkdtemp(prefix="gpg-"))  # its sockets need a short path
    home.chmod(0o700)

    def run(*arguments: str, stdin: bytes = b"", ok: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = ["gpg", "--homedir", str(home), "--batch", "--yes", "--quiet", "--trust-model", "always", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        assert (done.returncode == 0) is ok, done.stderr.decode()
        return done

    run("--passphrase", "", "--quick-generate-key", "payroll@provider.example", "default", "default", "never")
    yield run
    if shutil.which("gpgconf"):  # otherwise the agent ends by itself when its folder is gone
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
    # The agent takes its sockets away while it ends: what is gone already is no error.
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def secrets(gpg: Gpg, tmp_path: Path) -> SecretFiles:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "recipient.asc").write_bytes(gpg("--armor", "--export", "payroll@provider.example").stdout)
    return SecretFiles(tmp_path, "drop")


@pytest.mark.parametrize(("armor", "ending"), [(False, ".pgp"), (True, ".asc")])
def test_gpg_decrypts_what_is_encrypted(gpg: Gpg, secrets: SecretFiles, armor: bool, ending: str) -> None:
    sent = encrypted(PAY, policy(armor=armor), secrets=secrets)
    assert sent.name == PAY.name + ending
    assert b"1.00" not in sent.content
    assert sent.content.startswith(b"-----BEGIN PGP MESSAGE") is armor
    assert gpg("--decrypt", stdin=sent.content).stdout == PAY.content


def test_gpg_verifies_who_signed(gpg: Gpg, secrets: SecretFiles, tmp_path: Path) -> None:
    signer = pysequoia.Tsk.generate("Earnest <pay@company.example>", profile=pysequoia.Profile.RFC4880)
    (tmp_path / "drop" / "signing_key.asc").write_bytes(bytes(signer))
    gpg("--import", stdin=bytes(signer.extract_certificate()))
    sent = encrypted(PAY, policy(sign=True), secrets=secrets)
    told = gpg("--status-fd", "2", "--decrypt", stdin=sent.content)
    assert told.stdout == PAY.content
    assert b"GOODSIG" in told.stderr
    assert signer.extract_certificate().fingerprint.upper().encode() in told.stderr


def test_a_changed_message_does_not_decrypt(gpg: Gpg, secrets: SecretFiles) -> None:
    content = bytearray(encrypted(PAY, policy(), secrets=secrets).content)
    content[-20] ^= 1
    gpg("--decrypt", stdin=bytes(content), ok=False)


def test_without_encryption_the_file_is_sent_as_it_is() -> None:
    plain = policy().model_copy(update={"encrypt": None})
    assert encrypted(PAY, plain, secrets=SecretFiles(None, "drop")) is PAY


def test_a_missing_or_broken_key_is_refused_by_name(tmp_path: Path) -> None:
    secrets = SecretFiles(tmp_path, "drop")
    with pytest.raises(DeliveryRefused, match=r"recipient.asc cannot be read"):
        encrypted(PAY, policy(), secrets=secrets)
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "recipient.asc").write_bytes(b"no certificate")
    with pytest.raises(DeliveryRefused, match="do not serve to encrypt"):
        encrypted(PAY, policy(), secrets=secrets)
