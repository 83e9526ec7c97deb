"""`earnest source`: what is wrong in a file and how it is mended, what a body would become, and loading files again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from stripe import WebhookSignature

from earnest.local.drain import wait_until_drained
from earnest.local.system import System
from tests.command_line import earnest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "sources"
SECRET = "whsec_of_a_test"
PAID = {
    "id": "evt_1",
    "type": "invoice.paid",
    "created": 1743463860,
    "data": {
        "object": {
            "id": "in_1",
            "currency": "usd",
            "metadata": {"deal_id": "D1"},
            "amount_paid": 125050,
            "status_transitions": {"paid_at": 1743463800},
        }
    },
}


@pytest.fixture
def stripe(tmp_path: Path) -> Path:
    (tmp_path / "stripe.yaml").write_text((EXAMPLES / "stripe.yaml").read_text())
    (tmp_path / "stripe.secret").write_text(SECRET)
    (tmp_path / "body.json").write_text(json.dumps(PAID))
    return tmp_path


def signed(folder: Path, at: int | None = None) -> None:
    header = WebhookSignature.generate_signature_header((folder / "body.json").read_text(), SECRET, at)
    (folder / "headers.txt").write_text(f"POST /v1/webhooks/stripe HTTP/1.1\nStripe-Signature: {header}\nHost: x\n")


def test_check_names_what_is_wrong_with_line_and_mend(tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text(
        "source: crm\n"
        "signing: {scheme: hmac, header: X-Sig, algoritm: sha1, secrets: [crm.secret]}\n"
        "deal_id: $[\n"
        "fields:\n"
        "  amount: {path: $.a, scal: -2}\n"
        "splits: {holders: $.team, participant: $.who}\n"
    )
    done = earnest("source", "check", "crm.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "crm.yaml:2:40: error P102: there is no field algoritm here\n    did you mean algorithm?" in done.stdout
    assert "crm.yaml:3:10: error P107: '$[' is not a JSON path" in done.stdout
    assert "crm.yaml:5:23: error P102: there is no field scal here\n    did you mean scale?" in done.stdout
    assert "crm.yaml:6:1: error P107: say the share as one of percent, fraction and amount" in done.stdout
    assert "1 file: 4 errors" in done.stdout
    again = earnest("source", "check", "--json", ".", folder=tmp_path)
    assert [each["line"] for each in json.loads(again.stdout)] == [2, 3, 5, 6]


def test_check_looks_at_secrets_and_at_what_is_doubtful(stripe: Path) -> None:
    assert earnest("source", "check", "stripe.yaml", folder=stripe).stdout == "1 file: nothing to mend\n"
    (stripe / "stripe.secret").unlink()
    text = (stripe / "stripe.yaml").read_text()
    (stripe / "copy.yaml").write_text(text.replace("time: $.created", "sequence: $.created"))
    done = earnest("source", "check", ".", folder=stripe)
    assert done.returncode == 1
    assert "warning S102: there is no file stripe.secret beside it" in done.stdout
    assert "warning S201: an item counts from when its delivery was sent" in done.stdout
    assert "source stripe is in copy.yaml too, and then neither is used" in done.stdout
    (stripe / "stripe.secret").write_text("  \n")
    assert (
        "error S101: the secret stripe.secret cannot be used: it is empty"
        in earnest("source", "check", ".", folder=stripe).stdout
    )


@pytest.mark.parametrize(
    "text", ["", "- a\n", "a: [\n", "source: x\n---\nsource: y\n", "source: x\nsource: y\n", "a: &a [*a]\n"]
)
def test_check_never_fails_by_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    done = earnest("source", "check", "x.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "x.yaml:" in done.stdout


def test_test_shows_what_a_body_becomes_and_whether_it_is_proven(stripe: Path) -> None:
    signed(stripe)
    done = earnest("source", "test", "stripe.yaml", "body.json", "--headers", "headers.txt", folder=stripe)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Proven: yes, signed at " in done.stdout
    assert "Items: 1 taken, 0 not valid, 0 passed over" in done.stdout
    assert "event 0 (evt_1): deal D1, so since 2025-03-31T23:31:00.000000Z" in done.stdout
    assert "  payments.in_1: {'amount': '1250.50', 'date': '2025-03-31'}" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_test_shows_payments_by_account(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text((EXAMPLES / "bank.yaml").read_text())
    (tmp_path / "bank.secret").write_text("let-it-in")
    assert earnest("source", "check", "bank.yaml", folder=tmp_path).returncode == 0
    booking = {"id": "B1", "kind": "credit", "booked_at": "2025-03-05T09:00:00Z", "counterparty": {"name": "Acme"}}
    booking |= {"purpose": "D1", "amount": 1250.5, "currency": "EUR", "value_date": "2025-03-04"}
    bounced = booking | {"id": "B2", "kind": "chargeback", "amount": -1250.5, "reverses": "B1"}
    (tmp_path / "body.json").write_text(json.dumps({"bookings": [booking, bounced]}))
    (tmp_path / "headers.txt").write_text("Authorization: Bearer let-it-in\n")
    done = earnest("source", "test", "bank.yaml", "body.json", "--headers", "headers.txt", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "event 0 (B1): payment B1 by account, so since 2025-03-05T09:00:00.000000Z" in done.stdout
    assert "  account: Acme\n  currency: EUR\n  amount: 1250.5\n" in done.stdout
    assert "  amount: -1250.5\n  date: 2025-03-04\n  reference: B1\n" in done.stdout


def test_test_says_where_no_plan_says_what_own_fields_are(stripe: Path) -> None:
    text = (EXAMPLES / "stripe.yaml").read_text()
    rules = text.replace("\ndeal_id:", "\nfields: {custom.kind: $.type}\ndeal_id:", 1)
    (stripe / "stripe.yaml").write_text(rules)
    done = earnest("source", "test", "stripe.yaml", "body.json", folder=stripe)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Note: custom.kind: no plans are published where this runs" in done.stdout


def test_check_says_what_an_item_lies_in_where_its_path_passes_lists(stripe: Path) -> None:
    text = (EXAMPLES / "stripe.yaml").read_text().replace("deal_id: $.", "deal_id: ^.")
    for items, told in (("$.a[*].b[*]", True), ("[$.a, $.b]", False), ("$.a.b[*]", False)):
        (stripe / "stripe.yaml").write_text(f"{text}items: {items}\n")
        done = earnest("source", "check", "stripe.yaml", folder=stripe)
        assert done.returncode == 0, done.stdout
        assert ("note S202: ^ is that in which $.a[*].b[*]" in done.stdout) is told, done.stdout


def test_test_tells_a_forged_an_old_and_an_unsigned_delivery_apart(stripe: Path) -> None:
    signed(stripe, int(time.time()) - 9000)
    old = earnest("source", "test", "stripe.yaml", "body.json", "--headers", "headers.txt", folder=stripe)
    assert (old.returncode, "but its time of signing is more than 300 seconds from now" in old.stdout) == (0, True)
    (stripe / "body.json").write_text(json.dumps(PAID).replace("125050", "925050"))
    forged = earnest("source", "test", "stripe.yaml", "body.json", "--headers", "headers.txt", folder=stripe)
    assert forged.returncode == 1
    assert "Proven: no: the header stripe-signature does not match these bytes with any live secret" in forged.stdout
    unsigned = earnest("source", "test", "stripe.yaml", "body.json", folder=stripe)
    assert (unsigned.returncode, "Proven: not looked at; give the headers with --headers" in unsigned.stdout) == (
        0,
        True,
    )


def test_test_names_items_that_are_not_valid_or_passed_over(stripe: Path) -> None:
    (stripe / "body.json").write_text(json.dumps(PAID).replace('"D1"', '"the first"'))
    done = earnest("source", "test", "stripe.yaml", "body.json", folder=stripe)
    assert done.returncode == 1
    assert "event 0 (evt_1) is not valid:\n  data.deal_id: write letters without accents" in done.stdout
    (stripe / "body.json").write_text(json.dumps(PAID).replace("invoice.paid", "customer.created"))
    assert (
        "0 taken, 0 not valid, 1 passed over"
        in earnest("source", "test", "stripe.yaml", "body.json", folder=stripe).stdout
    )
    (stripe / "body.json").write_text(json.dumps(PAID).replace('"currency"', '"currenzy"'))
    done = earnest("source", "test", "stripe.yaml", "body.json", folder=stripe)
    assert done.returncode == 1
    assert "Note: no item has anything for when ($.data.object.currency)" in done.stdout
    assert "Nothing of this body is taken." in done.stdout
    (stripe / "body.json").write_text("no json")
    assert "the body is not JSON" in earnest("source", "test", "stripe.yaml", "body.json", folder=stripe).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("test", "nobody", "body.json"), "there is no file nobody, and no source of this name in"),
        (("test", "stripe.yaml", "nothing.json"), "nothing.json: No such file"),
        (("test", "body.json", "body.json"), "body.json: "),
        (("check", "nothing.yaml"), "nothing.yaml: there is no such file"),
        (("reload",), "nothing was started in"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(stripe: Path, arguments: tuple[str, ...], says: str) -> None:
    done = earnest("source", *arguments, folder=stripe)
    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr


PLAN = """
plan: rep
version: 1
name: Rep
currency: EUR
effective_from: 2025-01-01
columns: {margin: decimal, signed: date, renewal: yes_no}
credits: [{rule: own, when: margin > 100}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sales, rate: 10%}]
"""
SHOP = """
source: shop
signing: {scheme: token, header: X-Shop-Token, secrets: [shop.secret]}
notation: {decimal: ",", thousands: ".", currency_signs: €, round: 2, format: "%d.%m.%Y", yes: ja, no: nein}
items: $.orders
event: {id: $.id, time: {path: $.changed, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}}
deal_id: $.id
fields:
  stage: {constant: won}
  currency: {constant: EUR}
  amount: $.total
  close_date: $.sold
  owner: $.seller
  custom.margin: $.margin
  custom.signed: $.signed
  custom.renewal: $.renewal
