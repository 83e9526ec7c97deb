"""Deliveries signed by the vendors' own libraries are proven, and what anybody else could have made is not.

Each vendor is a source file as docs/integrator.md shows it; what its library signs is the truth here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import svix
import yaml
from hubspot.utils.signature import Signature as HubSpot
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from standardwebhooks import Webhook
from stripe import WebhookSignature as Stripe

from services.ingest.proofs import NotProven, Proven, Request
from services.ingest.signatures import Signature, Signing

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2025, 3, 31, 12, 0, 7, tzinfo=UTC)
BODY = '{"id": "evt_1", "amount": 125050, "who": "Zoë"}'
URL = "https://hooks.example.com/v1/webhooks/crm"
WHSEC = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
TEXT = "yyyyyyyy-yyyy-yyyy"


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def _stripe(secret: str, body: str, at: datetime) -> dict[str, str]:
    return {"stripe-signature": Stripe.generate_signature_header(body, secret, seconds(at))}


def _hubspot(version: str, header: str, query: str = "") -> Callable[..., dict[str, str]]:
    def sign(secret: str, body: str, at: datetime) -> dict[str, str]:
        stamp = str(seconds(at) * 1000)
        signed = HubSpot.get_signature(secret, body, version, URL + query, "POST", stamp)
        return {header: signed, "x-hubspot-request-timestamp": stamp}

    return sign


def _standard(secret: str, body: str, at: datetime) -> dict[str, str]:
    signed = Webhook(secret).sign("msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(seconds(at)), "webhook-signature": signed}


def _svix(secret: str, body: str, at: datetime) -> dict[str, str]:
    signed = svix.Webhook(secret).sign("msg_1", at, body)
    return {"svix-id": "msg_1", "svix-timestamp": str(seconds(at)), "svix-signature": signed}


def _hex_hmac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _close(secret: str, body: str, at: datetime) -> dict[str, str]:
    """As Close documents it: the key in hexadecimal digits, the time before the body."""
    stamp = str(seconds(at))
    return {"close-sig-timestamp": stamp, "close-sig-hash": _hex_hmac(bytes.fromhex(secret), stamp + body)}


def _attio(secret: str, body: str, at: datetime) -> dict[str, str]:
    return {"attio-signature": _hex_hmac(secret.encode(), body), "idempotency-key": "key-7"}


def _pipedrive(secret: str, body: str, at: datetime) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'crm:{secret}'.encode()).decode()}"}


def _bearer(secret: str, body: str, at: datetime) -> dict[str, str]:
    return {"authorization": f"bearer {secret}"}


def _token(secret: str, body: str, at: datetime) -> dict[str, str]:
    return {"x-token": secret}


def _zendesk(secret: str, body: str, at: datetime) -> dict[str, str]:
    """As Zendesk documents it: an ISO time before the body, in base64."""
    stamp = at.isoformat().replace("+00:00", "Z")
    made = hmac.new(secret.encode(), (stamp + body).encode(), hashlib.sha256).digest()
    return {"x-signature": base64.b64encode(made).decode(), "x-signature-timestamp": stamp}


def _zoom(secret: str, body: str, at: datetime) -> dict[str, str]:
    stamp = str(seconds(at))
    return {"x-zm-request-timestamp": stamp, "x-zm-signature": "v0=" + _hex_hmac(secret.encode(), f"v0:{stamp}:{body}")}


@dataclass(frozen=True)
class Vendor:
    signing: str
    sign: Callable[[str, str, datetime], dict[str, str]]
    secret: str = TEXT
    query: str = ""

    @property
    def scheme(self) -> Any:
        data = yaml.safe_load(self.signing) | {"secrets": ["a.secret"]}
        return TypeAdapter(Signing).validate_python(data)


VENDORS: Mapping[str, Vendor] = {
    "stripe": Vendor(
        "{scheme: hmac, header: Stripe-Signature, prefix: v1=, between: ',', parts: [timestamp, body], separator: ., "
        "timestamp: {header: Stripe-Signature, prefix: t=}}",
        _stripe,
        WHSEC,
    ),
    "hubspot v1": Vendor(
        "{scheme: hmac, header: X-HubSpot-Signature, parts: [secret, body]}", _hubspot("v1", "x-hubspot-signature")
    ),
    "hubspot v2": Vendor(
        f"{{scheme: hmac, header: X-HubSpot-Signature, parts: [secret, method, url, body], url: '{URL}'}}",
        _hubspot("v2", "x-hubspot-signature", "?portal=1"),
        query="portal=1",
    ),
    "hubspot v3": Vendor(
        f"{{scheme: hmac, header: X-HubSpot-Signature-v3, encoding: base64, url: '{URL}', "
        "parts: [method, decoded_url, body, timestamp], "
        "timestamp: {header: X-HubSpot-Request-Timestamp, unit: ms}}",
        _hubspot("v3", "x-hubspot-signature-v3", "?at=a:b/c@d!$'()*,;&x=%20%25"),
        query="at=a%3Ab%2fc%40d%21%24%27%28%29%2A%2C%3B&x=%20%25",
    ),
    "standard webhooks": Vendor("{scheme: standard-webhooks}", _standard, WHSEC),
    "svix": Vendor(
        "{scheme: standard-webhooks, header: svix-signature, id: svix-id, timestamp: {header: svix-timestamp}}",
        _svix,
        WHSEC,
    ),
    "close": Vendor(
        "{scheme: hmac, header: close-sig-hash, secrets_are: hex, parts: [timestamp, body], "
        "timestamp: {header: close-sig-timestamp}}",
        _close,
        bytes(range(32)).hex(),
    ),
    "attio": Vendor("{scheme: hmac, header: Attio-Signature, id: Idempotency-Key}", _attio),
    "zendesk": Vendor(
        "{scheme: hmac, header: X-Signature, encoding: base64, parts: [timestamp, body], "
        "timestamp: {header: X-Signature-Timestamp, unit: iso}}",
        _zendesk,
    ),
    "zoom": Vendor(
        "{scheme: hmac, header: x-zm-signature, prefix: v0=, parts: [{text: v0}, timestamp, body], separator: ':', "
        "timestamp: {header: x-zm-request-timestamp}}",
        _zoom,
    ),
    "pipedrive": Vendor("{scheme: basic, user: crm}", _pipedrive),
    "bearer": Vendor("{scheme: bearer}", _bearer),
    "token": Vendor("{scheme: token, header: X-Token}", _token),
}
SIGNED = {name: vendor for name, vendor in VENDORS.items() if isinstance(vendor.scheme, Signature)}
TIMED = {name: vendor for name, vendor in SIGNED.items() if vendor.scheme.timestamp is not None}


def proven(vendor: Vendor, request: Request, *secrets: str, now: datetime = NOW) -> Proven:
    scheme = vendor.scheme
    found = scheme.proven([scheme.key(secret) for secret in secrets or (vendor.secret,)], request)
    scheme.check_time(found, now)
    return found


def delivered(vendor: Vendor, at: datetime = NOW, body: str = BODY, secret: str | None = None) -> Request:
    headers = vendor.sign(secret or vendor.secret, body, at)
    return Request(body=body.encode(), headers=headers, query=vendor.query)


@pytest.mark.parametrize("name", VENDORS)
def test_what_the_vendor_signed_is_proven_with_its_time(name: str) -> None:
    found = proven(VENDORS[name], delivered(VENDORS[name]))
    assert found.signed_at == (NOW if name in TIMED else None)
    assert found.name == {"standard webhooks": "msg_1", "svix": "msg_1", "attio": "key-7"}.get(name)


@pytest.mark.parametrize("name", VENDORS)
def test_every_live_secret_is_good_and_no_other(name: str) -> None:
    vendor = VENDORS[name]
    other = {WHSEC: f"whsec_{base64.b64encode(bytes(32)).decode()}", TEXT: "another"}.get(vendor.secret, "00" * 32)
    proven(vendor, delivered(vendor), other, vendor.secret)
    with pytest.raises(NotProven):
        proven(vendor, delivered(vendor), other)


@pytest.mark.parametrize("name", SIGNED)
def test_other_bytes_another_method_or_address_are_not_what_was_signed(name: str) -> None:
    vendor = SIGNED[name]
    request = delivered(vendor)
    changed = [replace(request, body=request.body.replace(b"125050", b"925050")), replace(request, body=b"\xff\x00")]
    changed += [replace(request, method="PUT")] if "method" in vendor.scheme.parts else []
    changed += [replace(request, query="portal=2")] if vendor.query else []
    for forged in changed:
        with pytest.raises(NotProven, match="does not match these bytes"):
            proven(vendor, forged)


@pytest.mark.parametrize("name", VENDORS)
def test_a_cut_an_empty_or_a_missing_proof_is_none(name: str) -> None:
    vendor = VENDORS[name]
    request = delivered(vendor)
    header = vendor.scheme.place.header
    for text in (request.headers[header][:-1], request.headers[header][:9], "", " ", vendor.scheme.place.prefix):
        with pytest.raises(NotProven):
            proven(vendor, replace(request, headers=request.headers | {header: text}))
    for missing in vendor.scheme.headers:
        with pytest.raises(NotProven, match=f"send the header {missing}"):
            proven(vendor, replace(request, headers={k: v for k, v in request.headers.items() if k != missing}))


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(
    ("off", "good"), [(-299, True), (299, True), (-302, False), (302, False), (-86_400 * 40_000, False)]
)
def test_what_was_recorded_and_what_is_from_the_future_is_refused(name: str, off: int, good: bool) -> None:
    """Both ways: some vendors' own libraries take any time to come."""
    vendor = TIMED[name]
    try:
        request = delivered(vendor, NOW + timedelta(seconds=off))
    except ValueError:
        pytest.skip("the vendor's library cannot sign so early a time")
    if good:
        proven(vendor, request)
        return
    with pytest.raises(NotProven, match=r"seconds from now|no time"):
        proven(vendor, request)


