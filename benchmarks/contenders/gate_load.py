"""Partition Gate: the verdict, the split, and the publish to a local Delta table."""

import tempfile
from pathlib import Path

from gate_partition import PARTITION_KEY, blocking, failed, the_scan, the_suite, the_validator
from timing import measure

from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.testing.scans import some_labels


def load(path: str, *, counted: bool = True) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warehouse = DeltaWarehouse(
            str(folder / "warehouse"), serving_file=folder / "served.duckdb", quarantine_root=str(folder / "quarantine")
        )
        return judge_and_publish(path, folder, warehouse, counted=counted)


def judge_and_publish(path: str, folder: Path, warehouse: DeltaWarehouse, *, counted: bool = True) -> dict[str, int]:
    """Judge a local file, publish its rows, quarantine those that fail, refresh the views; return the failed checks.

    `counted`: whether column counters are computed. A contract without columns has none.
    """
    scan, validator = the_scan(path, folder / "validated"), the_validator()
    unnamed = scan.table.model_copy(update={"columns": ()})
    judged = scan if counted else scan.model_copy(update={"table": unnamed, "published": scan.table})
    validation = validator.validate(judged, the_suite())
    split = validator.split(scan, blocking=blocking(validation), labels=some_labels(), into=folder / "split")
    staged = warehouse.stage(scan.table, PARTITION_KEY, attempt_id="orders-1", split=split)
    if split.quarantined:
        warehouse.quarantine("orders", PARTITION_KEY, attempt_id="orders-1", rows=split.quarantined, raw=())
    warehouse.publish(scan.table, staged, idempotency_key="key", fence=1, values=scan.partition_values)
    warehouse.refresh_view(scan.table)
    return failed(validation)


if __name__ == "__main__":
    measure(load)
