"""The contract registry on a real S3 server and in a local folder: versions never change, and none is lost."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.registry import LocalRegistryStore, S3RegistryStore
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.apps.cli.main import app
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.contracts.registry import INDEX, RegistryIndex, read_index
from partition_gate.core.errors import AccessDenied, BucketMissing, ContractError
from partition_gate.gate.publish_contracts import Approved, RegistryOutcome, RegistryStore, Stored, publish_contracts

NOW = datetime(2026, 11, 2, tzinfo=UTC)
TEXT = Path("tests/corpus/planes.odcs.yaml").read_text(encoding="utf-8")
OpenStore = Callable[[], RegistryStore]


@pytest.fixture(params=["s3", "folder"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens the same empty registry, each time with a client of its own."""
    if request.param == "folder":
        return lambda: LocalRegistryStore(tmp_path / "registry")
    server: EmbeddedS3 = request.getfixturevalue("s3")
    root = f"s3://warehouse/registry-{secrets.token_hex(4)}"
    return lambda: S3RegistryStore(root, endpoint(server))


def endpoint(server: EmbeddedS3, secret: str | None = None) -> Endpoint:
    return Endpoint.with_key(server.endpoint_url, server.access_key_id, secret or server.secret_access_key)


def approved(
    contract_id: str = "planes", *, version: str = "1.0.0", status: str = "active", more: str = ""
) -> Approved:
    lines = {"id:": contract_id, "version:": version, "status:": status}
    text = "\n".join(_changed(line, lines) for line in TEXT.splitlines()) + f"\n{more}"
    return Approved(contract=read_contract(text, path=f"{contract_id}.odcs.yaml"), body=text.encode())


def _changed(line: str, lines: dict[str, str]) -> str:
    key = line.split(" ", 1)[0]
    return f"{key} {lines[key]}" if key in lines else line


def body(store: RegistryStore) -> bytes:
    there = store.read(INDEX)
    assert there is not None
    return there.body


def index(store: RegistryStore) -> RegistryIndex:
    there = store.read(INDEX)
    return read_index(there.body.decode(), place=INDEX) if there else RegistryIndex()


def test_a_version_is_written_byte_for_byte_and_named_by_the_index_with_its_hash(open_store: OpenStore):
    file, store = approved(), open_store()

    publications = publish_contracts([file], store, now=NOW)

    version = index(store).contracts[0].versions[0]
    there = store.read(version.path)
    assert [each.outcome for each in publications] == [RegistryOutcome.PUBLISHED]
    assert (version.path, version.size_bytes) == ("contracts/planes/1.0.0.odcs.yaml", len(file.body))
    assert there is not None
    assert there.body == file.body


def test_publishing_again_changes_nothing(open_store: OpenStore):
    publish_contracts([approved()], open_store(), now=NOW)
    before = open_store().read(INDEX)

    publications = publish_contracts([approved()], open_store(), now=datetime(2027, 1, 1, tzinfo=UTC))

    assert [each.outcome for each in publications] == [RegistryOutcome.UNCHANGED]
    assert open_store().read(INDEX) == before


def test_the_same_version_with_other_content_is_refused_and_stops_none_of_the_others(open_store: OpenStore):
    publish_contracts([approved()], open_store(), now=NOW)
    changed = approved(more="tenant: other\n")

    publications = publish_contracts([changed, approved("parts")], open_store(), now=NOW)

    assert [each.outcome for each in publications] == [RegistryOutcome.REFUSED, RegistryOutcome.PUBLISHED]
    assert "increase `version` in planes.odcs.yaml" in publications[0].why
    there = open_store().read("contracts/planes/1.0.0.odcs.yaml")
    assert there is not None
    assert there.body == approved().body


def test_only_active_and_deprecated_contracts_are_published(open_store: OpenStore):
    files = [approved(f"c{i}", status=status) for i, status in enumerate(("active", "deprecated", "draft", "retired"))]

    publications = publish_contracts(files, open_store(), now=NOW)

    assert [each.outcome for each in publications] == [
        RegistryOutcome.PUBLISHED,
        RegistryOutcome.PUBLISHED,
        *[RegistryOutcome.NOT_APPROVED] * 2,
    ]
    assert [contract.id for contract in index(open_store()).contracts] == ["c0", "c1"]


def test_the_index_orders_versions_by_number_and_names_the_latest(open_store: OpenStore):
    for version in ("1.10.0", "1.9.0", "2.0.0-rc1"):
        publish_contracts([approved(version=version)], open_store(), now=NOW)

    contract = index(open_store()).contracts[0]
    assert ([each.version for each in contract.versions], contract.latest) == (
        ["1.9.0", "1.10.0", "2.0.0-rc1"],
        "2.0.0-rc1",
    )


def test_publishers_at_the_same_time_lose_no_entry(open_store: OpenStore):
    errors: list[BaseException] = []

    def publish(number: int) -> None:
        try:
            publish_contracts([approved(f"c{number}")], open_store(), now=NOW)
        except BaseException as error:  # told by the assertion
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert [contract.id for contract in index(open_store()).contracts] == [f"c{number}" for number in range(8)]


def test_a_kill_between_version_and_index_is_mended_by_the_next_publication(open_store: OpenStore):
    open_store().create("contracts/planes/1.0.0.odcs.yaml", approved().body)

    publish_contracts([approved()], open_store(), now=NOW)

    assert [contract.id for contract in index(open_store()).contracts] == ["planes"]


def test_a_write_with_an_old_token_is_refused(open_store: OpenStore):
    store = open_store()
    store.create(INDEX, b"first")
    old = store.read(INDEX)
    assert isinstance(old, Stored)

    assert store.replace(INDEX, b"second", token=old.token)
    assert not store.replace(INDEX, b"third", token=old.token)
    assert not store.create(INDEX, b"fourth")
    assert body(store) == b"second"


def test_a_foreign_index_is_not_overwritten(open_store: OpenStore):
    open_store().create(INDEX, b'{"mine": 1}')

    with pytest.raises(ContractError, match="not an index of a registry"):
        publish_contracts([approved()], open_store(), now=NOW)

    assert body(open_store()) == b'{"mine": 1}'


def test_a_missing_bucket_and_wrong_credentials_are_named(s3: EmbeddedS3):
    with pytest.raises(BucketMissing, match="s3://nowhere"):
        publish_contracts([approved()], S3RegistryStore("s3://nowhere/x", endpoint(s3)), now=NOW)
    with pytest.raises(AccessDenied):
        publish_contracts([approved()], S3RegistryStore("s3://warehouse/x", endpoint(s3, "wrong")), now=NOW)


def test_the_command_publishes_the_project_and_says_what_it_did(tmp_path: Path):
    arguments = ["publish-contracts", "--to", str(tmp_path / "out"), "--json"]
    runs = [CliRunner().invoke(app, arguments, env={"GATE_HOME": str(tmp_path)}) for _ in range(2)]

    outcomes = [{each["outcome"] for each in json.loads(run.stdout)["contracts"]} for run in runs]
    assert ([run.exit_code for run in runs], outcomes) == ([0, 0], [{"published"}, {"unchanged"}])
    assert (tmp_path / "out/contracts/flights/1.2.0.odcs.yaml").read_bytes() == Path(
        "include/contracts/flights.odcs.yaml"
    ).read_bytes()
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.name != ".lock"]
