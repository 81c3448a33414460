"""Every way in which a machine gets S3 credentials, with a real S3 and STS: each carries a whole run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from tests.aws_services import ROLE, MetadataService, S3WithRoles, metadata_service, s3_with_roles, without_aws
from tests.integration.test_gate_run import KEY, Desk
from tests.object_storage import endpoint_of

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.examination import LandingProbe
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.s3_access.refusals import refusal
from partition_gate.adapters.s3_access.service import FixedCredentials
from partition_gate.core.errors import AccessDenied, InvalidSetting, StoreUnreachable
from partition_gate.core.partition import Location
from partition_gate.gate.pipeline import run_partition
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

LATER = "2026-01-02"
Environment = dict[str, str]
Way = Callable[[S3WithRoles, MetadataService, Path], Environment]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3WithRoles]:
    with s3_with_roles(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture
def metadata(aws: S3WithRoles) -> Iterator[MetadataService]:
    with metadata_service(aws) as service:
        yield service


def our_own_key(s3: S3WithRoles, _: MetadataService, folder: Path) -> Environment:
    return our_key(s3)


def our_own_session(s3: S3WithRoles, _: MetadataService, folder: Path) -> Environment:
    session = s3.session()
    return {
        "GATE_S3_ACCESS_KEY_ID": session["AccessKeyId"],
        "GATE_S3_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "GATE_S3_SESSION_TOKEN": session["SessionToken"],
    }


def an_assumed_role(s3: S3WithRoles, _: MetadataService, folder: Path) -> Environment:
    return {**our_own_key(s3, _, folder), "GATE_S3_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": s3.url}


def variables_of_aws(s3: S3WithRoles, _: MetadataService, folder: Path) -> Environment:
    session = s3.session()
    return {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


def a_profile(s3: S3WithRoles, _: MetadataService, folder: Path) -> Environment:
    file = folder / "credentials"
    lines = ["[gate]", f"aws_access_key_id = {s3.access_key_id}", f"aws_secret_access_key = {s3.secret_access_key}"]
    file.write_text("\n".join(lines))
    return {"AWS_PROFILE": "gate", "AWS_SHARED_CREDENTIALS_FILE": str(file)}


def a_web_identity(_: S3WithRoles, metadata: MetadataService, folder: Path) -> Environment:
    (file := folder / "token").write_text(metadata.token)
    return {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_STS": metadata.url,
    }


def a_container(_: S3WithRoles, metadata: MetadataService, folder: Path) -> Environment:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{metadata.url}/container",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": metadata.token,
    }


def an_instance(_: S3WithRoles, metadata: MetadataService, folder: Path) -> Environment:
    return {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url,
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_METADATA_SERVICE_TIMEOUT": "10",  # the machine that runs the tests may be busy
    }


WAYS = (
    our_own_key,
    our_own_session,
    an_assumed_role,
    variables_of_aws,
    a_profile,
    a_web_identity,
    a_container,
    an_instance,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_run_lands_publishes_and_quarantines_on_s3_with_the_credentials_of(
    aws: S3WithRoles, metadata: MetadataService, tmp_path: Path, way: Way
) -> None:
    desk = landed_on(aws, tmp_path)
    desk.environment = {**on_s3(aws, tmp_path), **way(aws, metadata, tmp_path)}

    _, document = desk.run()

    rows = (document["rows_published"], document["rows_quarantined"])
    assert (document["outcome"], rows) == ("published_with_quarantine", (99, 1)), document["why"]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (our_own_session, ("the setting GATE_S3_ACCESS_KEY_ID", False)),
        (an_assumed_role, (f"the role {ROLE}, assumed with the setting GATE_S3_ACCESS_KEY_ID", True)),
        (variables_of_aws, ("the environment (AWS_ACCESS_KEY_ID)", False)),
        (a_profile, ("the profile gate (credentials file)", False)),
        (a_web_identity, ("a web identity (AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE)", True)),
        (a_container, ("the role of the container", True)),
        (an_instance, ("the role of the instance", True)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_credentials_say_where_they_came_from_and_whether_they_last(
    aws: S3WithRoles,
    metadata: MetadataService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Way,
    expected: tuple[str, bool],
) -> None:
    environment = {**on_s3(aws, tmp_path), **way(aws, metadata, tmp_path), "GATE_HOME": str(tmp_path)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with open_ports(load_settings(environment)) as ports:
        found = ports.s3_service().credentials.current()
    assert (found.origin, found.is_renewed) == expected


@pytest.mark.parametrize("expires", ["2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_key_of_the_environment_that_states_its_end_is_not_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expires: str
) -> None:
    """botocore asks for it again as if it were; it finds the same key."""
    stated = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "hush"}
    for name, value in {**stated, "AWS_CREDENTIAL_EXPIRATION": expires}.items():
        monkeypatch.setenv(name, value)

    with open_ports(load_settings({"GATE_HOME": str(tmp_path)})) as ports:
        source = ports.s3_service().credentials
        if expires > "2999":
            assert not source.current().is_renewed
        else:
            with pytest.raises(AccessDenied, match=r"have expired \(the environment \(AWS_ACCESS_KEY_ID\)\); renew"):
                source.current()


def test_an_expired_token_is_named_with_its_source_and_how_to_renew_it() -> None:
    """Of the message only: the server of these tests answers an expired token with another code."""
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "secret"}}, "ListObjectsV2")

    said = refusal(error, right="s3:ListBucket", uri="s3://landing", who="the profile gate (config file)")

    assert said == (
        "rejects our credentials (the profile gate (config file)): their session token has expired (ExpiredToken); "
        "renew it where it comes from, such as with `aws sso login`; a role in GATE_S3_ROLE_ARN is renewed by the gate"
    )


@pytest.mark.parametrize("trial", ["read", "read_if_unchanged"])
def test_a_key_that_is_not_accepted_is_no_silent_server(s3: EmbeddedS3, trial: str) -> None:
    """The client of the listing has no exception of its own for it, as for Amazon's answers with status 400."""
    endpoint = endpoint_of(s3)
    LandingWriter(endpoint).put("s3://landing/refused/part-0.parquet", b"PAR1")
    stranger = FixedCredentials.of_key("AKIASTRANGER", "hush", origin="a test")
    service = replace(endpoint.service, credentials=stranger)
    probe = LandingProbe(replace(endpoint, service=service), "s3://landing/refused")

    with pytest.raises(AccessDenied, match=r"rejects our credentials \(InvalidAccessKeyId\)"):
        getattr(probe, trial)()


