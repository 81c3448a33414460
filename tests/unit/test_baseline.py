"""Baselines in the gate: which partitions are pinned, and that a comparison never affects an outcome."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import CannotAct, ContractError, MalformedPartitionKey, StoreUnreachable
from partition_gate.gate.baseline import Pin, keys_of, pin, unpin
from partition_gate.gate.drift import LIMIT, with_drift
from partition_gate.gate.notify import announce
from partition_gate.gate.pipeline import run_partition
from partition_gate.gate.reconcile import reconcile
from partition_gate.incidents.model import Incident
from partition_gate.judging.anomalies import Anomaly, Comparison, Metric
from partition_gate.judging.drift import Baseline
from partition_gate.testing.builders import NOON, a_baseline, a_split
from partition_gate.testing.ports import FakePorts, Killed, failing

PINNED = ("2026-10-01", "2026-10-02", "2026-10-03")
RANGE = f"{PINNED[0]}..{PINNED[-1]}"
KEY, NEXT = "2026-10-04", "2026-10-05"
LOW, HIGH = range(400), range(300, 700)
EFFECTIVE = [{"property": "effectiveFrom", "value": "2026-01-01"}]
UNREACHABLE = StoreUnreachable("s3://warehouse: it does not answer; check the endpoint")


def a_dataset(segments: str = "dt=*", *, classification: str | None = None, **document: Any) -> CompiledDataset:
    kinds = {"dt": "date", "hour": "integer"}
    names = [segment.split("=")[0] for segment in segments.split("/")]
    server = {"server": "x", "type": "local", "path": f"/landing/{segments}/*.parquet", "format": "parquet"}
    amount = {"name": "id", "logicalType": "integer", **({"classification": classification} if classification else {})}
    parts = [{"name": name, "logicalType": kinds.get(name, "string"), "partitioned": True} for name in names]
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [server],
        "support": [{"channel": "#orders", "tool": "slack", "scope": "issues"}],
        "schema": [{"name": "orders", "properties": [*parts, amount]}],
        **document,
    }
    return compiled(read_contract(json.dumps(contract), path="orders.odcs.yaml", folder="/contracts").dataset)


class Gate:
    """The gate over ports in memory, and the incidents that it records."""

    def __init__(self, contract: CompiledDataset, folder: Path) -> None:
        self.contract, self.ports = contract, FakePorts(folder / "spool", contract)
        self.ports.operators_channel = "#gate"

    def publish(self, key: str, ids: range) -> str:
        self.ports.store.land(key, ids)
        return run_partition(self.contract, key, ports=self.ports).settlement.outcome.value

    def pin(self, partitions: str = RANGE) -> Baseline:
        return pin(self.contract, Pin(partitions=partitions, who="ann", why="usual"), ports=self.ports)

    def incidents(self) -> dict[str, Incident]:
        """Cause -> active incident."""
        return {incident.cause: incident for incident in self.ports.ledger.incidents()}

    def told(self) -> list[tuple[str, str]]:
        announce(self.ports.ledger, self.ports.clock)
        return [(each.message.channel, each.message.text) for each in self.ports.ledger.messages()]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Three published days with the ids 0 to 399, pinned."""
    gate = Gate(a_dataset(), tmp_path)
    for key in PINNED:
        gate.publish(key, LOW)
    gate.pin()
    return gate


# Comparing


def test_a_drift_opens_an_incident_that_blocks_nothing_and_ends_with_the_next_usual_partition(gate: Gate) -> None:
    assert gate.publish(KEY, HIGH) == "published"
    (incident,) = gate.incidents().values()
    assert (incident.cause, incident.kind.value, incident.blocked) == ("drift id", "anomaly", ())

    gate.publish(NEXT, LOW)

    assert gate.incidents() == {}


def test_a_drift_is_told_to_producers_in_the_digest_only(gate: Gate) -> None:
    gate.publish(KEY, HIGH)

    ((channel, text),) = gate.told()

    assert channel == "#orders"
    assert text.startswith("Digest of ")


def test_a_run_that_was_killed_after_its_commit_tells_the_same_drift(gate: Gate) -> None:
    gate.ports.store.land(KEY, HIGH)
    with failing(gate.ports.warehouse, "publish", Killed(), after=True), pytest.raises(Killed):
        run_partition(gate.contract, KEY, ports=gate.ports)
    assert gate.incidents() == {}
    gate.ports.workers.own, gate.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    with failing(gate.ports.warehouse, "binned", UNREACHABLE):  # it was compared before the commit, and is not again
        reconcile([gate.contract], ports=gate.ports)

    assert list(gate.incidents()) == ["drift id"]


def test_a_correction_replaces_what_was_said_about_the_partition(gate: Gate) -> None:
    gate.publish(KEY, HIGH)
    gate.publish(KEY, LOW)

    assert gate.incidents() == {}


