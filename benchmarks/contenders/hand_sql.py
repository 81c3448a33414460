"""One hand-written DuckDB statement: the rows that break a check, each with all its reasons."""

from collections import Counter

import duckdb
import orders
from timing import measure


def failing_rows(path: str) -> dict[str, int]:
    relation = f"read_parquet('{path}')"
    conditions = orders.conditions(relation)
    reasons = ", ".join(f"CASE WHEN {sql} THEN '{rule_id}' END" for rule_id, sql in conditions.items())
    query = (
        f"SELECT *, list_filter([{reasons}], lambda reason: reason IS NOT NULL) AS reasons FROM {relation} "  # noqa: S608
        f"WHERE {' OR '.join(f'coalesce({sql}, FALSE)' for sql in conditions.values())}"
    )
    rows = duckdb.sql(query).to_arrow_table()
    return Counter(reason for reasons in rows["reasons"].to_pylist() for reason in reasons)


if __name__ == "__main__":
    measure(failing_rows)
