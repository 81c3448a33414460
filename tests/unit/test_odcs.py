"""Reading contracts: strict, and every error names the place and the next step."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from partition_gate.contract.model import Dataset, Status
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.contracts.odcs.servers import Place, location
from partition_gate.core.errors import ContractError
from partition_gate.core.severity import Severity

FLIGHTS = Path("include/contracts/flights.odcs.yaml")


def minimal(**changes: object) -> str:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": "data/dt=*/*.parquet", "format": "parquet"}],
        "schema": [{"name": "orders", "properties": [{"name": "id", "logicalType": "integer", "required": True}]}],
    }
    return yaml.safe_dump({**document, **changes})


def read(text: str) -> Dataset:
    return read_contract(text, path="orders.odcs.yaml", folder="/contracts").dataset


def test_the_flights_contract_is_read_with_its_limits_and_owners():
    contract = read_contract(FLIGHTS.read_text(), path=str(FLIGHTS))
    dataset = contract.dataset

    assert (contract.id, contract.status, dataset.name) == ("flights", Status.ACTIVE, "flights")
    assert dataset.limits.latency == timedelta(hours=4)
    assert dataset.limits.quarantine_limit == 0.05
    assert dataset.limits.timezone == "America/New_York"
    assert [key.severity for key in dataset.foreign_keys] == [Severity.ERROR, Severity.WARNING, Severity.ERROR]
    assert {channel.channel for channel in contract.channels} == {"#flights-producers", "#flights-consumers"}


@pytest.mark.parametrize("hours", [(6, 48), (48, 6)])
def test_the_strictest_latency_is_the_deadline(hours):
    slas = [{"property": "latency", "value": value, "unit": "h"} for value in hours]

    assert read(minimal(slaProperties=slas)).limits.latency == timedelta(hours=6)


@pytest.mark.parametrize(
    ("text", "root", "segments", "pattern"),
    [
        ("s3://landing/flights/dt=*/*.parquet", "s3://landing/flights", ("dt",), "*.parquet"),
        ("s3://landing/f/dt=*/hour=*/part-*.parquet", "s3://landing/f", ("dt", "hour"), "part-*.parquet"),
        ("s3://landing/{model}/*.parquet", "s3://landing/orders", (), "*.parquet"),
        ("./data/orders.parquet", "/contracts/data", (), "orders.parquet"),
        ("/abs/dt=*", "/abs", ("dt",), "*.parquet"),
    ],
)
def test_a_location_names_root_segments_and_pattern(text, root, segments, pattern):
    found = location(Place(at="servers[0].location", text=text), folder="/contracts", model="orders", path="c.yaml")

    assert (found.root, found.names, found.pattern) == (root, segments, pattern)


def test_a_wildcard_that_is_no_hive_segment_is_refused():
    place = Place(at="servers[0].location", text="s3://landing/*/x/*.parquet")

    with pytest.raises(ContractError, match="Hive segment"):
        location(place, folder="", model="m", path="c.yaml")


def a_pattern(pattern: str, **column: str) -> str:
    server: dict[str, object] = {"server": "x", "type": "s3", "location": "s3://lake/{schema}/", "format": "parquet"}
    server["customProperties"] = [{"property": "partitionPattern", "value": pattern}]
    dt = {"name": "dt", "partitioned": True, **({"logicalType": "date"} | column)}
    return minimal(servers=[server], schema=[{"name": "orders", "properties": [dt]}])


def test_a_pattern_gives_the_location_a_layout_with_the_types_of_its_columns():
    where = read_contract(a_pattern("{schema}_{dt:%Y%m%d}.parquet"), path="o.yaml").dataset.location

    assert (where.root, where.example) == ("s3://lake/orders", "2026-01-31")
    assert where.place("2026-11-29") == "s3://lake/orders/orders_20261129.parquet"


def test_a_pattern_that_does_not_determine_the_day_is_refused_at_its_line_with_a_right_one():
    with pytest.raises(ContractError) as raised:
        read_contract(a_pattern("{dt:%Y/%m}/*.parquet"), path="o.yaml")

    assert re.fullmatch(
        r"o\.yaml: servers\[0\]\.customProperties\[0\]\.value: \{dt:%Y/%m\} does not determine the day: %d is missing; "
        r"write one such as \{dt:%Y-%m-%d\} \(line \d+\)",
        str(raised.value),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1\n", r"not valid YAML: .* at column 1; .*\(line 2\)"),
        ("id: 1\nid: 2\n", r"id: the key 'id' is a duplicate; .*\(line 2\)"),
        ("a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("a: !!python/object:os.system {}\n", "tags are not allowed"),
        ("- 1\n", "the file is a list, not a mapping"),
        ("a: " + "[" * 60 + "]" * 60, "nesting is deeper"),
    ],
)
def test_yaml_that_can_hide_content_is_refused_with_the_line(text, sentence):
    with pytest.raises(ContractError, match=sentence):
        read(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"apiVersion": "v2.2.2"}, "apiVersion: 'v2.2.2' is not supported"),
        ({"kind": "Contract"}, "kind: 'Contract' is not known; did you mean 'DataContract'"),
        ({"owner": "me"}, "owner: 'owner' is not a key here"),
        (
            {"customProperties": [{"property": "timezone", "value": "Mars/Base"}]},
            "is not an IANA time zone",
        ),
        ({"customProperties": [{"property": "startDate", "value": "soon"}]}, "'soon' is not a date"),
        ({"customProperties": [{"property": "readiness", "value": "soon"}]}, "'soon' is not a readiness rule"),
    ],
)
def test_a_wrong_clause_is_named_with_its_place(change, sentence):
    with pytest.raises(ContractError, match=sentence) as error:
        read(minimal(**change))

    assert str(error.value).startswith("orders.odcs.yaml: ")


def test_all_schema_errors_are_told_at_once_with_the_nearest_word():
    schema = [{"name": "orders", "properties": [{"name": "a", "logicalType": "strng"}, {"name": "b", "requird": True}]}]

    with pytest.raises(ContractError) as error:
        read(minimal(schema=schema))

    assert "schema[0].properties[0].logicalType: 'strng'" in str(error.value)
    assert "did you mean 'string'?" in str(error.value)
    assert "schema[0].properties[1].requird: 'requird' is not a key here; did you mean 'required'?" in str(error.value)


def test_an_unknown_severity_word_counts_as_error():
    quality = [{"metric": "rowCount", "mustBe": 1, "severity": "blocker"}]
    schema = [{"name": "orders", "quality": quality, "properties": [{"name": "id"}]}]

    (rule,) = read(minimal(schema=schema)).rules

    assert rule.severity is Severity.ERROR


def test_a_list_with_one_target_is_that_target():
    columns = [{"name": "id", "logicalType": "integer", "relationships": [{"to": ["customers.id"]}]}]

    (key,) = read(minimal(schema=[{"name": "orders", "properties": columns}])).foreign_keys

    assert (key.column, key.to_dataset, key.to_column) == ("id", "customers", "id")


def in_s3(endpoint: str) -> str:
    server = {"server": "x", "type": "s3", "location": "s3://b/dt=*/*.parquet", "format": "parquet"}
    return minimal(servers=[{**server, "endpointUrl": endpoint}])


@pytest.mark.parametrize("endpoint", ["http://[", "https://", "ftp://s3.example.org", "s3.example.org"])
def test_an_endpoint_that_is_no_url_is_refused_with_an_example(endpoint):
    with pytest.raises(ContractError, match=r"endpointUrl .* is not a URL; write one such as https://s3\.example\.org"):
        read(in_s3(endpoint))


@pytest.mark.parametrize(
    "endpoint", ["https://u:canary@h", "ftp://u:canary@h", "http://u:canary@[", "https://h?k=canary"]
)
def test_an_endpoint_with_a_password_is_refused_and_not_quoted(endpoint):
    with pytest.raises(ContractError, match="must not contain a user, a password or a query") as refused:
        read(in_s3(endpoint))

    assert "canary" not in str(refused.value)
