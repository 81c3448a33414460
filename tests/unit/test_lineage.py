"""Where rows come from: attempts with their inputs and outputs, back to the landed files, with every port in memory."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.test_replay import KEY, Gate, orders
from tests.unit.test_rollback import History
from tests.unit.test_watch import a_child

from partition_gate import __version__
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotAct, StoreUnreachable
from partition_gate.gate.lineage import dataset_lineage, downstream_of, partition_lineage
from partition_gate.gate.pipeline import run_partition
from partition_gate.judging.lineage import (
    CorrectedRows,
    Downstream,
    Execution,
    LandedFile,
    PartitionLineage,
    PublishedRows,
    RecordedAttempt,
    ReferencedVersion,
    RowsInQuarantine,
    UnlistedFiles,
    execution,
)
from partition_gate.presentation.lineage import FILES_SHOWN, consumers_line, lines
from partition_gate.testing.builders import NOON, a_settlement
from partition_gate.testing.ports import FakePorts, failing

FILE = f"/landing/dt={KEY}/part-0.parquet"
NOBODY = Downstream(asset="validated.orders")


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Gate:
    return Gate(contract, tmp_path)


def lineage(gate: Gate) -> PartitionLineage:
    return partition_lineage("orders", KEY, NOBODY, ledger=gate.ports.ledger)


def newest(gate: Gate) -> Execution:
    return lineage(gate).executions[0]


def numbers(found: PartitionLineage) -> list[int]:
    """The attempts, by their numbers."""
    return [int(each.attempt_id.rpartition("-")[2]) for each in found.executions]


def told(execution: Execution, about: str) -> list[str]:
    return [line.text for line in lines(execution) if line.about == about]


# A run of landed files


def test_a_run_is_made_from_the_files_that_it_copied(gate: Gate) -> None:
    landed = LandedFile(path=FILE, etag=etag(gate), size_bytes=100, landed_at=NOON - timedelta(days=1))
    assert newest(gate).inputs == (landed,)


def etag(gate: Gate) -> str:
    return gate.ports.store.list_files(gate.contract.dataset.location, KEY)[0].etag


def test_a_run_makes_a_version_and_rows_in_quarantine(gate: Gate) -> None:
    own, uri = gate.outcome.attempt_id, gate.outcome.quarantine_uri
    assert newest(gate).outputs == (
        PublishedRows(attempt_id=own, table="orders", rows=97, table_version=gate.outcome.table_version),
        RowsInQuarantine(attempt_id=own, rows=3, uri=uri),
    )


def test_what_judged_is_named_by_version_and_hash(gate: Gate) -> None:
    suite = hashlib.sha256(gate.contract.suite.document.encode()).hexdigest()
    context = newest(gate).context
    assert (context.contract, context.version, context.suite_hash) == ("orders", "1.0.0", suite)


def test_the_software_is_that_of_the_run_and_of_its_result_document(gate: Gate) -> None:
    recorded = RecordedAttempt(
        settlement=gate.outcome,
        inputs=gate.ports.ledger.inputs(gate.outcome.attempt_id),
        suite_software={"duckdb": "2.0.0"},
    )
    assert execution(recorded).context.software == {"partition_gate": __version__, "duckdb": "2.0.0"}


def test_files_are_named_although_they_could_not_be_read(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(1, 51))
    with failing(gate.ports.store, "spool", StoreUnreachable("no answer")):
        gate.run()

    assert (newest(gate).outcome.value, told(newest(gate), "from")) == (
        "errored",
        [f"{FILE} (50 bytes, landed 2026-11-01 12:00 UTC)"],
    )


def test_an_attempt_before_this_was_recorded_has_the_fingerprint_of_its_files(gate: Gate) -> None:
    recorded = RecordedAttempt(
        settlement=gate.outcome, attempt=gate.ports.ledger.attempt(gate.outcome.attempt_id), inputs=None
    )
    found = execution(recorded)
    assert found.inputs == (UnlistedFiles(fingerprint=found.fingerprint),)


def test_a_partition_that_was_never_seen_is_refused(gate: Gate) -> None:
    with pytest.raises(
        CannotAct, match="orders 1999-01-01: nothing is recorded about this partition; see `gate status`"
    ):
        partition_lineage("orders", "1999-01-01", NOBODY, ledger=gate.ports.ledger)


def test_rows_that_nobody_sees_are_traced_beside_the_visible_ones(gate: Gate) -> None:
    first = gate.outcome.attempt_id
    gate.ports.store.land(KEY, range(1, 101), name="part-1.parquet")
    gate.ports.validator.broken = {"rows"}
    gate.run()

    found = lineage(gate)

    assert (found.visible, numbers(found)) == (first, [2, 1])


def test_an_older_version_of_which_no_row_is_left_is_not_shown(gate: Gate) -> None:
    gate.bad()
    gate.ports.store.land(KEY, range(1, 100))
    gate.run()
    assert numbers(lineage(gate)) == [2]


# Rows of older attempts


def test_a_replay_is_made_from_the_rows_of_an_older_attempt(gate: Gate) -> None:
    first = gate.outcome.attempt_id
    gate.bad(8, 9)
    gate.replay(where="id in (7)")

    assert newest(gate).inputs == (
        PublishedRows(attempt_id=first, table="orders", rows=97),
        RowsInQuarantine(attempt_id=first, rows=3),
    )


def test_rows_are_followed_through_replays_to_the_landed_files(gate: Gate) -> None:
    gate.bad(8, 9)
    gate.replay(where="id in (7)")
    gate.bad(9)
    gate.replay(where="id in (8)")

    found = lineage(gate)

    assert (numbers(found), [file.path for file in found.landed_files]) == ([3, 2, 1], [FILE])


def test_a_replay_says_who_asked_for_it_and_why(gate: Gate) -> None:
    gate.bad()
    gate.replay()
    assert told(newest(gate), "when") == ["2026-11-02 12:00 UTC, replayed by ada: fixed upstream"]


def test_rows_of_a_corrected_file_are_not_taken_for_quarantined_ones(gate: Gate) -> None:
    gate.bad()
    gate.replay(where="id in (7)", file=gate.file(107))

    corrected = [each for each in newest(gate).inputs if isinstance(each, CorrectedRows | RowsInQuarantine)]

    assert [(each.kind, each.rows) for each in corrected] == [("rows_in_quarantine", 2), ("corrected_rows", 1)]


def test_discarded_rows_went_nowhere_and_the_reason_is_kept(gate: Gate) -> None:
    gate.discard()
    assert told(newest(gate), "into")[1:] == ["nowhere, 3 rows discarded by ada: test orders"]


def test_a_rollback_leads_to_the_files_of_the_older_version(contract: CompiledDataset, tmp_path: Path) -> None:
    gate = History(contract, tmp_path)
    older = etag_of(lineage(gate))
    first = gate.versions()[-1].attempt_id
    gate.bad(7, 8, 9)
    gate.back()

    found = lineage(gate)

    assert (found.executions[0].made_from, numbers(found), etag_of(found) != older) == (first, [3, 1], True)


def etag_of(found: PartitionLineage) -> str:
    (file,) = found.landed_files
    return file.etag


# Other datasets


def test_a_foreign_key_was_checked_against_the_version_of_that_time(tmp_path: Path) -> None:
    parent, child = a_child("places"), a_child("orders", "places")
    ports = FakePorts(tmp_path, parent, child)
    ports.store.land(KEY, range(10))
    for contract in (parent, child):
        run_partition(contract, KEY, ports=ports)
    then = references(ports)
    ports.store.land(KEY, range(9))
    run_partition(parent, KEY, ports=ports)

    assert (then, [each.dataset for each in then]) == (references(ports), ["places"])


def references(ports: FakePorts) -> list[ReferencedVersion]:
    found = partition_lineage("orders", KEY, NOBODY, ledger=ports.ledger)
    return [each for each in found.executions[0].inputs if isinstance(each, ReferencedVersion)]


def test_a_dataset_names_what_it_refers_to_and_what_refers_to_it(tmp_path: Path) -> None:
    datasets = [a_child("places"), a_child("orders", "places"), a_child("returns", "orders")]
    ledger = FakePorts(tmp_path).ledger

    found = dataset_lineage(datasets[1], downstream_of("orders", datasets), ledger=ledger)

    assert ([each.dataset for each in found.references], found.downstream.referenced_by) == (["places"], ("returns",))


def test_a_dataset_lands_where_its_contract_says(contract: CompiledDataset, gate: Gate) -> None:
    found = dataset_lineage(contract, NOBODY, ledger=gate.ports.ledger)
    assert (found.source, found.table, found.partitions) == ("/landing/dt=*/*.parquet", "orders", 1)


# In words


def test_consumers_that_nobody_asked_for_are_not_taken_for_none() -> None:
    unknown, none = (consumers_line("validated.orders", asked).text for asked in (None, ()))
    assert (unknown.startswith("not known"), none.startswith("no DAG")) == (True, True)


def test_thousands_of_files_are_counted_and_not_listed(gate: Gate) -> None:
    file = newest(gate).inputs[0]
    many = newest(gate).model_copy(update={"inputs": (file,) * (FILES_SHOWN + 1500)})
    shown = told(many, "from")
    assert (len(shown), shown[-1]) == (FILES_SHOWN + 1, "1,500 more files, which the JSON document names")


def test_a_file_name_cannot_act_on_a_terminal(gate: Gate) -> None:
    file = LandedFile(path="a\x1b[2J.parquet", etag="", size_bytes=1, landed_at=NOON)
    assert told(newest(gate).model_copy(update={"inputs": (file,)}), "from")[0].startswith(r"a\x1b[2J.parquet")


def test_an_outcome_without_an_attempt_is_told_with_the_time_of_its_settlement() -> None:
    found = execution(RecordedAttempt(settlement=a_settlement()))
    assert told(found, "when") == ["2026-11-02 12:00 UTC"]
