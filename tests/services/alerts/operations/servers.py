"""A real Prometheus and a real Alertmanager with the committed configuration, in a hurry; and a service of ours."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from earnest.local.processes import spawn
from tests.services.alerts.operations.prometheus_files import DEPLOY
from tests.waiting import until

ALWAYS = [{"years": ["2000:3000"]}]
NEVER = [{"years": ["2000"]}]


@contextmanager
def running(log: Path, *program: str | Path, **environment: str) -> Iterator[None]:
    """A program for as long as the block; it never outlives the test."""
    process = spawn(program, log, on_our_death=signal.SIGKILL, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait()
        except subprocess.TimeoutExpired:
            process.kill()


def answered(wanted: Callable[[], Any], what: str) -> Any:
    """Ask again until somebody answers and the answer is good."""

    def asked() -> Any:
        with contextlib.suppress(httpx.TransportError):
            return wanted()

    return until(asked, what)


class Listener:
    """Whoever is told of alerts: keeps every message, by the receiver that it was for."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: the log of the tests is read by people."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Listener:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def names(self, receiver: str) -> set[str]:
        """The alerts that a receiver was told of, each with its segment if any."""
        alerts = [
            alert["labels"] for message in self.told if message["receiver"] == receiver for alert in message["alerts"]
        ]
        return {" ".join(filter(None, (labels["alertname"], labels.get("segment")))) for labels in alerts}

    def ended(self, name: str) -> bool:
        """Whether somebody was told that an alert is over."""
        alerts = [alert for message in self.told for alert in message["alerts"]]
        return any(alert["labels"]["alertname"] == name and alert["status"] == "resolved" for alert in alerts)


def alertmanager_config(
    folder: Path,
    *,
    people: str,
    service: str = "",
    key_file: Path | None = None,
    quarter_end: list[dict[str, Any]] = NEVER,
) -> Path:
    """The committed configuration in a hurry: everybody is told at once at one address, and Earnest at its own."""
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    hurry(config["route"])
    for receiver in config["receivers"]:
        if receiver["name"] != "earnest":
            receiver["webhook_configs"] = [{"url": people}]
        elif service:
            [webhook] = receiver["webhook_configs"]
            webhook["url"] = f"{service}/v1/alertmanager"
            webhook["http_config"]["authorization"]["credentials_file"] = str(key_file)
        else:
            del receiver["webhook_configs"]
    config["time_intervals"][0]["time_intervals"] = quarter_end
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def hurry(route: dict[str, Any]) -> None:
    """Wait as little as there is, here and in all routes inside: who suppresses an alert is known a moment after it."""
    route |= {"group_wait": "1s", "group_interval": "1s"}
    for inside in route.get("routes", []):
        hurry(inside)


def prometheus_config(folder: Path, *, service: int, alertmanager: int, keep_firing_for: str) -> Path:
    """The committed configuration in a hurry: every second, and only the service that runs here."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
    config["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [f"127.0.0.1:{service}"]}]}
        for job in config["scrape_configs"]
        if job["job_name"] == "earnest-alerts"
    ]
    (folder / "rules" / "kpis").mkdir(parents=True)
    for rules in (DEPLOY / "prometheus" / "rules").rglob("*.yml"):
        hurried = yaml.safe_load(rules.read_text())
        for rule in (rule for group in hurried["groups"] for rule in group["rules"] if "alert" in rule):
            rule["for"] = "0s" if rule.get("for", "0s") == "0s" else "1s"
            if "keep_firing_for" in rule:
                rule["keep_firing_for"] = keep_firing_for
        (folder / rules.relative_to(DEPLOY / "prometheus")).write_text(yaml.safe_dump(hurried))
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def alertmanager(tools: Callable[[str], str], config: Path, *, port: int, **environment: str) -> Iterator[httpx.Client]:
    """Alertmanager for as long as the block; a client of it."""
    folder = config.parent
    with (
        running(
            folder / "alertmanager.log",
            tools("prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=debug",
            **environment,
        ),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answered(lambda: client.get("/-/ready").status_code == httpx.codes.OK, "Alertmanager answers")
        yield client


@contextmanager
def prometheus(tools: Callable[[str], str], config: Path, *, port: int) -> Iterator[httpx.Client]:
    """Prometheus for as long as the block; a client of it."""
    folder = config.parent
    with (
        running(
            folder / "prometheus.log",
            tools("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=1s",  # what fires before it has found Alertmanager is told again
        ),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answered(lambda: client.get("/-/ready").status_code == httpx.codes.OK, "Prometheus answers")
        yield client


def held(manager: httpx.Client) -> Mapping[str, dict[str, Any]]:
    """The alerts that Alertmanager holds, by name and segment."""
    found = manager.get("/api/v2/alerts").json()
    return {" ".join(filter(None, (one["labels"]["alertname"], one["labels"].get("segment")))): one for one in found}
