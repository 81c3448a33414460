"""Two sides are compared as consumers see them: which rows, which columns, and nothing that must not be shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from partition_gate.apps.cli.compare import side_name
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import CannotAct, InvalidSetting
from partition_gate.gate.compare import Side, compare
from partition_gate.judging.skew import ColumnSkew, Skew
from partition_gate.judging.validation import Split
from partition_gate.settings import load_settings_of
from partition_gate.testing.ports import FakePorts

SECRET = "Erika Mustermann"
SERVERS = [
    {"server": name, "environment": name, "type": "local", "path": f"{name}/dt=*/*.parquet", "format": "parquet"}
    for name in ("training", "serving")
]
COLUMNS: list[dict[str, Any]] = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "id", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1},
    {"name": "carrier", "logicalType": "string"},
    {"name": "amount", "logicalType": "number"},
    {"name": "seats", "logicalType": "integer"},
    {"name": "at", "logicalType": "timestamp"},
    {"name": "person", "logicalType": "string", "classification": "pii"},
]
LABEL = {
    "name": "label",
    "logicalType": "integer",
    "customProperties": [{"property": "notInEnvironment", "value": ["serving"]}],
}
DAYS = ("2026-11-01", "2026-11-02")


def dataset(
    *columns: dict[str, Any], environment: str = "training", contract: str = "orders", without: str = ""
) -> CompiledDataset:
    by_name = {each["name"]: each for each in (*COLUMNS, *columns)}
    properties = [each for name, each in by_name.items() if name != without]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": contract,
        "version": "1.0.0",
        "status": "active",
        "servers": SERVERS,
        "schema": [{"name": contract, "properties": properties}],
    }
    read = read_contract(json.dumps(document), path="x.odcs.yaml", folder="/c", environment=environment)
    return compiled(read.dataset)


def rows(*, united: int = 50, high: bool = False, count: int = 2000, missing: int = 0) -> dict[str, list[Any]]:
    """`united` percent of the carriers are UA; the first `missing` amounts have no value."""
    numbers = range(count)
    return {
        "id": list(numbers),
        "carrier": ["UA" if each % 100 < united else "AA" for each in numbers],
        "amount": [None if each < missing else each % 997 * (3.0 if high else 1.0) for each in numbers],
        "seats": [each % 3 for each in numbers],
        "person": [SECRET if each % 100 < united else "somebody else" for each in numbers],
        "label": [each % 2 for each in numbers],
    }


class Published:
    """A side whose rows are published in a warehouse in memory."""

    def __init__(self, folder: Path, contract: CompiledDataset) -> None:
        self.folder, self.contract = folder, contract
        self.ports = FakePorts(folder / "spool", contract)
        folder.mkdir(parents=True, exist_ok=True)

    def day(self, key: str, columns: dict[str, list[Any]]) -> Published:
        path = self.folder / f"{key}.parquet"
        pq.write_table(pa.table(columns), path)
        count = len(columns["id"])
        split = Split(
            passing=(path,), quarantined=None, rows_in=count, rows_passing=count, rows_quarantined=0, row_hash=key
        )
        table = self.contract.published
        staged = self.ports.warehouse.stage(table, key, attempt_id=f"a-{key}", split=split)
        self.ports.warehouse.publish(table, staged, idempotency_key=key, fence=1, values=(("dt", key),))
        return self

    def side(self, partitions: str = "") -> Side:
        return Side(self.contract.dataset.environment, self.contract, partitions, self.ports)


def two(
    tmp_path: Path,
    rows_a: dict[str, Any],
    rows_b: dict[str, Any],
    *,
    a: CompiledDataset | None = None,
    b: CompiledDataset | None = None,
) -> Skew:
    """One day of each side, compared."""
    first = Published(tmp_path / "a", a or dataset()).day(DAYS[0], rows_a)
    second = Published(tmp_path / "b", b or dataset()).day(DAYS[0], rows_b)
    return compare(first.side(), second.side(), threshold=0.1)


def column(skew: Skew, name: str) -> ColumnSkew:
    return next(each for each in skew.columns if each.column == name)


def differing(skew: Skew) -> list[str]:
    return [each.column for each in skew.columns if each.reasons]


def test_equal_rows_do_not_differ(tmp_path: Path):
    skew = two(tmp_path, rows(), rows())

    assert skew.differing == 0
    assert max(each.distance or 0 for each in skew.columns) == pytest.approx(0)


def test_a_text_that_is_more_frequent_on_one_side_is_found(tmp_path: Path):
    skew = two(tmp_path, rows(united=50), rows(united=80))

    assert column(skew, "carrier").distance == pytest.approx(0.3)
    assert "carrier" in differing(skew)


def test_numbers_in_another_range_are_found(tmp_path: Path):
    assert differing(two(tmp_path, rows(), rows(high=True))) == ["amount"]


def test_the_distance_is_the_same_from_both_sides(tmp_path: Path):
    there, back = two(tmp_path / "1", rows(), rows(high=True)), two(tmp_path / "2", rows(high=True), rows())

    assert column(there, "amount").distance == pytest.approx(column(back, "amount").distance)


def test_values_that_are_missing_are_found(tmp_path: Path):
    found = column(two(tmp_path, rows(), rows(missing=1000)), "amount")

    assert (found.null_share_a, found.null_share_b) == (0, 0.5)
    assert "amount: no value in 0% of A and 50.00% of B" in found.reasons


def test_numbers_that_only_one_side_has_are_named(tmp_path: Path):
    other = rows()
    other["seats"] = [each if each < 2 else 9 for each in other["seats"]]

    found = column(two(tmp_path, rows(), other), "seats")

    assert (found.only_in_a.values, found.only_in_b.values) == (("2",), ("9",))


def test_a_column_of_one_side_is_a_difference_of_the_schema(tmp_path: Path):
    skew = two(tmp_path, rows(), rows(), b=dataset(without="seats"))

    assert [each.sentence for each in skew.schema_differences] == ["seats is only in A"]
    assert skew.differing == 1


def test_a_column_of_the_second_side_is_a_difference_too(tmp_path: Path):
    skew = two(tmp_path, rows(), rows(), a=dataset(without="seats"))

    assert [each.sentence for each in skew.schema_differences] == ["seats is only in B"]


def test_another_type_is_a_difference_of_the_schema(tmp_path: Path):
    skew = two(tmp_path, rows(), rows(), b=dataset({"name": "seats", "logicalType": "number"}))

    assert [each.sentence for each in skew.schema_differences] == ["seats is BIGINT in A and DOUBLE in B"]


def test_a_column_that_the_contract_excepts_in_an_environment_is_no_difference(tmp_path: Path):
    skew = two(tmp_path, rows(), rows(), a=dataset(LABEL), b=dataset(LABEL, environment="serving"))

    assert [each.sentence for each in skew.schema_differences] == [
        "label is only in A, as the contract says of serving"
    ]
    assert skew.differing == 0


def test_a_column_that_another_contract_excepts_is_a_difference(tmp_path: Path):
    other = dataset(LABEL, environment="serving", contract="returns")
    skew = two(tmp_path, rows(), rows(), a=dataset(LABEL), b=other)

    assert [each.sentence for each in skew.schema_differences] == ["label is only in A"]


def test_a_classified_column_is_measured_and_none_of_its_values_is_in_the_result(tmp_path: Path):
    skew = two(tmp_path, rows(united=0), rows(united=80))

    assert column(skew, "person").distance == pytest.approx(0.8)
    assert SECRET not in skew.model_dump_json()


def test_a_column_that_only_the_other_contract_classifies_is_not_shown(tmp_path: Path):
    skew = two(tmp_path, rows(united=0), rows(united=80), a=dataset({"name": "person", "logicalType": "string"}))

    assert SECRET not in skew.model_dump_json()


def test_keys_and_moments_are_left_out(tmp_path: Path):
    skew = two(tmp_path, rows(), rows())

    assert {each.column: each.why_not for each in skew.columns if each.why_not} == {
        "id": "a key: its values are unique",
        "at": "a date or a time: it moves with the partitions",
    }


def test_texts_that_are_all_different_are_left_out(tmp_path: Path):
    many = rows()
    many["carrier"] = [f"carrier {each}" for each in many["id"]]

    found = column(two(tmp_path, rows(), many), "carrier")

    assert found.why_not == "more than 200 different texts, or texts of more than 200 characters"


def test_only_the_named_partitions_are_compared(tmp_path: Path):
    first = Published(tmp_path / "a", dataset()).day(DAYS[0], rows()).day(DAYS[1], rows(high=True))

    skew = compare(first.side(DAYS[0]), first.side(DAYS[1]), threshold=0.1)

    assert (skew.a.first_key, skew.b.first_key) == DAYS
    assert differing(skew) == ["amount"]


def test_a_range_and_all_partitions_are_the_same_here(tmp_path: Path):
    first = Published(tmp_path / "a", dataset()).day(DAYS[0], rows()).day(DAYS[1], rows(high=True))

    skew = compare(first.side(f"{DAYS[0]}..{DAYS[1]}"), first.side(), threshold=0.1)

    assert (skew.a.partition_count, skew.a.row_count, skew.differing) == (2, 4000, 0)


def test_a_side_without_published_rows_cannot_be_compared(tmp_path: Path):
    first = Published(tmp_path / "a", dataset()).day(DAYS[0], rows())

    with pytest.raises(CannotAct, match="training: no partition of 2026-11-02 is published in its warehouse"):
        compare(first.side(), first.side(DAYS[1]), threshold=0.1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("orders", ("orders", "", "")),
        ("shop/orders", ("shop/orders", "", "")),
        ("orders@serving", ("orders", "serving", "")),
        ("orders:2026-11-01", ("orders", "", "2026-11-01")),
        ("orders@serving:2026-11-01..2026-11-30", ("orders", "serving", "2026-11-01..2026-11-30")),
        ("orders:2026-11-01T07:00", ("orders", "", "2026-11-01T07:00")),
    ],
)
def test_a_side_is_named_by_dataset_environment_and_partitions(text: str, parts: tuple[str, str, str]):
    name = side_name(text)

    assert (name.dataset, name.environment, name.partitions) == parts


@pytest.mark.parametrize("text", ["", "@serving", ":2026-11-01", "orders@", "orders:"])
def test_a_side_that_names_nothing_is_refused(text: str):
    with pytest.raises(typer.BadParameter, match="names no dataset"):
        side_name(text)


def test_the_settings_of_another_project_are_those_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "partition-gate.toml").write_text('environment = "serving"\n')
    monkeypatch.setenv("GATE_ENVIRONMENT", "training")

    settings = load_settings_of(tmp_path)

    assert settings.environment == "serving"
    assert settings.contracts.parent == tmp_path or tmp_path in settings.contracts.parents


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path):
    with pytest.raises(InvalidSetting, match=r"has no partition-gate\.toml and no \.env"):
        load_settings_of(tmp_path)
