"""A body is taken of whom the head shows, as far as there is room, and worked on when it is whole."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shared.admission import requests
from shared.admission.limits import BODY_BYTES, BODY_BYTES_OF_UNKNOWN
from shared.metrics import HTTP_REFUSED
from tests.shared.admission.conftest import MEBIBYTE, SENDER, Connect
from tests.waiting import until


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def refused(reason: str) -> float:
    return HTTP_REFUSED.labels(reason)._value.get()


def post(authorization: bytes, length: int) -> bytes:
    """The head of a request with such a body."""
    return b"POST /raw HTTP/1.1\r\nhost: here\r\n%bcontent-length: %d\r\n\r\n" % (authorization, length)


CRM, HR = b"authorization: Bearer may-send\r\n", b"authorization: Bearer other\r\n"


def test_of_whom_no_key_shows_no_large_body_is_read(client: TestClient) -> None:
    for headers in ({}, {"authorization": "Bearer unknown"}):
        announced = client.post("/raw", content=b"x" * (BODY_BYTES_OF_UNKNOWN + 1), headers=headers)
        assert announced.status_code == 401
        assert client.post("/raw", content=b"x" * BODY_BYTES_OF_UNKNOWN, headers=headers).status_code == 200
    assert client.post("/raw", content=b"x" * BODY_BYTES, headers=SENDER).json() == BODY_BYTES
    assert client.post("/raw", content=b"x" * (BODY_BYTES + 1), headers=SENDER).status_code == 413


def test_a_large_body_of_an_unknown_is_refused_before_it_is_whole(connect: Connect) -> None:
    peer = connect()
    peer.send(post(b"", BODY_BYTES))
    assert peer.answer().startswith(b"HTTP/1.1 401 ")
    unannounced = connect()
    unannounced.send(b"POST /raw HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n" + MEBIBYTE)
    assert unannounced.answer().startswith(b"HTTP/1.1 401 ")


def test_half_sent_bodies_of_one_take_their_share_and_leave_that_of_others(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "BODIES_BYTES", 4 * len(MEBIBYTE))
    monkeypatch.setattr(requests, "BODIES_BYTES_OF_ONE", 2 * len(MEBIBYTE))
    before = refused("too-many-bytes")
    half = [connect() for _ in range(6)]
    for peer in half:
        peer.send(post(CRM, 2 * len(MEBIBYTE)) + MEBIBYTE)
    until(lambda: refused("too-many-bytes") == before + 4)
    other = connect()
    other.send(post(HR, len(MEBIBYTE)) + MEBIBYTE)
    assert other.answer().endswith(b"%d" % len(MEBIBYTE))
    for peer in half:
        peer.socket.close()

    def is_free_again() -> bool:
        again = connect()
        again.send(post(CRM, 2 * len(MEBIBYTE)) + 2 * MEBIBYTE)
        return again.answer().startswith(b"HTTP/1.1 200 ")

    until(is_free_again)


def test_a_slow_body_takes_no_place(connect: Connect) -> None:
    slow = [connect() for _ in range(20)]
    for peer in slow:
        peer.send(post(CRM, 10) + b"123")
    honest = connect()
    honest.send(post(CRM, 3) + b"abc")
    assert honest.answer().endswith(b"3")


def test_while_one_has_all_its_places_taken_others_are_answered_and_so_is_who_asks_whether_it_lives(
    connect: Connect, app: FastAPI
) -> None:
    work = b"GET /work HTTP/1.1\r\nhost: here\r\n%b\r\n"
    busy = [connect() for _ in range(8)]
    for peer in busy:
        peer.send(work % CRM)
    for _ in range(5):  # half of the places
        app.state.working.acquire()
    for peer, request in (
        (connect(), post(HR, 2) + b"ab"),
        (connect(), b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n"),
    ):
        peer.send(request)
        assert peer.answer().startswith(b"HTTP/1.1 200 ")
    assert not app.state.working.acquire(blocking=False)
    app.state.go_on.set()
    for peer in busy:
        assert peer.answer().startswith(b"HTTP/1.1 200 ")


def test_readers_of_everything_wait_for_each_other_and_keep_no_place_of_others(connect: Connect, app: FastAPI) -> None:
    everything = b"GET /everything HTTP/1.1\r\nhost: here\r\n%b\r\n"
    heavy = [(connect(), key) for key in (CRM, HR) for _ in range(4)]
    for peer, key in heavy:
        peer.send(everything % key)
    for _ in (CRM, HR):  # one of each
        app.state.working.acquire()
    for key in (CRM, HR):
        light = connect()
        light.send(post(key, 2) + b"ab")
        assert light.answer().startswith(b"HTTP/1.1 200 ")
    assert not app.state.working.acquire(blocking=False)
    app.state.go_on.set()
    for peer, _ in heavy:
        assert peer.answer().startswith(b"HTTP/1.1 200 ")
