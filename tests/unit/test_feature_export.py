"""`gate export --to feast`: what a contract says about features, the repository, and where its rows end."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from open_data_contract_standard.model import SchemaObject
from tests.unit.test_odcs import minimal, read
from typer.testing import CliRunner

from partition_gate.apps.cli.features import write_repository
from partition_gate.apps.cli.main import app
from partition_gate.apps.web.safe_through import SafeThrough, newest_slots, safe_until
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.export.feast import FeatureTable, HandedOff, feature_repository, feature_table
from partition_gate.core.errors import CannotAct, ContractError
from partition_gate.gate.pipeline import run_partition
from partition_gate.testing.ports import FakePorts

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
SAFE = datetime(2026, 11, 3, tzinfo=UTC)
DAY = {"name": "dt", "logicalType": "date", "partitioned": True, "partitionKeyPosition": 1}
REGION = {"name": "region", "logicalType": "string", "partitioned": True, "partitionKeyPosition": 2}
KEY: dict[str, Any] = {"name": "id", "logicalType": "integer", "required": True}
AT: dict[str, Any] = {"name": "at", "logicalType": "timestamp"}
MINUTES: dict[str, Any] = {"name": "minutes", "logicalType": "integer"}
ASKED: dict[str, Any] = {"entityKey": "id", "eventTime": "at"}


def a_dataset(*columns: dict[str, Any], asked: dict[str, Any] | None = None, by_region: bool = False) -> Any:
    """The compiled dataset and its schema object."""
    given = [{"property": name, "value": value} for name, value in (ASKED if asked is None else asked).items()]
    path = "data/dt=*/region=*/*.parquet" if by_region else "data/dt=*/*.parquet"
    properties = [DAY, *([REGION] if by_region else []), KEY, AT, *(columns or (MINUTES,))]
    schema = {"name": "orders", "properties": properties, "customProperties": given}
    document = minimal(
        schema=[schema],
        servers=[{"server": "x", "type": "local", "path": path, "format": "parquet"}],
        slaProperties=[{"property": "latency", "value": 4, "unit": "h"}],
        customProperties=[{"property": "startDate", "value": "2026-11-01"}],
    )
    return compiled(read(document)), SchemaObject.model_validate(schema)


def a_table(*columns: dict[str, Any], **asked: Any) -> FeatureTable:
    return feature_table(*a_dataset(*columns, asked={**ASKED, **asked}))


def features_file(*tables: FeatureTable) -> str:
    handed = [HandedOff(table=table, safe_through=SAFE) for table in tables]
    return feature_repository(handed, project="shop")["features.py"]


# What the contract says


def test_all_other_columns_are_features():
    table = a_table(MINUTES, {"name": "genres", "logicalType": "array", "items": {"logicalType": "string"}})

    assert ([each.name for each in table.entity_key], table.event_time.name) == (["id"], "at")
    assert [each.name for each in table.features] == ["minutes", "genres"]


def test_a_classified_column_is_no_feature_unless_it_is_named():
    email = {"name": "email", "logicalType": "string", "classification": "personal"}

    assert a_table(MINUTES, email).left_out == (("email", "classified; name it in `features` if models may use it"),)
    assert [each.name for each in a_table(MINUTES, email, features=["email"]).features] == ["email"]


@pytest.mark.parametrize(
    "column",
    [
        {"logicalType": "number", "physicalType": "DECIMAL(10,2)"},
        {"logicalType": "date"},
        {"logicalType": "object", "properties": [{"name": "a", "logicalType": "string"}]},
    ],
)
def test_a_column_that_feast_has_no_type_for_is_left_out_and_named(column: dict[str, Any]):
    table = a_table(MINUTES, {"name": "odd", **column})

    assert [name for name, _ in table.left_out] == ["odd"]
    assert "# Not a feature: odd (Feast has no type for " in features_file(table)


def test_a_time_to_live_is_a_span():
    assert a_table(featureTtl="7d").ttl == timedelta(days=7)
    assert "timedelta(seconds=604800)" in features_file(a_table(featureTtl="7d"))
    assert "timedelta(seconds=0),  # 0: a value may be of any age" in features_file(a_table())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"entityKey": "id"}, "eventTime: names no column, and a feature table needs it; write such as {property: "),
        ({**ASKED, "entityKey": "idd"}, "entityKey: 'idd' is not a column that is published; did you mean 'id'?"),
        ({**ASKED, "entityKey": "dt"}, "entityKey: 'dt' is not a column that is published; its columns are id, at"),
        ({**ASKED, "entityKey": "at"}, "entityKey: 'at' is of type TIMESTAMP WITH TIME ZONE; a key is a whole number"),
        ({**ASKED, "eventTime": "minutes"}, "eventTime: 'minutes' is not one timestamp; name a column of logicalType"),
        ({**ASKED, "eventTime": ["at", "at"]}, "eventTime: 'at' is not one timestamp; name a column of logicalType"),
        ({**ASKED, "features": ["price"]}, "features: 'price' is of type DECIMAL(10,2), which Feast lacks; remove it"),
        ({**ASKED, "features": ["id"]}, "features: no column is a feature; name one beside the key and the event time"),
        ({**ASKED, "featureTtl": "soon"}, "featureTtl: 'soon' is not a time; write one such as 30d or PT12H"),
    ],
)
def test_what_feast_cannot_have_is_refused_with_its_place(asked: dict[str, Any], said: str):
    price = {"name": "price", "logicalType": "number", "physicalType": "DECIMAL(10,2)"}

    with pytest.raises(ContractError) as refused:
        feature_table(*a_dataset(MINUTES, price, asked=asked))

    assert f": orders: customProperties.{said}" in str(refused.value)


# The repository


def test_the_file_is_python_and_an_entity_is_defined_once():
    table = a_table()
    other = table.model_copy(update={"name": "visits"})

    tree = ast.parse(features_file(table, other))

    names = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    assert names == ["SAFE_THROUGH", "id_entity", "orders_view", "visits_view"]


@pytest.mark.parametrize("text", ['"""\nimport os; os.abort()', "a\\", "'; x = 1 #", "\u2028y = 2", "{1 + 1}"])
def test_a_text_of_the_contract_is_a_text_in_the_file(text: str):
    described = {**MINUTES, "description": text}

    tree = ast.parse(features_file(a_table(described)))

    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert " ".join(text.split()) in literals
    assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in tree.body)


