"""Partition Gate: the verdict, the split, and the publish to a local Delta table."""

import tempfile
from pathlib import Path

from gate_partition import PARTITION_KEY, blocking, failed, the_scan, the_suite
from timing import measure

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.testing.scans import some_labels


def load(path: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan, validator = the_scan(path, folder / "validated"), DuckDbValidator()
        validation = validator.validate(scan, the_suite())
        split = validator.split(scan, blocking=blocking(validation), labels=some_labels(), into=folder / "split")
        warehouse = DeltaWarehouse(
            str(folder / "warehouse"), serving_file=folder / "served.duckdb", quarantine_root=str(folder / "quarantine")
        )
        staged = warehouse.stage(scan.table, PARTITION_KEY, attempt_id="orders-1", split=split)
        values = scan.partition_values
        warehouse.publish(scan.table, staged, idempotency_key="key", fence=1, values=values)
        warehouse.refresh_views([scan.table])
    return failed(validation)


if __name__ == "__main__":
    measure(load)