@pytest.mark.parametrize("error", [UNREACHABLE, ValueError("a defect")], ids=["storage", "defect"])
def test_a_comparison_that_fails_affects_no_outcome_and_operators_are_told(gate: Gate, error: Exception) -> None:
    with failing(gate.ports.warehouse, "binned", error):
        assert gate.publish(KEY, HIGH) == "published"

    (incident,) = gate.incidents().values()
    assert (incident.cause, incident.kind.value) == ("baseline comparison", "operations")
    ((channel, text),) = gate.told()
    assert channel == "#gate"
    assert f"orders: {KEY} was not compared with the baseline: " in text
    assert "a defect" not in text

    gate.publish(NEXT, LOW)

    assert gate.incidents() == {}


def test_a_comparison_that_takes_too_long_is_given_up(gate: Gate) -> None:
    gate.ports.warehouse.counting_takes = LIMIT + timedelta(seconds=1)

    assert gate.publish(KEY, HIGH) == "published"

    assert "was stopped" in gate.incidents()["baseline comparison"].finding


def test_a_drift_that_could_not_be_compared_again_stays(gate: Gate) -> None:
    gate.publish(KEY, HIGH)

    with failing(gate.ports.warehouse, "binned", UNREACHABLE):
        gate.publish(NEXT, LOW)

    assert "drift id" in gate.incidents()


def a_null_share(column: str, *also: str) -> Anomaly:
    figures = {"observed": 0.5, "median": 0.1, "low": 0.1, "high": 0.1, "scale": 0.01, "z": 40.0}
    return Anomaly(metric=Metric.NULL_SHARE, column=column, values=9, weeks=9, like="Tuesdays", also=also, **figures)


@pytest.mark.parametrize(
    ("anomaly", "told"),
    [(a_null_share("id"), []), (a_null_share("amount", "id"), []), (a_null_share("amount"), ["id"])],
)
def test_a_drift_that_follows_from_unusual_nulls_is_not_told_as_well(
    gate: Gate, anomaly: Anomaly, told: list[str]
) -> None:
    split = a_split(gate.ports.spool_folder, HIGH)
    staged = gate.ports.warehouse.stage(gate.contract.published, KEY, attempt_id="a1", split=split)

    found = with_drift(Comparison(anomalies=(anomaly,)), staged, gate.contract, gate.ports)

    assert [drift.column for drift in found.drifts] == told
    assert "drift id" not in found.in_order


def test_without_a_baseline_no_rows_are_read(tmp_path: Path) -> None:
    gate = Gate(a_dataset(), tmp_path)

    with failing(gate.ports.warehouse, "binned", UNREACHABLE):
        gate.publish(KEY, HIGH)

    assert gate.incidents() == {}


def test_a_contract_that_switches_it_off_reads_no_baseline(gate: Gate) -> None:
    gate.contract = a_dataset(customProperties=[{"property": "drift", "value": "off"}])

    with failing(gate.ports.ledger, "baseline", UNREACHABLE):
        gate.publish(KEY, HIGH)

    assert gate.incidents() == {}


def test_a_column_that_is_classified_now_is_not_compared_and_its_drift_is_over(gate: Gate) -> None:
    gate.publish(KEY, HIGH)
    gate.contract = a_dataset(classification="confidential", version="2.0.0")

    with failing(gate.ports.warehouse, "binned", UNREACHABLE):
        gate.publish(NEXT, HIGH)

    assert gate.incidents() == {}


def test_a_column_that_an_earlier_version_classified_is_not_pinned(tmp_path: Path) -> None:
    before = a_dataset(classification="confidential").dataset
    today = compiled(a_dataset(version="2.0.0", customProperties=EFFECTIVE).dataset, [before])
    gate = Gate(today, tmp_path)
    gate.publish(KEY, LOW)

    with pytest.raises(CannotAct, match="id: classified: its values are not read"):
        gate.pin(KEY)


@pytest.mark.parametrize("threshold", ["often", 0, True, "-7", "nan", 1000])
def test_a_threshold_that_is_no_number_is_refused(threshold: object) -> None:
    with pytest.raises(ContractError, match=r"customProperties.drift: .* is not a threshold"):
        a_dataset(customProperties=[{"property": "drift", "value": threshold}])


# Pinning


def test_a_baseline_says_who_pinned_which_rows_when_and_why(gate: Gate) -> None:
    baseline = gate.ports.ledger.baseline("orders")

    assert baseline is not None
    assert (baseline.keys, baseline.row_count, baseline.who, baseline.why) == (PINNED, 1200, "ann", "usual")
    assert baseline.at == gate.ports.clock.now()
    assert sum(baseline.columns[0].binned.counts) == 1200


