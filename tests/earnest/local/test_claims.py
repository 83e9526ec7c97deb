"""A port is one installation's own from the moment it is chosen, before anybody listens there."""

from __future__ import annotations

import socket
from pathlib import Path

from earnest.local.claims import claim_port, release_ports


def test_two_who_start_at_once_never_take_the_same_port(tmp_path: Path) -> None:
    usual = claim_port(tmp_path / "any")
    release_ports(tmp_path)
    first, second = claim_port(tmp_path / "one", usual), claim_port(tmp_path / "two", usual)
    assert first == usual != second
    with socket.create_server(("127.0.0.1", first)):  # whoever claimed it can listen there
        release_ports(tmp_path)
        assert claim_port(tmp_path / "three", usual) != usual


def test_a_released_port_is_the_same_again(tmp_path: Path) -> None:
    first = claim_port(tmp_path / "one")
    assert claim_port(tmp_path / "one") == first
    release_ports(tmp_path)
    assert claim_port(tmp_path / "two", first) == first
