"""Builders of records for tests: each takes what the test is about and supplies defaults for the rest."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.alerts.alert import Alert
from partition_gate.alerts.wording import AlertText
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.partition import DataFile, Location, Partition
from partition_gate.core.partition_key import Segment
from partition_gate.core.path_pattern import parse_pattern
from partition_gate.core.severity import Scope, Severity
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.incidents.model import Assessment, Audience, Notice, Problem, ProblemKind
from partition_gate.judging.attempt import Claim, Message, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.distribution import BinnedColumn, NumberBins, TextBins
from partition_gate.judging.drift import Baseline, PinnedColumn
from partition_gate.judging.validation import Split
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.ports.ledger import Ledger

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_number = itertools.count()


def a_partition(dataset: str = "orders", key: str = "2026-11-01", *, etag: str = "e1") -> Partition:
    """A partition with one file below `s3://landing/<dataset>/`."""
    path = f"s3://landing/{dataset}/dt={key}/part-0.parquet"
    return Partition(
        dataset=dataset, key=key, files=(DataFile(path=path, etag=etag, size_bytes=1000, modified_at=NOON),)
    )


def a_location(root: str = "s3://landing/orders", *, pattern: str = "*.parquet", **segments: str) -> Location:
    """A dataset's location: each segment as name -> DuckDB type, in key order; without segments it is a snapshot."""
    typed = tuple(Segment(name=name, type=kind) for name, kind in segments.items())
    return Location(root=root, segments=typed, pattern=pattern)


def a_patterned_location(pattern: str, root: str = "s3://landing/orders", **types: str) -> Location:
    """A location whose paths have this pattern; its fields are text, unless they have another DuckDB type here."""
    layout = parse_pattern(pattern)
    segments = tuple(Segment(name=name, type=types.get(name, "VARCHAR")) for name in layout.names)
    return Location(root=root, segments=segments, pattern=pattern, layout=layout)


def a_table(
    name: str = "orders",
    columns: Mapping[str, str] | None = None,
    *,
    partitioned_by: Mapping[str, str] | None = None,
    description: str = "",
) -> TableSchema:
    """A table with `id BIGINT, amount DOUBLE`, partitioned by `dt DATE`; other columns as name -> DuckDB type."""
    data = {"id": "BIGINT", "amount": "DOUBLE"} if columns is None else columns
    parts = {"dt": "DATE"} if partitioned_by is None else partitioned_by
    return TableSchema(name=name, description=description, columns=_columns(data), partition_columns=_columns(parts))


def a_contract(
    properties: Sequence[Mapping[str, Any]], *, version: str = "v3.1.0", path: str = "data/*.parquet", **schema: Any
) -> CompiledDataset:
    """The contract `orders` with these properties, read from text like any contract."""
    document = {
        "apiVersion": version,
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "landing", "type": "local", "path": path, "format": "parquet"}],
        "schema": [{"name": "orders", "properties": list(properties), **schema}],
    }
    return compiled(read_contract(json.dumps(document), path="orders.odcs.yaml", folder="/contracts").dataset)


def a_split(folder: Path, ids: Iterable[int] = (1, 2, 3), *, select: str | None = None, quarantined: int = 0) -> Split:
    """A split with one passing row per id (`id`, `amount` = id / 2), as real Parquet; `select` gives other columns.

    Every call writes its own files, so a test can use one folder.
    """
    rows = list(ids)
    number = next(_number)
    bad = pa.table({"id": [-n for n in range(quarantined)], "_gate_reasons": [["id: expected more"]] * quarantined})
    return Split(
        passing=(_parquet(folder / f"passing-{number}.parquet", rows, select),) if rows else (),
        quarantined=_written(bad, folder / f"quarantined-{number}.parquet") if quarantined else None,
        rows_in=len(rows) + quarantined,
        rows_passing=len(rows),
        rows_quarantined=quarantined,
        row_hash=str(sum(rows)),
    )


def a_settlement(
    attempt_id: str = "orders-2026-11-01-1",
    *,
    dataset: str = "orders",
    partition_key: str = "2026-11-01",
    outcome: PartitionOutcome = PartitionOutcome.PUBLISHED,
    idempotency_key: str = "key-1",
    settled_at: datetime = NOON,
) -> Settlement:
    """A settlement of 100 rows; all are published if the outcome is `published`."""
    published = outcome is PartitionOutcome.PUBLISHED
    return Settlement(
        attempt_id=attempt_id,
        contract=dataset,
        version="1.0.0",
        dataset=dataset,
        partition_key=partition_key,
        outcome=outcome,
        why=() if published else ("because",),
        idempotency_key=idempotency_key,
        rows_in=100,
        rows_published=100 if published else 0,
        rows_quarantined=0 if published else 100,
        table_version=1 if published else None,
        quarantine_uri=None,
        settled_at=settled_at,
    )


