"""Whoever sends or reads slowly, or opens many connections, is told so or cut off, and others are not.

The seconds of a test are few; what is waited for is always an event.
"""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from shared.admission import protocol
from shared.admission.limits import HEAD_BYTES, address_of
from shared.metrics import HTTP_REFUSED
from tests.shared.admission.conftest import KEY, Connect
from tests.waiting import until

GET = b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n"
POST = b"POST /raw HTTP/1.1\r\nhost: here\r\nauthorization: Bearer " + KEY.encode() + b"\r\ncontent-length: 10\r\n\r\n"
WORK = GET.replace(b"/healthz", b"/work")


def status(answer: bytes) -> int:
    """Of the first line of an answer."""
    found = re.match(rb"HTTP/1.1 (\d{3}) ", answer)
    assert found, answer
    return int(found[1])


def refused(reason: str) -> float:
    return HTTP_REFUSED.labels(reason)._value.get()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nx-slow: ", b"\r\n"])
def test_a_head_that_does_not_come_in_time_is_refused(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    peer = connect()
    peer.send(sent)
    answer = peer.rest()
    assert status(answer) == 408
    assert b"urn:earnest:problem:request-timeout" in answer


def test_a_body_that_does_not_come_in_time_is_refused(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.1)
    peer = connect()
    peer.send(POST + b"12345")
    assert status(peer.rest()) == 408


def test_time_runs_from_the_head_however_often_a_byte_comes(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    before = refused("head-late")
    peer = connect()

    def drips() -> bool:
        try:
            peer.send(b"GET /healthz HTTP/1.1\r\n"[:1])
        except OSError:
            return True
        return refused("head-late") > before

    until(drips)


def test_a_later_request_has_its_own_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = connect()
    for _ in range(2):
        peer.send(GET)
        assert status(peer.answer()) == 200
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    peer.send(b"\r\n\r\nGET ")
    assert status(peer.rest()) == 408


def test_a_connection_refused_with_its_body_on_the_way_does_not_stay(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    peer = connect()
    peer.send(POST.replace(b"content-length: 10", b"content-length: 90000000") + b"12345")
    answer = peer.rest()
    assert status(answer) == 413
    assert answer.count(b"HTTP/1.1") == 1  # cut off, and no second answer to one request


def test_a_head_without_end_is_refused(connect: Connect) -> None:
    peer = connect()
    peer.send(b"GET / HTTP/1.1\r\nx-long: " + b"x" * HEAD_BYTES)
    assert status(peer.rest()) == 431


def test_a_reader_that_stands_still_is_cut_off(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 0.1)
    before = refused("answer-not-read")
    peer = connect()
    peer.send(GET.replace(b"/healthz", b"/much"))
    until(lambda: refused("answer-not-read") > before)


def test_of_many_connections_the_one_that_waits_longest_gives_way(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_OF_ONE", 4)
    working, between = connect(), connect()
    between.send(GET)
    assert status(between.answer()) == 200
    working.send(WORK)
    app.state.working.acquire()
    first, second = connect(), connect()
    first.send(b"GET ")
    second.send(b"GET ")
    before = refused("too-many-connections")
    third = connect()
    third.send(GET)
    assert status(third.answer()) == 200
    assert first.rest() == b""  # cut off
    assert refused("too-many-connections") == before + 1
    elsewhere = connect("127.0.0.2")
    elsewhere.send(GET)
    assert status(elsewhere.answer()) == 200
    second.send(GET[4:])
    assert status(second.answer()) == 200
    between.send(GET)
    assert status(between.answer()) == 200
    app.state.go_on.set()
    assert status(working.answer()) == 200  # what is worked on is never cut off


def test_where_all_are_worked_on_the_next_connection_is_refused(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_OF_ONE", 2)
    for peer in [connect(), connect()]:
        peer.send(WORK)
        app.state.working.acquire()
    assert status(connect().rest()) == 429


def test_where_there_are_too_many_in_all_the_address_with_most_gives_way(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 4)
    quiet = connect("127.0.0.2")
    crowd = [connect("127.0.0.3") for _ in range(3)]
    last = connect("127.0.0.4")
    last.send(GET)
    assert status(last.answer()) == 200
    assert crowd[0].rest() == b""
    quiet.send(GET)
    assert status(quiet.answer()) == 200


def test_an_ipv6_client_is_its_network() -> None:
    assert address_of(("2001:db8:1:2:3::4", 1)) == address_of(("2001:db8:1:2:ffff::", 1)) == "2001:db8:1:2::/64"
    assert address_of(("2001:db8:1:3::", 1)) != address_of(("2001:db8:1:2::", 1))
    assert address_of(("::ffff:192.0.2.1", 1)) == "::ffff:192.0.2.1"
    assert address_of(("192.0.2.1", 1)) == "192.0.2.1"
    assert address_of(None) == address_of(None)
