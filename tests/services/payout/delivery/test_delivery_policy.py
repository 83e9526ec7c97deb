"""The policy of a delivery refuses what could lead elsewhere."""

from __future__ import annotations

from typing import Any

import asyncssh
import pytest

from services.payout.delivery.policy import Delivery

SOUND: dict[str, Any] = {
    "kind": "delivery",
    "id": "drop",
    "valid_from": "2026-01-01",
    "host": "sftp.example.com",
    "user": "pay",
    "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHiG4rx6hmMrMYNclHPSdnSDZw/QTzXajZXRAH5GPam"],
}


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_the_host_keys_of_every_common_kind_are_taken(kind: str) -> None:
    key = " ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])
    assert Delivery.of(SOUND | {"host_keys": [key]}).host_keys == (key,)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"host_keys": []}, "at least 1"),
        ({"host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"]}, "no whole public key"),
        ({"host_keys": [SOUND["host_keys"][0].replace("ed25519 ", "rsa ")]}, "no whole public key"),
        ({"host_keys": ["sftp.example.com " + SOUND["host_keys"][0]]}, "pattern"),
        ({"host": "-oProxyCommand=x"}, "pattern"),
        ({"host": "a b"}, "pattern"),
        ({"user": "-l root"}, "pattern"),
        ({"port": 0}, "greater than"),
        ({"directory": "a\nb"}, "pattern"),
        ({"password": "secret"}, "not permitted"),
        ({"encrypt": {"recipient": "x"}}, "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Delivery.of(SOUND | wrong)
