"""Soda v4: the verdict with the counts, over a DuckDB view of the file."""

import json
import tempfile
from pathlib import Path

import duckdb
import orders
from soda_core.contracts import verify_contract_locally
from soda_duckdb import DuckDBDataSource
from timing import measure

_COLUMNS = {
    "order_id": [{"missing": None}, {"duplicate": None}],
    "customer_id": [{"missing": None}],
    "created_at": [{"missing": None}],
    "status": [{"missing": None}, {"invalid": {"valid_values": orders.STATUSES}}],
    "country": [{"invalid": {"valid_values": orders.COUNTRIES}}],
    "quantity": [{"invalid": {"valid_min": 1, "valid_max": 100}}],
    "unit_price": [{"failed_rows": {"expression": "NOT (unit_price > 0 AND unit_price <= 10000)"}}],
    "discount": [{"invalid": {"valid_min": 0, "valid_max": 0.5}}],
    "sku": [{"invalid": {"valid_format": {"name": "sku", "regex": orders.SKU}}}],
    "email": [
        {"invalid": {"valid_format": {"name": "email", "regex": orders.EMAIL}}},
        {"invalid": {"qualifier": "length", "valid_min_length": 6, "valid_max_length": 64}},
    ],
}
_ROWS = [{"row_count": None}, {"failed_rows": {"expression": "NOT (shipped_at >= created_at)"}}]


def verdict(path: str) -> dict[str, int]:
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW orders AS FROM read_parquet('{path}')")
    contract = {
        "dataset": "duckdb/memory/main/orders",
        "columns": [{"name": name, "checks": checks} for name, checks in _COLUMNS.items()],
        "checks": _ROWS,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.yaml"
        file.write_text(json.dumps(contract))
        source = DuckDBDataSource.from_existing_cursor(connection, name="duckdb")
        verified = verify_contract_locally(data_sources=[source], contract_file_path=str(file))
    results = verified.contract_verification_results[0].check_results
    if not results:
        raise SystemExit(verified.get_logs_str())
    return {f"{result.check.column_name}: {result.check.name}": 1 for result in results if result.is_failed}


if __name__ == "__main__":
    measure(verdict)
