"""What the three S3 libraries send: the payer, the place of the bucket, and to whom, over real HTTP and TLS."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
import s3fs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from tests.aws_services import s3_with_roles
from tests.integration.lax_s3 import lax_s3

from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.s3_access.clients import delta_options, obstore_client, s3fs_options
from partition_gate.adapters.s3_access.service import FixedCredentials, S3Service
from partition_gate.adapters.storage import S3Access, Storage
from partition_gate.adapters.warehouse_delta.table_log import load
from partition_gate.core.errors import StoreUnreachable
from partition_gate.core.partition import Location

KEY = FixedCredentials.of_key("someone", "hush")


def list_it(service: S3Service) -> None:
    s3fs.S3FileSystem(**s3fs_options(service, KEY.current(), call_s=5)).ls("landing")


def read_it(service: S3Service) -> None:
    obstore.head(obstore_client(service, "landing", try_s=5, retries=0), "a")


def load_it(service: S3Service) -> None:
    with pytest.raises(TableNotFoundError):  # not `is_deltatable`, which stops all of Python, and so the server
        DeltaTable("s3://landing/table", storage_options=delta_options(service, KEY.current(), "landing", call_s=5))


LIBRARIES = pytest.mark.parametrize("use", [list_it, read_it, load_it])


@LIBRARIES
@pytest.mark.parametrize(("pays", "header"), [(True, "requester"), (False, None)])
def test_each_library_says_who_pays(use: Callable[[S3Service], None], *, pays: bool, header: str | None) -> None:
    with lax_s3() as server:
        server.objects["/landing/a"] = b"1"
        use(S3Service(url=server.url, credentials=KEY, requester_pays=pays))

    assert {each.get("x-amz-request-payer") for each in server.headers} == {header}


@pytest.mark.parametrize(
    ("url", "virtual_hosts", "bucket", "address", "in_host"),
    [
        (None, None, "landing", None, True),
        (None, None, "a.b", None, False),
        (None, False, "landing", None, False),
        ("https://s3.example.org:9000", None, "landing", "https://s3.example.org:9000", False),
        ("https://s3.example.org:9000", True, "landing", "https://landing.s3.example.org:9000", True),
    ],
)
def test_the_bucket_is_named_in_the_path_or_in_the_host(
    url: str | None,
    *,
    virtual_hosts: bool | None,
    bucket: str,
    address: str | None,
    in_host: bool,
) -> None:
    service = S3Service(url=url, credentials=KEY, virtual_hosts=virtual_hosts)

    assert (service.address_of(bucket), service.names_in_host(bucket)) == (address, in_host)


def test_a_private_ca_is_trusted_where_it_is_stated_and_else_named_as_the_reason(tmp_path: Path) -> None:
    write_certificates(tmp_path)
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")
    with s3_with_roles(tmp_path / "aws", certificates=tmp_path) as aws:
        key = FixedCredentials.of_key(aws.access_key_id, aws.secret_access_key)
        trusting = S3Service(url=aws.tls_url, credentials=key, ca_bundle=tmp_path / "ca.pem")
        strange = S3Service(url=aws.tls_url, credentials=key)

        assert S3ObjectStore(Endpoint(trusting)).list_files(location, "snapshot") == ()
        Storage("s3://warehouse/a", S3Access(lambda: trusting)).put("b", b"1")
        with pytest.raises(StoreUnreachable, match="certificate is not trusted; set GATE_S3_CA_BUNDLE"):
            S3ObjectStore(Endpoint(strange)).list_files(location, "snapshot")
        with pytest.raises(StoreUnreachable, match="certificate is not trusted; set GATE_S3_CA_BUNDLE"):
            Storage("s3://warehouse/a", S3Access(lambda: strange)).get("b")
        with pytest.raises(StoreUnreachable, match="for Delta tables the variable SSL_CERT_FILE"):
            load(Storage("s3://warehouse", S3Access(lambda: trusting, call_s=5)), "table")


def write_certificates(folder: Path) -> None:
    """`ca.pem`, and `server.pem` and `server.key` of 127.0.0.1 signed by it."""
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    ca = _certificate(name, name, ca_key).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    server = _certificate(own, name, server_key).add_extension(address, critical=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "server.pem").write_bytes(server.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    unencrypted = serialization.NoEncryption()
    (folder / "server.key").write_bytes(server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )
