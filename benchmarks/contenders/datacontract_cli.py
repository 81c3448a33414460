"""datacontract-cli: the verdict with the counts, from the same contract in ODCS."""

import tempfile
from pathlib import Path

import orders
import yaml
from datacontract.data_contract import DataContract
from timing import measure

_LOGICAL = {"BIGINT": "integer", "INTEGER": "integer", "VARCHAR": "string", "DOUBLE": "number", "TIMESTAMP": "date"}
_OPTIONS = {
    "quantity": {"minimum": 1, "maximum": 100},
    "unit_price": {"exclusiveMinimum": 0, "maximum": 10000},
    "discount": {"minimum": 0, "maximum": 0.5},
    "sku": {"pattern": orders.SKU},
    "email": {"pattern": orders.EMAIL, "minLength": 6, "maxLength": 64},
}


def verdict(path: str) -> dict[str, int]:
    contract = {
        "apiVersion": "v3.0.2",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "local", "type": "local", "path": path, "format": "parquet"}],
        "schema": [{"name": "orders", "physicalType": "table", "properties": _properties(), "quality": _quality()}],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.odcs.yaml"
        file.write_text(yaml.safe_dump(contract))
        run = DataContract(data_contract_file=str(file)).test()
    return {check.name: 1 for check in run.checks if str(check.result) not in ("ResultEnum.passed", "passed")}


def _properties() -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "logicalType": _LOGICAL[kind],
            "physicalType": kind,
            "required": name in {"order_id", "customer_id", "status", "created_at"},
            "unique": name == "order_id",
            "logicalTypeOptions": _OPTIONS.get(name, {}),
            "quality": _members(name),
        }
        for name, kind in orders.TYPES.items()
    ]


def _members(name: str) -> list[dict[str, object]]:
    values = {"status": orders.STATUSES, "country": orders.COUNTRIES}.get(name)
    if values is None:
        return []
    members = ", ".join(map(repr, values))
    query = f"SELECT count(*) FROM orders WHERE {name} NOT IN ({members})"  # noqa: S608 (constants)
    return [{"type": "sql", "query": query, "mustBe": 0}]


def _quality() -> list[dict[str, object]]:
    shipped = "SELECT count(*) FROM orders WHERE NOT (shipped_at >= created_at)"
    return [
        {"type": "sql", "query": shipped, "mustBe": 0},
        {"type": "sql", "query": "SELECT count(*) FROM orders", "mustBeGreaterThan": 0},
    ]


if __name__ == "__main__":
    measure(verdict)
