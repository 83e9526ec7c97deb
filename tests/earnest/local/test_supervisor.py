"""The supervisor: what dies comes back, what is asked to stop finishes first, nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from earnest.local.claims import claim_port
from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError
from earnest.local.supervisor import ServiceProcess, Supervisor, end_left_over
from tests.waiting import until

WEB = """
import http.server, os, signal, sys, time

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *arguments): pass

def drain(*_):
    time.sleep(0.5)
    print("drained", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, drain)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""
STARTER = """
import os, sys, time
from pathlib import Path
from earnest.local.supervisor import ServiceProcess, Supervisor
service = ServiceProcess(name="web", module="web_service", url=sys.argv[2])
supervisor = Supervisor([], [service], environment=os.environ, logs=Path(sys.argv[1]))
supervisor.start()
supervisor.wait_ready(20)
print(service.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a service: it is found in `tmp_path` and listens on a free port."""
    (tmp_path / "web_service.py").write_text(WEB)
    (tmp_path / "broken_service.py").write_text("raise SystemExit('no configuration')")
    port = str(claim_port(tmp_path / "port"))
    return {**os.environ, "PYTHONPATH": str(tmp_path), "PORT": port, "EARNEST_HOME": str(tmp_path)}


@pytest.fixture
def web(environment: Mapping[str, str]) -> ServiceProcess:
    return ServiceProcess(name="web", module="web_service", url=f"http://127.0.0.1:{environment['PORT']}")


@pytest.fixture
def supervisor(web: ServiceProcess, environment: Mapping[str, str], tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor([], [web], environment=environment, logs=tmp_path)
    supervisor.start()
    supervisor.wait_ready(20)
    yield supervisor
    supervisor.stop()


def answering(service: ServiceProcess) -> int:
    """The process id that answers for the service, 0 while none does."""
    try:
        return int(httpx.get(service.url, timeout=2).text)
    except httpx.HTTPError:
        return 0


def test_a_killed_service_comes_back_and_the_wait_grows(supervisor: Supervisor, web: ServiceProcess) -> None:
    pauses = []
    for _ in range(2):
        first = answering(web)
        os.kill(first, signal.SIGKILL)
        until(lambda first=first: answering(web) not in (0, first))  # type: ignore[misc]
        pauses.append(web.pause)
    assert pauses == [1.0, 2.0]


def test_a_service_that_keeps_dying_is_named_with_its_last_words(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    supervisor = Supervisor(
        [],
        [ServiceProcess(name="broken", module="broken_service", url="http://127.0.0.1:9")],
        environment=environment,
        logs=tmp_path,
    )
    supervisor.start()
    try:
        with pytest.raises(LocalError, match="broken did not become ready: no configuration"):
            supervisor.wait_ready(60)
    finally:
        supervisor.stop()


def test_no_file_of_the_current_folder_is_imported_by_a_service(
    web: ServiceProcess, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "shared folder"
    here.mkdir()
    (here / "signal.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(here)
    supervisor = Supervisor([], [web], environment=environment, logs=tmp_path)
    supervisor.start()
    try:
        supervisor.wait_ready(20)
        assert answering(web)
    finally:
        supervisor.stop()


def test_stopping_lets_a_service_finish_what_it_began(
    supervisor: Supervisor, web: ServiceProcess, tmp_path: Path
) -> None:
    pid = answering(web)
    supervisor.stop()
    assert not psutil.pid_exists(pid)
    assert (tmp_path / "web.log").read_text() == "drained\n"
    events = [json.loads(line)["event"] for line in (tmp_path / "supervisor.log").read_text().splitlines()]
    assert events == ["service started", "draining", "stopped"]


def test_services_end_when_their_supervisor_is_killed(
    environment: Mapping[str, str], web: ServiceProcess, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path), web.url]
    starter = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    until(lambda: not answering(web) and not _lives(pid))
    assert "drained" in (tmp_path / "web.log").read_text()


def test_a_frozen_service_of_a_killed_supervisor_is_ended_by_the_next(
    environment: Mapping[str, str], web: ServiceProcess, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path), web.url]
    starter = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.kill(pid, signal.SIGSTOP)
    starter.kill()
    starter.wait()
    time.sleep(0.3)
    assert _lives(pid)
    end_left_over(tmp_path, ["web_service"])
    assert not _lives(pid)


def test_a_database_that_dies_is_started_again_at_the_same_address(
    environment: Mapping[str, str], server_folder: Path, tmp_path: Path
) -> None:
    server = Postgres(server_folder / "supervised")
    server.start()
    supervisor = Supervisor([server], [], environment=environment, logs=tmp_path)
    supervisor.start()
    try:
        first, url = server.pid, server.url()
        assert first
        os.kill(first, signal.SIGKILL)
        until(lambda: server.pid not in (None, first) and _answers(url))
    finally:
        supervisor.stop()
    assert server.pid is None


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