def test_the_moment_through_which_data_is_safe_is_in_the_file():
    text = features_file(a_table())

    assert '"orders": datetime.fromisoformat("2026-11-03T00:00:00+00:00"),' in text
    assert '"safe_through": "2026-11-03T00:00:00+00:00",' in text


# Safe through


class Published:
    """Partitions that were published over ports in memory."""

    def __init__(self, folder: Path, *, by_region: bool = False) -> None:
        self.dataset, self.schema = a_dataset(by_region=by_region)
        self.ports = FakePorts(folder / "spool", self.dataset)

    def run(self, *keys: str) -> None:
        for key in keys:
            self.ports.store.land(key, [1, 2, 3, 4])
            self.ports.clock.time = NOW
            run_partition(self.dataset, key, ports=self.ports)

    def safe(self, now: datetime = NOW) -> SafeThrough | None:
        dataset = self.dataset.dataset
        return safe_until(dataset, newest_slots(dataset, self.ports.ledger, now=now))


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path)


def until(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def test_everything_is_safe_until_the_end_of_the_newest_partition(published: Published):
    published.run("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04")

    assert published.safe() == SafeThrough(key="2026-11-04", until=until(5))


def test_what_comes_after_a_missing_partition_is_not_safe(published: Published):
    published.run("2026-11-01", "2026-11-02", "2026-11-04")

    assert published.safe() == SafeThrough(key="2026-11-02", until=until(3))


def test_a_partition_that_is_not_due_yet_is_a_gap(published: Published):
    published.run("2026-11-01", "2026-11-02", "2026-11-03")

    early = published.safe(now=until(5) + timedelta(hours=1))  # the 4th is due at 04:00

    assert early == SafeThrough(key="2026-11-03", until=until(4))


def test_a_rejected_partition_is_a_gap(published: Published):
    published.run("2026-11-01")
    published.ports.validator.failing = {"id.required": {1, 2, 3, 4}}
    published.run("2026-11-02")
    published.ports.validator.failing = {}
    published.run("2026-11-03", "2026-11-04")

    assert published.safe() == SafeThrough(key="2026-11-01", until=until(2))


def test_a_day_is_safe_only_if_each_region_is_there(tmp_path: Path):
    published = Published(tmp_path, by_region=True)
    published.run(*(f"2026-11-0{day}/{region}" for day in (1, 2) for region in ("eu", "us")), "2026-11-03/eu")

    assert published.safe() == SafeThrough(key="2026-11-03/eu", until=until(3))


def test_nothing_is_safe_if_the_first_expected_partition_is_missing(published: Published, tmp_path: Path):
    published.run("2026-11-02", "2026-11-03")
    table = feature_table(published.dataset, published.schema)

    with pytest.raises(CannotAct, match=r"orders: no partition is published before the first gap"):
        write_repository([(published.dataset, table)], ports=published.ports, into=tmp_path / "repository")

    assert not (tmp_path / "repository").exists()


def test_only_rows_of_safe_partitions_and_before_the_safe_moment_are_handed_off(published: Published, tmp_path: Path):
    published.run("2026-11-01", "2026-11-02", "2026-11-04")
    rows = published.ports.warehouse.rows("orders")  # four of each day
    moments = [*[until(1)] * 4, until(2), until(2), until(3), None, until(2), *[until(4)] * 3]
    for row, at in zip(rows, moments, strict=True):
        row.update(at=at, minutes=1, email="v7@example.com")
    table = feature_table(published.dataset, published.schema)

    (handed,) = write_repository([(published.dataset, table)], ports=published.ports, into=tmp_path)

    copied = pq.read_table(tmp_path / "data" / "orders.parquet")
    assert [each["at"].day for each in copied.to_pylist()] == [1, 1, 1, 1, 2, 2]
    assert (copied.column_names, handed.rows, handed.safe.key) == (["id", "at", "minutes"], 6, "2026-11-02")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["orders.parquet"]


# The command


def test_a_feature_repository_needs_a_folder():
    assert CliRunner().invoke(app, ["export", "flights", "--to", "feast"]).exit_code == 2


def test_a_contract_without_a_feature_table_is_told_how_to_describe_one(tmp_path: Path):
    refused = CliRunner().invoke(app, ["export", "flights", "--to", "feast", "--output", str(tmp_path)]).exception

    assert isinstance(refused, ContractError)
    assert "no object is a feature table; give one customProperties: [{property: entityKey, value: COLUMN}" in str(
        refused
    )