@pytest.mark.parametrize("name", VENDORS)
@given(data=st.data())
def test_no_header_whatever_it_holds_is_an_error_or_a_proof(name: str, data: st.DataObject) -> None:
    vendor = VENDORS[name]
    request = delivered(vendor)
    text = st.one_of(
        st.text(st.characters(codec="latin-1"), max_size=40),
        st.sampled_from(list(request.headers.values())).flatmap(
            lambda value: st.tuples(
                st.integers(0, len(value)), st.text(st.characters(codec="latin-1"), min_size=1, max_size=3)
            ).map(lambda cut: value[: cut[0]] + cut[1] + value[cut[0] + 1 :])
        ),
    )
    header = data.draw(st.sampled_from(vendor.scheme.headers))
    value = data.draw(text)
    changed = replace(request, headers=request.headers | {header: value})
    try:
        proven(vendor, changed)
    except NotProven:
        return
    # Only what says the same in another way is taken: hexadecimal digits and names in another case, blanks around.
    assert (
        value.strip().lower().replace(" ", "") == request.headers[header].lower().replace(" ", "")
        or "," in value + request.headers[header]
    )


@pytest.mark.parametrize("name", ["stripe", "standard webhooks", "svix"])
def test_one_of_several_signatures_in_a_header_is_enough(name: str) -> None:
    vendor = VENDORS[name]
    request, between = delivered(vendor), vendor.scheme.between
    header = vendor.scheme.header
    own = request.headers[header]
    forged = {"stripe": "v1=" + "0" * 64, "svix": "v1,AAAA", "standard webhooks": "v1,AAAA"}[name]
    proven(vendor, replace(request, headers=request.headers | {header: f"{own}{between}{forged}{between}v0=é"}))
    proven(vendor, replace(request, headers=request.headers | {header: f"{forged}{between}{own}"}))
    with pytest.raises(NotProven):
        proven(vendor, replace(request, headers=request.headers | {header: own.replace("v1", "v0")}))


