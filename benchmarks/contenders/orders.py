"""The partition of the benchmark and its checks: the only definition of what is measured.

`python benchmarks/contenders/orders.py ROWS VARIANT FILE` writes the partition: the same rows on every machine.
"""

from __future__ import annotations

import sys

import duckdb

VARIANTS = ("clean", "unordered", "dirty")
STATUSES = ["new", "paid", "shipped", "returned"]
COUNTRIES = ["DE", "FR", "US", "GB", "ES", "IT", "NL", "PL"]
SKU, EMAIL = "^SKU-[0-9]{5}$", "^[^@ ]+@[^@ ]+[.][a-z]+$"

# The columns as a contract declares them: name -> type.
TYPES = {
    "order_id": "BIGINT",
    "customer_id": "BIGINT",
    "status": "VARCHAR",
    "country": "VARCHAR",
    "quantity": "INTEGER",
    "unit_price": "DOUBLE",
    "discount": "DOUBLE",
    "sku": "VARCHAR",
    "email": "VARCHAR",
    "created_at": "TIMESTAMP",
    "shipped_at": "TIMESTAMP",
}
# rule id -> (Great Expectations type, arguments, the DuckDB condition of a row that breaks it). 15 with ROW_COUNT.
CHECKS: dict[str, tuple[str, dict[str, object], str]] = {
    "order_id_known": ("expect_column_values_to_not_be_null", {"column": "order_id"}, "order_id IS NULL"),
    "order_id_unique": (
        "expect_column_values_to_be_unique",
        {"column": "order_id"},
        "order_id IN (SELECT order_id FROM {orders} WHERE order_id IS NOT NULL GROUP BY order_id HAVING count(*) > 1)",
    ),
    "customer_known": ("expect_column_values_to_not_be_null", {"column": "customer_id"}, "customer_id IS NULL"),
    "created_known": ("expect_column_values_to_not_be_null", {"column": "created_at"}, "created_at IS NULL"),
    "status_known": ("expect_column_values_to_not_be_null", {"column": "status"}, "status IS NULL"),
    "status_in_set": (
        "expect_column_values_to_be_in_set",
        {"column": "status", "value_set": STATUSES},
        f"status NOT IN ({', '.join(map(repr, STATUSES))})",
    ),
    "country_in_set": (
        "expect_column_values_to_be_in_set",
        {"column": "country", "value_set": COUNTRIES},
        f"country NOT IN ({', '.join(map(repr, COUNTRIES))})",
    ),
    "quantity_in_range": (
        "expect_column_values_to_be_between",
        {"column": "quantity", "min_value": 1, "max_value": 100},
        "quantity NOT BETWEEN 1 AND 100",
    ),
    "price_in_range": (
        "expect_column_values_to_be_between",
        {"column": "unit_price", "min_value": 0, "max_value": 10000, "strict_min": True},
        "NOT (unit_price > 0 AND unit_price <= 10000)",
    ),
    "discount_in_range": (
        "expect_column_values_to_be_between",
        {"column": "discount", "min_value": 0, "max_value": 0.5},
        "discount NOT BETWEEN 0 AND 0.5",
    ),
    "sku_matches": (
        "expect_column_values_to_match_regex",
        {"column": "sku", "regex": SKU},
        f"NOT regexp_matches(sku, '{SKU}')",
    ),
    "email_matches": (
        "expect_column_values_to_match_regex",
        {"column": "email", "regex": EMAIL},
        f"NOT regexp_matches(email, '{EMAIL}')",
    ),
    "email_length": (
        "expect_column_value_lengths_to_be_between",
        {"column": "email", "min_value": 6, "max_value": 64},
        "length(email) NOT BETWEEN 6 AND 64",
    ),
    "shipped_after_created": (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "shipped_at", "column_B": "created_at", "or_equal": True},
        "NOT (shipped_at >= created_at)",
    ),
}
ROW_COUNT = ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 1_000_000_000})


def conditions(orders: str) -> dict[str, str]:
    """Rule id -> the condition of a row that breaks the rule; `orders` is the relation to read."""
    return {rule_id: sql.replace("{orders}", orders) for rule_id, (_, _, sql) in CHECKS.items()}


def write(rows: int, variant: str, path: str) -> None:
    """Write a variant: `clean` has ascending keys; `unordered` has keys scattered over 32 bits; `dirty` is unordered,
    and one row in 1000 breaks each of nine rules.
    """
    cells = ", ".join(f"{sql} AS {name}" for name, sql in _columns(variant).items())
    query = f"SELECT {cells} FROM range({rows}) AS t(i)"  # noqa: S608 (constants)
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _columns(variant: str) -> dict[str, str]:
    key = "{i}" if variant == "clean" else "({i} * 2654435761) % 4294967296"

    def sometimes(value: str, broken: str, salt: int) -> str:
        is_broken = f"hash(i, {salt}) >> 20 & 1023 = 0"
        return f"CASE WHEN {is_broken} THEN {broken} ELSE {value} END" if variant == "dirty" else value

    return {
        "order_id": f"({sometimes(key.format(i='i'), key.format(i='(i // 2)'), 1)})::BIGINT",
        "customer_id": sometimes(_number(11, 200_000), "NULL", 2),
        "status": sometimes(f"({STATUSES})[1 + {_number(12, 4)}]", "'lost'", 3),
        "country": sometimes(f"({COUNTRIES})[1 + {_number(13, 8)}]", "'Germany'", 4),
        "quantity": f"({sometimes('1 + ' + _number(14, 50), '0', 5)})::INTEGER",
        "unit_price": f"({sometimes(f'(1 + {_number(15, 100_000)}) / 100', '-1', 6)})::DOUBLE",
        "discount": f"({sometimes(f'{_number(16, 40)} / 100', '0.9', 7)})::DOUBLE",
        "sku": sometimes(f"'SKU-' || lpad({_number(17, 20_000)}::VARCHAR, 5, '0')", "'sku'", 8),
        "email": f"CASE WHEN {_number(18, 50)} = 0 THEN NULL ELSE 'u' || {_number(11, 200_000)} || '@example.com' END",
        "created_at": _moment("i % 86400"),
        "shipped_at": _moment(f"i % 86400 + {sometimes(_number(19, 86_400), '-10', 9)}"),
    }


def _number(salt: int, below: int) -> str:
    return f"((hash(i, {salt}) >> 20) % {below})::BIGINT"


def _moment(seconds: str) -> str:
    return f"TIMESTAMP '2026-11-01' + to_seconds({seconds})"


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2], sys.argv[3])
