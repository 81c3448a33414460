"""OpenLineage events of attempts, against the JSON Schemas of the standard (tests/corpus/openlineage, Apache-2.0)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from tests.unit.test_replay import KEY, Gate, orders
from tests.unit.test_watch import a_child

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import NotDelivered, StoreUnreachable
from partition_gate.gate.discover import Discovered
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.pipeline import PartitionRun, run_partition
from partition_gate.testing.ports import FakePorts, Killed, failing

EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
SCHEMAS = [json.loads(file.read_text()) for file in sorted(Path("tests/corpus/openlineage").glob("*.json"))]
REGISTRY: Registry[Any] = Registry().with_resources(
    [(each["$id"], Resource.from_contents(each)) for each in SCHEMAS]  # nothing is fetched
)


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Gate:
    """A partition that was published, with three rows in quarantine."""
    return Gate(contract, tmp_path)


def events(gate: Gate) -> list[Mapping[str, Any]]:
    return gate.ports.run_events.emitted


def kinds(gate: Gate) -> list[str]:
    return [event["eventType"] for event in events(gate)]


def facets(shown: object) -> Iterator[Mapping[str, Any]]:
    """Every facet in an event."""
    if isinstance(shown, dict):
        yield from [shown] if "_schemaURL" in shown else []
        for each in shown.values():
            yield from facets(each)
    elif isinstance(shown, list):
        for each in shown:
            yield from facets(each)


def is_valid(shown: object, schema: str) -> bool:
    validator = jsonschema.Draft202012Validator({"$ref": schema}, registry=REGISTRY)
    return bool(validator.is_valid(shown))


def an_error(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(1, 51))
    with failing(gate.ports.store, "spool", StoreUnreachable("no answer")):
        gate.run()


# The standard


@pytest.mark.parametrize("ending", [lambda _: None, an_error, lambda gate: gate.replay()])
def test_events_are_those_of_the_standard(gate: Gate, ending: Any) -> None:
    ending(gate)
    assert [event for event in events(gate) if not is_valid(event, EVENT)] == []


@pytest.mark.parametrize("ending", [lambda _: None, an_error, lambda gate: gate.replay()])
def test_facets_are_those_of_the_standard(gate: Gate, ending: Any) -> None:
    ending(gate)
    found = [facet for event in events(gate) for facet in facets(event)]
    assert ([each for each in found if not is_valid(each, each["_schemaURL"])], len(found) > 5) == ([], True)


# How an attempt begins and ends


def test_a_run_starts_and_completes_under_one_id(gate: Gate) -> None:
    assert (kinds(gate), len({event["run"]["runId"] for event in events(gate)})) == (["START", "COMPLETE"], 1)


def test_two_attempts_are_two_runs(gate: Gate) -> None:
    gate.replay()
    assert len({event["run"]["runId"] for event in events(gate)}) == 2


def test_what_could_not_be_judged_fails_with_the_reason(gate: Gate) -> None:
    an_error(gate)
    assert (events(gate)[-1]["eventType"], events(gate)[-1]["run"]["facets"]["errorMessage"]["message"]) == (
        *("FAIL",),
        gate.outcome.why[0],
    )


def test_a_rejected_partition_is_no_failed_run_and_has_no_output(gate: Gate) -> None:
    gate.ports.validator.broken = {"rows"}
    gate.run(force=True)
    assert (events(gate)[-1]["eventType"], events(gate)[-1]["outputs"]) == ("COMPLETE", [])


def test_a_run_that_changes_nothing_is_no_event(gate: Gate) -> None:
    gate.run()
    assert kinds(gate) == ["START", "COMPLETE"]


# What is told


def test_landed_files_are_counted(gate: Gate) -> None:
    statistics = events(gate)[-1]["inputs"][0]["inputFacets"]["inputStatistics"]
    assert {name: statistics[name] for name in ("rowCount", "fileCount", "size")} == {
        "rowCount": 100,
        "fileCount": 1,
        "size": 100,
    }


def test_a_check_is_an_assertion_on_its_column(gate: Gate) -> None:
    assertions = events(gate)[-1]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    (required,) = (each for each in assertions if each["name"] == "id.required")
    assert (required["column"], required["success"], required["severity"]) == ("id", False, "error")


def test_a_check_that_could_not_be_judged_did_not_succeed(gate: Gate) -> None:
    gate.ports.validator.unknown = {"rows"}
    gate.run(force=True)
    assertions = events(gate)[-1]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [each["success"] for each in assertions if each["name"] == "rows"] == [False]


def test_published_columns_are_traced_to_those_of_the_files(gate: Gate) -> None:
    (output,) = events(gate)[-1]["outputs"]
    (source,) = output["facets"]["columnLineage"]["fields"]["id"]["inputFields"]
    assert (source["namespace"], source["name"], source["field"]) == ("file", "/landing", "id")


def test_rows_that_are_in_quarantine_are_not_counted_as_output(gate: Gate) -> None:
    (output,) = events(gate)[-1]["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 97


def test_the_datasets_that_foreign_keys_refer_to_are_inputs(tmp_path: Path) -> None:
    parent, child = a_child("places"), a_child("orders", "places")
    ports = FakePorts(tmp_path, parent, child)
    ports.store.land(KEY, range(10))
    for each in (parent, child):
        run_partition(each, KEY, ports=ports)

    assert [each["name"] for each in ports.run_events.emitted[-1]["inputs"]] == ["/orders", "places"]


# What must not happen


def test_a_run_does_not_fail_because_nobody_takes_its_events(gate: Gate) -> None:
    gate.ports.run_events.error = NotDelivered("the catalogue answers 500")
    gate.bad()
    assert gate.replay().outcome.value == "published"


def test_events_come_after_the_outcome_was_recorded(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(1, 51))
    lost = StoreUnreachable("no answer")
    with failing(gate.ports.ledger, "settle", lost), pytest.raises(StoreUnreachable, match="no answer"):
        gate.run()
    assert kinds(gate) == ["START", "COMPLETE"]


def test_an_attempt_that_a_repair_records_is_told_then(gate: Gate) -> None:
    gate.ports.run_events.emitted.clear()
    gate.ports.store.land(KEY, range(1, 61))
    with failing(gate.ports.ledger, "settle", Killed()), pytest.raises(Killed):
        gate.run()
    gate.restarted()
    gate.reconcile()
    gate.reconcile()
    assert kinds(gate) == ["START", "COMPLETE"]


def test_an_attempt_that_a_newer_one_overtook_is_aborted(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(1, 61))
    overtaken = PartitionRun(gate.contract, KEY, ports=gate.ports)
    found = overtaken.find_landed()
    assert isinstance(found, Discovered)
    inspection = overtaken.inspect(found)
    assert isinstance(inspection, Inspection)
    gate.ports.store.land(KEY, range(1, 71))
    gate.run()
    gate.ports.run_events.emitted.clear()

    overtaken.settle(inspection)

    assert kinds(gate) == ["START", "ABORT"]
