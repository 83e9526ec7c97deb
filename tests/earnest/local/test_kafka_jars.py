"""Fetching the jars of Kafka where a proxy stands between this machine and everything else."""

from __future__ import annotations

import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from earnest.local.kafka_jars import fetch
from earnest.local.processes import LocalError


def self_signed(folder: Path) -> Path:
    """A key and a certificate that nobody trusts, in one PEM file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "proxy.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_download_behind_a_proxy_with_a_certificate_of_its_own_names_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path))

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass  # CONNECT and its headers
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with pytest.raises(ssl.SSLError):
                tls.wrap_socket(self.request, server_side=True)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(LocalError, match=r"could not be downloaded.*set REQUESTS_CA_BUNDLE to a PEM file"):
            fetch(tmp_path / "jars")
        proxy.shutdown()