"""
ORDER = {"id": "S1", "changed": "31.03.2025 10:15", "total": "1.234,565 €", "sold": "31.03.2025", "seller": "ann"}
ORDER |= {"margin": "1.250,50", "signed": "28.02.2025", "renewal": "ja"}


def reads_its_own_notation(system: System, folder: Path) -> None:
    """What a source says of thousands, decimals and dates holds for its trial and its delivery alike, of the company's
    own fields as of deals'.
    """
    (folder / "plan.yaml").write_text(PLAN)
    (folder / "roster.csv").write_text("participant_id,plan\nann,rep\n")
    (folder / "body.json").write_text(json.dumps({"orders": [ORDER, ORDER | {"id": "S2", "margin": "12,50,0"}]}))
    (folder / "headers.txt").write_text("X-Shop-Token: hush\n")
    (system.home.sources / "shop.yaml").write_text(SHOP)
    (system.home.sources / "shop.secret").write_text("hush")
    home = {"EARNEST_HOME": str(system.home.path)}
    for words in (("plan", "publish", "plan.yaml"), ("roster", "load", "roster.csv"), ("source", "reload")):
        done = earnest(*words, folder=folder, environment=home)
        assert done.returncode == 0, done.stdout + done.stderr
    tried = earnest("source", "test", "shop", "body.json", "--headers", "headers.txt", folder=folder, environment=home)
    assert "event 0 (S1): deal S1, so since 2025-03-31T08:15:00.000000Z" in tried.stdout
    for said in ("amount: 1234.57", "custom.margin: 1250.50", "custom.signed: 2025-02-28", "custom.renewal: yes"):
        assert f"  {said}\n" in tried.stdout
    assert "data.fields.custom.margin: '12,50,0' is not a number as it is written here" in tried.stdout
    url = f"{system.urls['ingest']}/v1/webhooks/shop"
    answer = httpx.post(url, content=(folder / "body.json").read_bytes(), headers={"X-Shop-Token": "hush"})
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 1, 1)
    wait_until_drained(system.settings, lambda _: None)
    exported = earnest("export", "deals", folder=folder, environment=home).stdout.splitlines()
    assert exported == [
        "deal_id,stage,amount,currency,close_date,owner,margin,renewal,signed",
        "S1,won,1234.57,EUR,2025-03-31,ann,1250.50,yes,2025-02-28",
    ]
    assert earnest("export", "lines", folder=folder, environment=home).stdout.rstrip().endswith(",123.46,EUR")


def test_a_running_installation_takes_changed_files_without_a_restart(system: System, tmp_path: Path) -> None:
    def source(*arguments: str) -> tuple[int, str]:
        done = earnest("source", *arguments, environment={"EARNEST_HOME": str(system.home.path)})
        return done.returncode, done.stdout + done.stderr

    def deliver() -> int:
        headers = {"Stripe-Signature": WebhookSignature.generate_signature_header(json.dumps(PAID), SECRET)}
        url = f"{system.urls['ingest']}/v1/webhooks/stripe"
        return httpx.post(url, content=json.dumps(PAID), headers=headers).status_code

    folder = system.home.sources
    assert source("reload") == (0, "Loaded by 1 process: no source\n")
    (folder / "stripe.yaml").write_text((EXAMPLES / "stripe.yaml").read_text())
    (folder / "stripe.secret").write_text(SECRET)
    assert deliver() == 404
    assert "changed since it was loaded: earnest source reload" in source("list")[1]
    assert source("reload") == (0, "Loaded by 1 process: stripe\n")
    assert deliver() == 202
    reads_its_own_notation(system, tmp_path)
    assert "used" in source("list")[1].split("stripe.yaml")[1]
    (folder / "stripe.yaml").write_text("source: stripe\nfeilds: {}\n")
    code, said = source("reload")
    assert (code, "stripe (stripe.yaml) is stopped: " in said) == (1, True)
    assert deliver() == 503
    metrics = httpx.get(f"{system.urls['ingest']}/metrics").text
    assert 'earnest_ingest_sources{state="stopped"} 1.0' in metrics
    assert "source.stopped" in (system.home.logs / "ingest.log").read_text()
