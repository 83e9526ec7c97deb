"""A CRM nobody wrote code for pushes deals: signed by Standard Webhooks, mapped by a file."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from standardwebhooks import Webhook
from stripe import WebhookSignature

from services.ingest.delivery_reader import DeliveryReader
from services.ingest.sources import Sources
from services.ingest.worker import LIMITS, TOPICS, WORKER, step
from shared.bounded import directly
from shared.contracts.topics import DEALS, DELIVERIES
from shared.log import dead_letters, positions
from shared.log.port import MAX_RECORD_BYTES
from shared.log.worker import Worker
from tests.services.ingest.acme import DELIVERY, SOURCE
from tests.services.ingest.conftest import Ingest
from tests.waiting import until

NEW, OLD = (f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "acme.yaml").write_text(SOURCE)
    (folder / "new.secret").write_text(NEW + "\n")
    (folder / "old.secret").write_text(OLD)
    return folder


@pytest.fixture
def acme(start_ingest: Callable[..., Ingest], sources: Path) -> Ingest:
    ingest = start_ingest(sources_dir=sources)
    ingest.client.headers.pop("authorization")
    return ingest


def signed(secret: str, body: bytes, at: datetime | None = None, name: str = "msg_1") -> dict[str, str]:
    when = at or datetime.now(UTC)
    signature = Webhook(secret).sign(name, when, body.decode())
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def work_off(ingest: Ingest, sources: Path) -> None:
    """Run the worker over kept deliveries, as after a restart, until it has read all there are."""
    stop = threading.Event()
    reading = partial(step, DeliveryReader(Sources(sources), ZoneInfo("UTC"), columns=dict, calculating=directly))
    worker = Worker(WORKER, ingest.log, engine=ingest.engine, topics=TOPICS, step=reading, member="one", limits=LIMITS)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    until(lambda: not (thread.is_alive() and _behind(ingest)))
    stop.set()
    thread.join()
    assert not _behind(ingest)


def _behind(ingest: Ingest) -> bool:
    ends = ingest.log.ends(DELIVERIES)
    with ingest.engine.connect() as connection:
        read = positions.load(connection, WORKER, partitions=ends)
    return any(partition not in read or read[partition].next_position < end for partition, end in ends.items() if end)


def test_a_signed_delivery_becomes_facts_by_the_mapping(acme: Ingest) -> None:
    body = json.dumps(DELIVERY).encode()
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert (answer.status_code, answer.json()["accepted"], answer.json()["passed_over"]) == (202, 1, 1)
    (fact,) = acme.in_log(DEALS)
    assert (fact["deal_id"], fact["sequence"], fact["source"]) == ("77", 7, "acme-crm")
    assert fact["fields"] == {
        "amount": "12500.50",
        "currency": "USD",
        "stage": "won",
        "close_date": "2025-03-31",
        "owner": "ann",
        "product": "GTX Pro",
        "custom.segment": "smb",
    }


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_every_live_secret_is_good_while_secrets_rotate(acme: Ingest, secret: str) -> None:
    body = json.dumps(DELIVERY).encode()
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(secret, body))
    assert answer.status_code == 202


def _tampered(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    return headers, body.replace(b"1250050", b"9950050")


@pytest.mark.parametrize(
    "change",
    [
        _tampered,
        lambda headers, body: ({k: v for k, v in headers.items() if k != "webhook-signature"}, body),
        lambda headers, body: (headers | {"webhook-signature": "v1,!!!"}, body),
        lambda headers, body: (headers | {"webhook-signature": "nonsense"}, body),
        lambda headers, body: (headers | {"webhook-timestamp": "soon"}, body),
        lambda headers, body: (headers | {"webhook-id": "msg_2"}, body),
        lambda headers, body: (signed(f"whsec_{base64.b64encode(b'3' * 32).decode()}", body), body),
        lambda headers, body: (signed(NEW, body, datetime.now(UTC) - timedelta(minutes=6)), body),
        lambda headers, body: (signed(NEW, body, datetime.now(UTC) + timedelta(minutes=6)), body),
    ],
)
def test_what_no_live_secret_signed_now_is_refused(acme: Ingest, change: Callable[..., Any]) -> None:
    body = json.dumps(DELIVERY).encode()
    headers, sent = change(signed(NEW, body), body)
    answer = acme.client.post("/v1/webhooks/acme-crm", content=sent, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert acme.in_log(DEALS) == []


OTHERS = {
    "stripe": (
        'signing: {scheme: hmac, header: Stripe-Signature, prefix: v1=, between: ",", parts: [timestamp, body], '
        'separator: ".", timestamp: {header: Stripe-Signature, prefix: t=}, secrets: [new.secret]}'
    ),
    "pipedrive": "signing: {scheme: basic, user: crm, secrets: [old.secret, new.secret]}",
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_source_signs_as_its_vendor_does_and_what_is_malformed_is_refused_and_no_error(
    start_ingest: Callable[..., Ingest], sources: Path, name: str
) -> None:
    signing = SOURCE[SOURCE.index("signing:") : SOURCE.index("items:")]
    (sources / "acme.yaml").write_text(SOURCE.replace(signing, OTHERS[name] + "\n"))
    client = start_ingest(sources_dir=sources).client
    del client.headers["authorization"]
    body = json.dumps(DELIVERY).encode()
    header, good = {
        "stripe": ("stripe-signature", WebhookSignature.generate_signature_header(body.decode(), NEW)),
        "pipedrive": ("authorization", f"Basic {base64.b64encode(f'crm:{NEW}'.encode()).decode()}"),
    }[name]
    for sent in (b"", b"\xff\xe9", b"t=1,v1=", b"t=9999999999999999,v1=00", b"Basic \xe9", b"Basic " + b"=" * 9000):
        answer = client.post("/v1/webhooks/acme-crm", content=body, headers={header.encode(): sent})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), sent
    assert answer.headers["www-authenticate"] == {"stripe": "Bearer", "pipedrive": 'Basic realm="webhooks"'}[name]
    again = [client.post("/v1/webhooks/acme-crm", content=body, headers={header: good}) for _ in range(2)]
    assert [answer.status_code for answer in again] == [202, 202]
    assert again[0].json() == again[1].json(), "without a name a delivery is named after its bytes"


def test_signed_bytes_that_are_not_utf8_are_refused_not_an_error(acme: Ingest) -> None:
    headers = signed(NEW, b"{}")
    assert acme.client.post("/v1/webhooks/acme-crm", content=b"\xff{}", headers=headers).status_code == 401


def test_a_delivery_that_is_not_signed_is_told_what_it_lacks(acme: Ingest) -> None:
    answer = acme.client.post("/v1/webhooks/acme-crm", content=b"{}", headers={"webhook-id": "msg_1"})
    assert answer.status_code == 401
    assert "send the header webhook-timestamp" in answer.json()["detail"]


def test_an_unknown_source_is_not_found(acme: Ingest) -> None:
    assert acme.client.post("/v1/webhooks/other", content=b"{}", headers=signed(NEW, b"{}")).status_code == 404


def test_an_item_that_is_not_valid_is_named_and_the_sender_is_not_made_to_repeat_it(acme: Ingest) -> None:
    broken = json.loads(json.dumps(DELIVERY).replace("3/31/2025", "31 March"))
    body = json.dumps(broken).encode()
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert (answer.status_code, answer.json()["rejected"]) == (202, 1)
    assert answer.json()["results"][0]["errors"][0]["field"] == "data.fields.close_date"


def test_a_delivery_with_a_mistake_is_a_dead_letter_until_the_mapping_is_mended(acme: Ingest, sources: Path) -> None:
    body = json.dumps(DELIVERY).replace("3/31/2025", "31.3.2025").encode()
    acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert acme.in_log(DEALS) == []
    work_off(acme, sources)
    (letter,) = dead_letters.find(acme.engine, dead_letters.Filter())
    assert (letter.worker, letter.code, letter.record.value) == ("ingest.deliveries", "not_valid", body)
    assert letter.message.startswith("item 0: data.fields.close_date: '31.3.2025' is not written as dates are here")
    assert len(list(acme.log.scan(DELIVERIES.dead_letters))) == 1

    (sources / "acme.yaml").write_text(SOURCE.replace("%m/%d/%Y", "%d.%m.%Y"))
    assert dead_letters.replay(acme.engine, acme.log, which=dead_letters.Filter(), by="ops") == 1
    work_off(acme, sources)
    assert [fact["fields"]["close_date"] for fact in acme.in_log(DEALS)] == ["2025-03-31"]
    assert dead_letters.find(acme.engine, dead_letters.Filter()) == []


def test_sound_items_of_a_delivery_do_not_wait_for_the_others(acme: Ingest, sources: Path) -> None:
    broken = {**DELIVERY["events"][1], "event_id": "o2", "changed_at": "yesterday"}
    body = json.dumps({"events": [*DELIVERY["events"], broken]}).encode()
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
    assert len(acme.in_log(DEALS)) == 1


@pytest.mark.parametrize("body", [b"not json", b"7", b'"text"', b"[" * 100_000])
def test_signed_bytes_that_are_no_document_are_kept_too(acme: Ingest, sources: Path, body: bytes) -> None:
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert (answer.status_code, answer.json()["rejected"]) == (202, 1)
    work_off(acme, sources)
    (letter,) = dead_letters.find(acme.engine, dead_letters.Filter())
    assert letter.record.value == body


def test_many_deliveries_with_mistakes_do_not_stop_the_worker(acme: Ingest, sources: Path) -> None:
    for number in range(150):
        body = f"no json {number}".encode()
        acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body, name=f"msg_{number}"))
    work_off(acme, sources)
    assert len(dead_letters.find(acme.engine, dead_letters.Filter())) == 150


def test_a_delivery_of_a_source_that_is_gone_waits_for_its_return(acme: Ingest, sources: Path) -> None:
    acme.client.post("/v1/webhooks/acme-crm", content=b"x", headers=signed(NEW, b"x"))
    (sources / "acme.yaml").unlink()
    work_off(acme, sources)
    assert [letter.code for letter in dead_letters.find(acme.engine, dead_letters.Filter())] == ["unknown_source"]


def test_an_instant_with_a_fraction_is_an_instant(acme: Ingest) -> None:
    body = b'{"events": []}'
    headers = signed(NEW, body)
    headers["webhook-timestamp"] += ".5"
    assert acme.client.post("/v1/webhooks/acme-crm", content=body, headers=headers).status_code == 202


def test_of_a_large_body_without_a_sound_head_nothing_is_read(acme: Ingest) -> None:
    large, sound = b"x" * (MAX_RECORD_BYTES + 1), b"x" * 100_000

    def answer(source: str, body: bytes, headers: dict[str, str]) -> int:
        return acme.client.post(f"/v1/webhooks/{source}", content=body, headers=headers).status_code

    assert answer("acme-crm", large, {}) == 401
    assert answer("acme-crm", large, signed(NEW, large, datetime.now(UTC) - timedelta(minutes=6))) == 401
    assert answer("nobody", large, signed(NEW, large)) == 404
    assert answer("acme-crm", large, signed(NEW, large)) == 413
    assert answer("acme-crm", sound, signed(NEW, sound)) == 202


def test_a_repeated_delivery_says_the_same_facts_again(acme: Ingest) -> None:
    body = json.dumps(DELIVERY).encode()
    for _ in range(2):
        acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    first, again = acme.in_log(DEALS)
    assert first == again


def test_of_two_files_of_one_source_neither_is_used(sources: Path) -> None:
    (sources / "copy.yaml").write_text(SOURCE)
    both = Sources(sources)
    assert both.known == {}
    assert {each.reason for each in both.files} == {
        "source acme-crm is in acme.yaml and copy.yaml: leave it in one of them"
    }


def test_repairs_are_reported(acme: Ingest) -> None:
    body = json.dumps(DELIVERY).encode()
    answer = acme.client.post("/v1/webhooks/acme-crm", content=body, headers=signed(NEW, body))
    assert answer.json()["repairs"] == [{"index": 1, "field": "product", "was": "GTXPro", "now": "GTX Pro"}]
