"""A service on a real socket, with a key that is known."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.admission.protocol import BoundedProtocol
from shared.deps import HEAVY
from shared.settings import Settings
from shared.web import create_app
from tests.waiting import until

KEY = "may-send"
SENDER = {"authorization": f"Bearer {KEY}"}
MEBIBYTE = b"x" * 1024 * 1024


@pytest.fixture
def known(tmp_path: Path) -> Settings:
    keys = [
        {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": ["deals:write"]}
        for name, key in (("crm", KEY), ("hr", "other"))
    ]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(keys))
    return Settings(database_url="postgresql://nowhere/none", keys_file=path)


@pytest.fixture
def app(known: Settings) -> FastAPI:
    """A service that says how much it was sent, works until it is told to stop, and tells a lot."""
    app = create_app("Test", "A service.", settings=known, ready=list)
    app.state.working, app.state.go_on = threading.Semaphore(0), threading.Event()

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/work")
    def work() -> str:
        app.state.working.release()
        app.state.go_on.wait()
        return "done"

    @app.get("/everything", dependencies=[HEAVY])
    def everything() -> str:
        return work()

    @app.get("/much")
    def much() -> StreamingResponse:
        return StreamingResponse(MEBIBYTE for _ in range(100))

    return app


class Peer:
    """A client that sends and reads bytes as it likes."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def rest(self) -> bytes:
        """Whatever comes until the service closes the connection."""
        found = b""
        try:
            while part := self.socket.recv(65536):
                found += part
        except ConnectionResetError:
            pass
        return found

    def answer(self) -> bytes:
        """One answer, whole."""
        found = b""
        while (head := found.partition(b"\r\n\r\n"))[1] == b"" or len(head[2]) < _length(head[0]):
            part = self.socket.recv(65536)
            assert part, found
            found += part
        return found


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])


Connect = Callable[..., Peer]


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """The port on which the app is served."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: server.started)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def connect(app: FastAPI) -> Iterator[Connect]:
    with ExitStack() as closing:
        port = closing.enter_context(serving(app))
        closing.callback(app.state.go_on.set)

        def connected(address: str = "127.0.0.1") -> Peer:
            peer = Peer(port, address)
            closing.callback(peer.socket.close)
            return peer

        yield connected