def test_partitions_that_are_not_published_are_all_named_and_the_old_baseline_stays(gate: Gate) -> None:
    before = gate.ports.ledger.baseline("orders")

    with pytest.raises(CannotAct, match=f"not published: {KEY}, {NEXT}; nothing was pinned"):
        gate.pin(f"{PINNED[0]}..{NEXT}")

    assert gate.ports.ledger.baseline("orders") == before


def test_a_partition_whose_rows_cannot_be_read_pins_nothing(gate: Gate) -> None:
    before = gate.ports.ledger.baseline("orders")

    with failing(gate.ports.warehouse, "binned", UNREACHABLE, calls=1), pytest.raises(StoreUnreachable):
        gate.pin(f"{PINNED[0]}..{PINNED[1]}")

    assert gate.ports.ledger.baseline("orders") == before


def test_a_new_baseline_ends_the_drifts_from_the_old_one(gate: Gate) -> None:
    gate.publish(KEY, HIGH)

    gate.pin(KEY)

    assert gate.incidents() == {}


def test_unpinning_ends_every_incident_of_the_baseline(gate: Gate) -> None:
    gate.publish(KEY, HIGH)
    with failing(gate.ports.warehouse, "binned", UNREACHABLE):
        gate.publish(NEXT, HIGH)

    unpin("orders", who="ann", ports=gate.ports)

    assert (gate.incidents(), gate.ports.ledger.baseline("orders")) == ({}, None)


def test_a_dataset_without_a_baseline_cannot_be_unpinned(gate: Gate) -> None:
    gate.ports.ledger.pin(a_baseline("refunds"))
    unpin("orders", who="ann", ports=gate.ports)

    with pytest.raises(CannotAct, match="orders has no baseline"):
        unpin("orders", who="ann", ports=gate.ports)

    assert [each.dataset for each in gate.ports.ledger.baselines()] == ["refunds"]


# Ranges


@pytest.mark.parametrize(
    ("segments", "text", "keys"),
    [
        ("dt=*", "2026-11-01", ["2026-11-01"]),
        ("dt=*", "2026-11-01..2026-11-01", ["2026-11-01"]),
        ("dt=*", "2026-10-30..2026-11-02", ["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"]),
        (
            "dt=*/hour=*",
            "2026-11-01/22..2026-11-02/1",
            ["2026-11-01/22", "2026-11-01/23", "2026-11-02/0", "2026-11-02/1"],
        ),
        ("region=*/dt=*", "eu/2026-11-01..eu/2026-11-02", ["eu/2026-11-01", "eu/2026-11-02"]),
        ("region=*", "a..b", ["a..b"]),
    ],
)
def test_a_range_is_read_as_keys(segments: str, text: str, keys: list[str]) -> None:
    dataset = a_dataset(segments).dataset

    assert keys_of(dataset, text, now=NOON) == tuple(map(dataset.location.key, keys))


@pytest.mark.parametrize(
    ("segments", "text", "count"),
    [
        ("dt=*", "2026-03-28..2026-03-30", 3),
        ("dt=*", "2026-10-24..2026-10-26", 3),
        ("dt=*/hour=*", "2026-03-29/0..2026-03-29/23", 23),
        ("dt=*/hour=*", "2026-10-25/0..2026-10-25/23", 24),
    ],
)
def test_a_range_is_complete_where_the_clocks_change(segments: str, text: str, count: int) -> None:
    dataset = a_dataset(segments, customProperties=[{"property": "timezone", "value": "Europe/Berlin"}]).dataset

    assert len(keys_of(dataset, text, now=NOON)) == count


def test_a_range_has_only_the_days_of_the_calendar() -> None:
    dataset = a_dataset(customProperties=[{"property": "calendar", "value": "weekdays"}]).dataset

    assert keys_of(dataset, "2026-10-31..2026-11-03", now=NOON) == ("2026-11-02", "2026-11-03")


@pytest.mark.parametrize(
    ("segments", "text", "why"),
    [
        ("dt=*", "2026-11-02..2026-11-01", "2026-11-01 is before 2026-11-02"),
        ("region=*/dt=*", "eu/2026-11-01..us/2026-11-02", "may differ only in their date"),
    ],
)
def test_a_range_that_means_nothing_is_refused(segments: str, text: str, why: str) -> None:
    with pytest.raises(CannotAct, match=why):
        keys_of(a_dataset(segments).dataset, text, now=NOON)


@pytest.mark.parametrize("text", ["2026-11-01..", "..2026-11-01", "2026-11-01..soon", ""])
def test_half_a_range_is_refused(text: str) -> None:
    with pytest.raises(MalformedPartitionKey):
        keys_of(a_dataset().dataset, text, now=NOON)