def a_claim(dataset: str = "orders", key: str = "2026-11-01", *, seen_fence: int | None = None) -> Claim:
    """The claim with which a process opens an attempt; by default it has not listed the partition."""
    return Claim(
        dataset=dataset,
        partition_key=key,
        contract=dataset,
        version="1.0.0",
        seen_fence=seen_fence,
        owner="host/1/0.00",
    )


def a_message(message_id: str = "m1", *, attempt_id: str = "orders-2026-11-01-1", **changes: Any) -> Message:
    message = Message(
        id=message_id, attempt_id=attempt_id, channel="#orders", audience="producers", text="orders", blocks="[]"
    )
    return message.model_copy(update=changes)


def a_problem(cause: str = "missing", *, blocks: bool = False, finding: str = "no file") -> Problem:
    kind = ProblemKind.MISSING if cause == "missing" else ProblemKind.RULE
    return Problem(cause=cause, kind=kind, finding=finding, blocks=blocks)


def a_notice(
    *causes: str,
    channel: str = "#orders",
    audience: Audience = Audience.PRODUCERS,
    headline: str = "orders 2026-11-01: a rule failed",
) -> Notice:
    """An alert with this headline."""
    text = AlertText(mark="!", headline=headline, happened="1 row is not visible.")
    content = Alert(text=text, origin="orders").model_dump_json()
    return Notice(tool="slack", channel=channel, audience=audience, causes=frozenset(causes), content=content)


def an_assessment(*problems: Problem, key: str = "2026-11-01", dataset: str = "orders", **changes: Any) -> Assessment:
    """An assessment of a partition with these problems; producers are told of all of them."""
    return Assessment(
        dataset=dataset,
        contract=dataset,
        partition_key=key,
        position=key,
        problems=problems,
        **{"notices": (a_notice(*(problem.cause for problem in problems)),), **changes},
    )


def queue(ledger: Ledger, *messages: Message, now: datetime = NOON) -> None:
    """Put messages into the outbox, as the news of a new thread."""
    ledger.assess(an_assessment(a_problem(f"cause of {[message.id for message in messages]}")), now=now)
    (news,) = ledger.unannounced()
    ledger.announce(news, messages, now=now)


def a_baseline(dataset: str = "orders", *columns: PinnedColumn, **changes: Any) -> Baseline:
    """A baseline of one partition with 400 rows, by default of the columns `carrier` and `amount`."""
    carrier, amount = (
        TextBins(column="carrier", texts=("AA", "ÜA\n")),
        NumberBins(kind="number", column="amount", edges=(0.1, 7)),
    )
    default = (
        PinnedColumn(bins=carrier, binned=BinnedColumn(column="carrier", counts=(100, 290, 0), nulls=10), usual=0.05),
        PinnedColumn(bins=amount, binned=BinnedColumn(column="amount", counts=(100, 200, 100), nulls=0)),
    )
    return Baseline(
        dataset=dataset,
        columns=columns or default,
        **{"keys": ("2026-11-01",), "row_count": 400, "who": "ann", "why": "as planned", "at": NOON, **changes},
    )


def a_check_result(
    rule_id: str = "id.not_null", *, outcome: CheckOutcome = CheckOutcome.PASSED, unexpected: int | None = 0
) -> CheckResult:
    """A row-level result over 100 rows."""
    return CheckResult(
        clause=f"schema[0].{rule_id}",
        rule_id=rule_id,
        expectation="expect_column_values_to_not_be_null",
        dimension="completeness",
        severity=Severity.ERROR,
        scope=Scope.ROW,
        outcome=outcome,
        observed=None,
        expected="not null",
        element_count=None if unexpected is None else 100,
        unexpected_count=unexpected,
    )


def _columns(types: Mapping[str, str]) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name=name, source=name, type=kind) for name, kind in types.items())


def _parquet(path: Path, ids: list[int], select: str | None) -> Path:
    columns = select or "id::BIGINT AS id, id / 2 AS amount"
    with duckdb.connect() as connection:
        connection.register("ids", pa.table({"id": pa.array(ids, pa.int64())}))
        connection.sql(f"SELECT {columns} FROM ids").write_parquet(str(path))  # noqa: S608 -- a test's own columns
    return path


def _written(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path)
    return path
