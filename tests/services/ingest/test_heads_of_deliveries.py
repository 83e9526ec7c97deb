"""By the head of a delivery alone shows whether its body is worth reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from services.ingest.proofs import NotProven, Request
from tests.services.ingest.test_signing_as_vendors_sign import NOW, SIGNED, TIMED, VENDORS, Vendor, delivered


def headed(vendor: Vendor, headers: Mapping[str, str], secret: str | None = None) -> None:
    """Look at the head alone, as it is before the body is read."""
    request = Request(body=b"", headers=headers, query=vendor.query)
    vendor.scheme.check_head([vendor.scheme.key(secret or vendor.secret)], request, now=NOW)


@pytest.mark.parametrize("name", VENDORS)
def test_before_the_body_is_read_the_head_shows_what_can_be_no_proof(name: str) -> None:
    vendor = VENDORS[name]
    headers = delivered(vendor).headers
    headed(vendor, headers)
    for missing in vendor.scheme.headers:
        with pytest.raises(NotProven):
            headed(vendor, {header: text for header, text in headers.items() if header != missing})
    with pytest.raises(NotProven):
        headed(vendor, {**headers, vendor.scheme.place.header: ""})
    if name in TIMED:
        with pytest.raises(NotProven):
            headed(vendor, delivered(vendor, NOW - timedelta(hours=1)).headers)
    if name not in SIGNED:  # there the head is all of the proof
        with pytest.raises(NotProven):
            headed(vendor, headers, "another")