def test_hubspots_published_example_is_what_we_make() -> None:
    """The values of the vendor's page on validating requests, second version."""
    vendor = Vendor(
        "{scheme: hmac, header: X-HubSpot-Signature, parts: [secret, method, url, body], url: 'https://www.example.com/webhook_uri'}",
        _token,
        "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
    )
    headers = {"x-hubspot-signature": "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"}
    proven(vendor, Request(body=b"", headers=headers, method="GET"))


@pytest.mark.parametrize(
    ("signing", "says"),
    [
        ("{scheme: hmac, header: X, parts: [timestamp]}", "body must be one of the parts"),
        ("{scheme: hmac, header: X, parts: [timestamp, body]}", "say `timestamp`, where it is"),
        ("{scheme: hmac, header: X, parts: [id, body]}", "say `id`, where it is"),
        ("{scheme: hmac, header: X, parts: [decoded_url, body]}", "say `url`, where it is"),
        ("{scheme: hmac, header: X, timestamp: {header: T}}", "a time that is not signed proves nothing"),
        ("{scheme: hmac, header: X, parts: [v0, body]}", "there is no part v0"),
        ("{scheme: hmac, header: X, parts: [url, body], url: 'https://a.example/?b'}", "without ?"),
        ("{scheme: hmac, header: X, tolerance: 0}", "greater than or equal to 1"),
        ("{scheme: basic}", "user"),
        ("{scheme: basic, user: 'a:b'}", "user"),
        ("{scheme: magic}", "scheme"),
    ],
)
def test_a_signing_that_would_prove_nothing_is_refused_with_a_reason(signing: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _ = Vendor(signing, _token).scheme
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("secrets_are", "secret"),
    [
        ("hex", "xyz"),
        ("hex", "abc"),
        ("base64", "é"),
        ("whsec", "whsec_"),
        ("whsec", "whsec_abcde"),
        ("text", ""),
        ("hex", ""),
    ],
)
def test_a_secret_that_is_not_written_as_said_is_none_and_stays_out_of_the_message(
    secrets_are: str, secret: str
) -> None:
    scheme = Vendor(f"{{scheme: hmac, header: X, secrets_are: {secrets_are}}}", _token).scheme
    with pytest.raises(ValueError, match=r"it is not|it is empty") as caught:
        scheme.key(secret)
    assert secret in ("", "whsec_") or secret not in str(caught.value)


def test_the_page_for_integrators_shows_each_vendor_as_it_is_proven_here() -> None:
    page = (ROOT / "docs" / "integrator.md").read_text()
    rows = dict(re.findall(r"^\| (\w[\w, ]*) \| `(\{scheme: .*\})` \|$", page, re.MULTILINE))
    shown = {
        name: TypeAdapter(Signing).validate_python(yaml.safe_load(row) | {"secrets": ["a.secret"]})
        for name, row in rows.items()
    }
    names = {"HubSpot, version 1": "hubspot v1", "HubSpot, version 2": "hubspot v2", "HubSpot, version 3": "hubspot v3"}
    assert len(shown) == 10
    for name, signing in shown.items():
        ours = VENDORS[names.get(name, name.lower())].scheme
        differ = {field for field, value in signing if value != getattr(ours, field)}
        assert differ <= {"url", "user", "header", "timestamp"}, name
        assert name == "Zendesk" or differ <= {"url", "user"}, name
