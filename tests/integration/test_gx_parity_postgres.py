"""What Great Expectations judges on PostgreSQL, DuckDB judges alike: LIKE patterns, types, what null means in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import great_expectations as gx
import pyarrow as pa
import pytest
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig
from tests.integration.gx_parity import Cases, Seen, differences, judged_on, on_duckdb, on_pandas
from tests.integration.test_gx_parity import ALL, BATCHES

from partition_gate.checks.core_expectations import RUN

COLUMN_TYPES = {pa.int64(): sa.BigInteger, pa.float64(): sa.Double, pa.string(): sa.String}
PATTERNS = ("%a%", "a", "_", "", "%", "B%", "%é%", "日_", "1%", r"\%")
LIKE: Cases = {
    f"{pattern} {kind}": (f"expect_column_values_to_{kind}", {"column": "s", argument: value})
    for pattern in PATTERNS
    for kind, argument, value in (
        ("match_like_pattern", "like_pattern", pattern),
        ("not_match_like_pattern", "like_pattern", pattern),
        ("match_like_pattern_list", "like_pattern_list", [pattern, "bb"]),
        ("not_match_like_pattern_list", "like_pattern_list", [pattern, "bb"]),
    )
} | {
    "all of a list": (
        "expect_column_values_to_match_like_pattern_list",
        {"column": "s", "like_pattern_list": ["%a%", "_"], "match_on": "all"},
    ),
    "mostly": ("expect_column_values_to_match_like_pattern", {"column": "s", "like_pattern": "_", "mostly": 3 / 7}),
}
CASES: Cases = {**ALL, **LIKE}


@pytest.fixture
def server(postgres: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"{postgres}/postgres")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("batch", BATCHES)
def test_what_postgresql_judges_duckdb_judges_alike(tmp_path: Path, server: sa.Engine, batch: str) -> None:
    theirs = _on_postgres(server, BATCHES[batch])
    ours = on_duckdb(tmp_path, BATCHES[batch], CASES)

    judged = {name for name, seen in theirs.items() if seen is not None}
    assert differences({name: ours[name] for name in judged}, theirs) == {}
    assert set(LIKE) <= judged
    assert len(judged) > 140


def test_every_core_expectation_is_judged_on_pandas_or_postgresql_too(server: sa.Engine) -> None:
    judged = [on_pandas(BATCHES["no_null"], ALL), _on_postgres(server, BATCHES["mixed"])]

    kinds = {CASES[name][0] for seen in judged for name, one in seen.items() if one is not None}
    # A JSON Schema is compared on pandas by itself, where no text is broken.
    assert {"expect_column_values_to_match_json_schema"} == RUN - kinds


def _on_postgres(server: sa.Engine, rows: pa.Table) -> dict[str, Seen]:
    name = f"rows_{uuid.uuid4().hex}"
    columns = [sa.Column(field.name, COLUMN_TYPES[field.type]) for field in rows.schema]
    table = sa.Table(name, sa.MetaData(), *columns)
    table.create(server)
    if rows.num_rows:
        with server.begin() as connection:
            connection.execute(table.insert(), rows.to_pylist())
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = server.url.render_as_string(hide_password=False)
    asset = context.data_sources.add_postgres("postgres", connection_string=url).add_table_asset(
        "rows", table_name=name
    )
    return {
        name: None if seen is None else _counted(seen)
        for name, seen in judged_on(asset.add_batch_definition_whole_table("all").get_batch(), CASES).items()
    }


def _counted(seen: list[object]) -> list[object]:
    """A sum over no rows is null in PostgreSQL; here nothing unexpected is 0."""
    is_over_rows = seen[1] == 0
    return [*seen[:2], 0 if seen[2] is None and is_over_rows else seen[2], *seen[3:]]