def test_a_right_that_is_missing_is_named_with_the_role_and_the_statement(tmp_path: Path) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}]}
    with s3_with_roles(tmp_path / "aws", policy=nothing) as aws:
        settings = load_settings(
            {**our_key(aws), "GATE_S3_ROLE_ARN": ROLE, "GATE_S3_ENDPOINT_URL": aws.url, "GATE_HOME": str(tmp_path)}
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
            with open_ports(settings) as ports, pytest.raises(AccessDenied) as raised:
                ports.store.partition_keys(Location(root="s3://landing/orders", segments=(), pattern="*.parquet"))

    said = "does not allow us s3:ListBucket (AccessDenied); our credentials (the role"
    assert f"{said} {ROLE}, assumed with" in str(raised.value)
    assert '{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::landing"}' in str(raised.value)


def test_a_run_outlives_the_token_that_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client was opened with a session that is refused when the second partition comes. (The metadata service of
    an instance is no use here: botocore keeps its credentials beyond their expiry.)
    """
    with s3_with_roles(tmp_path / "aws", lifetime=timedelta(seconds=4)) as aws, metadata_service(aws) as metadata:
        desk = landed_on(aws, tmp_path)
        settings = {**on_s3(aws, tmp_path), **a_container(aws, metadata, tmp_path)}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with open_ports(load_settings({**settings, "GATE_HOME": str(desk.home)})) as ports:
            today = ContractFolder(tmp_path / "none", tmp_path / "none").load(str(desk.contract))
            outcomes = [run_partition(today, KEY, ports=ports).settlement]
            land(aws, tmp_path, LATER)
            time.sleep(5)
            outcomes.append(run_partition(today, LATER, ports=ports).settlement)

    assert [(each.outcome.value, each.rows_published) for each in outcomes] == [("published_with_quarantine", 99)] * 2


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, r"no credentials for S3; set GATE_S3_ACCESS_KEY_ID .* or give the machine a role"),
        ({"AWS_PROFILE": "absent"}, "the profile is not in AWS's configuration files; correct AWS_PROFILE"),
        (
            {"GATE_S3_ROLE_ARN": "arn:aws:iam::1:role/another", "AWS_ENDPOINT_URL_STS": "{s3}"},
            r"role arn:aws:iam::1:role/another are refused \(STS answers \w+\); the setting GATE_S3_ACCESS_KEY_ID needs"
            r' a policy with {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::1:role/another"'
            "}, and the role a trust policy with",
        ),
        (
            {"GATE_S3_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"},
            "their service does not answer .* AWS_ENDPOINT_URL_STS",
        ),
    ],
    ids=["nothing is set", "no such profile", "a role of strangers", "no STS"],
)
def test_credentials_that_cannot_be_had_are_one_sentence_with_the_next_step(
    aws: S3WithRoles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Environment,
    why: str,
) -> None:
    given = {name: value.replace("{s3}", aws.url) for name, value in settings.items()}
    given |= our_key(aws) if "GATE_S3_ROLE_ARN" in settings else {}
    environment = {**on_s3(aws, tmp_path), **given}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")

    with (
        open_ports(load_settings({**environment, "GATE_HOME": str(tmp_path)})) as ports,
        pytest.raises((AccessDenied, StoreUnreachable), match=why) as raised,
    ):
        ports.store.partition_keys(location)

    assert aws.secret_access_key not in str(raised.value)


def test_the_endpoint_of_the_contract_s_server_is_the_one_that_is_read(aws: S3WithRoles, tmp_path: Path) -> None:
    """The settings name another one, where nothing listens, for servers that name none."""
    desk = landed_on(aws, tmp_path, endpointUrl=aws.url)
    desk.environment = {**without_aws(), "GATE_S3_ENDPOINT_URL": "http://127.0.0.1:9", **our_key(aws)}

    _, document = desk.run()

    assert (document["outcome"], document["rows_published"]) == ("published_with_quarantine", 99), document["why"]


@pytest.mark.parametrize("kind", ["key", "session", "role"])
def test_credentials_endpoint_and_region_may_come_from_an_airflow_connection(
    aws: S3WithRoles, tmp_path: Path, kind: str
) -> None:
    desk = landed_on(aws, tmp_path)
    session = aws.session()
    key = {"login": aws.access_key_id, "password": aws.secret_access_key}
    temporary = {"login": session["AccessKeyId"], "password": session["SecretAccessKey"]}
    connection, extra = {
        "key": (key, {}),
        "session": (temporary, {"aws_session_token": session["SessionToken"]}),
        "role": (key, {"role_arn": ROLE, "assume_role_kwargs": {"RoleSessionName": "nightly"}}),
    }[kind]
    extra = {**extra, "endpoint_url": aws.url, "region_name": "eu-central-1"}
    desk.environment = {
        **on_s3(aws, tmp_path),
        "GATE_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "GATE_S3_CONN_ID": "lake",
        "AIRFLOW_CONN_LAKE": json.dumps({"conn_type": "aws", **connection, "extra": extra}),
        "AWS_ENDPOINT_URL_STS": aws.url,
    }

    _, document = desk.run()

    assert (document["outcome"], document["rows_published"]) == ("published_with_quarantine", 99), document["why"]


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        ({"conn_type": "http"}, "is of type 'http': make one of type aws"),
        ({"conn_type": "aws", "login": "someone"}, "has a login or a password, but not both"),
        ({"conn_type": "aws", "extra": {"assume_role_method": "assume_role_with_saml"}}, "which is not supported"),
        ({"conn_type": "aws", "extra": {"verify": False}}, "does not verify certificates"),
        ({"conn_type": "aws", "extra": {"verify": "/nowhere/ca.pem"}}, "'/nowhere/ca.pem', is not a file"),
        ({"conn_type": "aws", "extra": {"service_config": "s3"}}, "service_config in its extra that is not"),
        (None, "Airflow does not provide this connection .* create it in Airflow"),
    ],
)
def test_an_airflow_connection_that_cannot_be_used_says_what_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: dict[str, object] | None, why: str
) -> None:
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"password": "", **connection}))
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")
    settings = load_settings({"GATE_HOME": str(tmp_path), "GATE_S3_CONN_ID": "lake"})

    with open_ports(settings) as ports, pytest.raises(InvalidSetting, match=f"GATE_S3_CONN_ID.*{why}"):
        ports.store.partition_keys(location)


def our_key(aws: S3WithRoles) -> Environment:
    return {"GATE_S3_ACCESS_KEY_ID": aws.access_key_id, "GATE_S3_SECRET_ACCESS_KEY": aws.secret_access_key}


def landed_on(aws: S3WithRoles, folder: Path, **more: str) -> Desk:
    """A contract whose partition landed in S3; one of its 100 rows breaks a rule."""
    desk = Desk(folder)
    root = land(aws, folder, KEY)
    server = {"server": "x", "type": "s3", "format": "parquet", "location": f"{root}/dt=*/*.parquet", **more}
    desk.write_contract(servers=[server])
    return desk


def land(aws: S3WithRoles, folder: Path, key: str) -> str:
    """Write a partition; the root of its location."""
    root = f"s3://landing/{folder.name}"
    writer = LandingWriter(Endpoint.with_key(aws.url, aws.access_key_id, aws.secret_access_key))
    rows = pa.table({"id": list(range(100)), "amount": [-1.0] + [1.5] * 99})
    pq.write_table(rows, body := pa.BufferOutputStream())
    writer.put(f"{root}/dt={key}/part-0.parquet", body.getvalue().to_pybytes())
    return root


def on_s3(aws: S3WithRoles, folder: Path) -> Environment:
    """Warehouse and quarantine in S3, and no credentials."""
    return {
        **without_aws(),
        "GATE_S3_ENDPOINT_URL": aws.url,
        "GATE_WAREHOUSE_URI": f"s3://warehouse/{folder.name}/tables",
        "GATE_QUARANTINE_URI": f"s3://warehouse/{folder.name}/quarantine",
    }
