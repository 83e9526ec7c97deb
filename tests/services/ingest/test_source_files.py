"""One bad source file stops its source and nobody else's; changed files are loaded by every process without a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from services.ingest.sources import Sources
from services.ingest.store_sources import SourceReports, ask_for_reload, processes
from services.ingest.worker import LIMITS, TOPICS, WORKER, SourceReloads, step
from shared.log import dead_letters
from shared.log.worker import Worker
from tests.services.ingest.acme import DELIVERY, SOURCE
from tests.services.ingest.conftest import Ingest
from tests.waiting import until

TOKEN = "signing: {scheme: token, header: X-Token, secrets: [acme.secret]}\n"
ACME = SOURCE.replace(SOURCE[SOURCE.index("signing:") : SOURCE.index("items:")], TOKEN)
BODY = json.dumps(DELIVERY).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "sources"
    found.mkdir()
    (found / "acme.yaml").write_text(ACME)
    (found / "acme.secret").write_text("let-it-in\n")
    return found


@pytest.fixture
def ingest(start_ingest: Callable[..., Ingest], folder: Path) -> Ingest:
    (folder / "other.yaml").write_text(ACME.replace("acme-crm", "other-crm"))
    started = start_ingest(sources_dir=folder)
    del started.client.headers["authorization"]
    return started


def deliver(ingest: Ingest, source: str = "acme-crm", token: str = "let-it-in", body: bytes = BODY) -> int:
    answer = ingest.client.post(f"/v1/webhooks/{source}", content=body, headers={"x-token": token})
    return answer.status_code


BROKEN: dict[str, Callable[[Path], object]] = {
    "no YAML": lambda folder: (folder / "acme.yaml").write_text("source: acme-crm\nfields: [\n"),
    "not UTF-8": lambda folder: (folder / "acme.yaml").write_bytes(b"source: acme-crm\n\xff"),
    "an unknown word": lambda folder: (folder / "acme.yaml").write_text(ACME + "feilds: {}\n"),
    "a path that is none": lambda folder: (folder / "acme.yaml").write_text(ACME.replace("$.opportunity.id", "$[")),
    "nothing": lambda folder: (folder / "acme-crm.yaml").write_bytes(
        (folder / "acme.yaml").rename(folder / "x").read_bytes()[:0]
    ),
    "a field twice": lambda folder: (folder / "acme.yaml").write_text(ACME + "deal_id: $.id\n"),
    "a secret that is missing": lambda folder: (folder / "acme.secret").rename(folder / "lost.secret"),
    "an empty secret": lambda folder: (folder / "acme.secret").write_text("\n"),
    "a copy of it": lambda folder: (folder / "copy.yaml").write_text(ACME),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_bad_file_stops_its_source_and_no_other_and_is_told(
    start_ingest: Callable[..., Ingest], folder: Path, how: str
) -> None:
    (folder / "other.secret").write_text("let-it-in")
    (folder / "other.yaml").write_text(ACME.replace("acme-crm", "other-crm").replace("acme.secret", "other.secret"))
    BROKEN[how](folder)
    ingest = start_ingest(sources_dir=folder)
    del ingest.client.headers["authorization"]
    answer = ingest.client.post("/v1/webhooks/acme-crm", content=BODY, headers={"x-token": "let-it-in"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["type"].endswith("source-stopped")
    assert "source acme-crm" in answer.json()["detail"]
    assert "opportunity" not in answer.text, "what the file holds is nobody's business outside"
    assert deliver(ingest, "other-crm") == 202
    ready = ingest.client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert any(remark.startswith("source acme-crm (") for remark in ready.json()["remarks"])


def test_a_folder_that_is_not_there_and_none_at_all_are_no_sources(tmp_path: Path) -> None:
    assert (Sources(None).files, list(Sources(tmp_path / "nowhere").files)) == ([], [])


@contextmanager
def watching(ingest: Ingest, sources: Sources, member: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=SourceReloads(sources, SourceReports(ingest.engine, member)).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_every_process_loads_changed_files_when_it_is_asked_and_says_what_became_of_them(
    ingest: Ingest, folder: Path
) -> None:
    mine, another = ingest.sources, Sources(folder)
    with watching(ingest, mine, "one"), watching(ingest, another, "two"):

        def loaded() -> dict[str, tuple[int, list[str]]]:
            with ingest.engine.connect() as connection:
                return {
                    each.member: (each.reload, sorted(s.name for s in each.sources if s.reason is None))
                    for each in processes(connection)
                }

        until(lambda: loaded().keys() == {"one", "two"})
        (folder / "acme.secret").write_text("another-secret")
        (folder / "other.yaml").write_text("source: other-crm\nnonsense")
        assert deliver(ingest, token="let-it-in") == 202, "nothing changes before somebody asks"
        with ingest.engine.begin() as connection:
            number = ask_for_reload(connection, "ops")
        until(lambda: loaded() == {"one": (number, ["acme-crm"]), "two": (number, ["acme-crm"])})
        assert [deliver(ingest, token=token) for token in ("let-it-in", "another-secret")] == [401, 202]
        assert deliver(ingest, "other-crm") == 503
        assert another.known.keys() == {"acme-crm"}
    with ingest.engine.connect() as connection:
        assert processes(connection) == []


def test_a_kept_delivery_waits_for_the_file_of_its_source(ingest: Ingest, folder: Path) -> None:
    assert deliver(ingest, body=b"no json") == 202
    (folder / "acme.yaml").write_text("source: acme-crm\nnonsense")
    ingest.sources.load()
    reading = partial(step, ingest.deliveries)
    worker = Worker(WORKER, ingest.log, engine=ingest.engine, topics=TOPICS, step=reading, member="one", limits=LIMITS)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    until(lambda: dead_letters.find(ingest.engine, dead_letters.Filter()) != [])
    stop.set()
    thread.join()
    [letter] = dead_letters.find(ingest.engine, dead_letters.Filter())
    assert (letter.code, letter.message) == (
        "source_stopped",
        "the file of source acme-crm cannot be used: mend it first",
    )
