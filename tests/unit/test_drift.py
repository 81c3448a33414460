"""Drift: told if a distribution is unlike the pinned one; silent about what sampling or usual variation explains."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.distribution import (
    BinnedColumn,
    BinnedPartition,
    ColumnKind,
    ColumnSurvey,
    ColumnToSurvey,
    NumberBins,
    TextBins,
    bins_of,
    counted_by_edges,
    is_whole,
    kind_of,
)
from partition_gate.judging.drift import (
    Drift,
    DriftComparison,
    LeftOut,
    PinnedColumn,
    compared,
    measured,
    noise,
    psi,
    shares,
)
from partition_gate.judging.pinning import candidates, pinned, surveyed
from partition_gate.testing.builders import a_baseline

TEXTS = ("AA", "UA", "B6")
COUNTS = st.lists(st.integers(0, 10**6), min_size=2, max_size=12)


def carrier(*counts: int, nulls: int = 0) -> BinnedColumn:
    """AA, UA, B6 and others."""
    return BinnedColumn(column="carrier", counts=counts, nulls=nulls)


def a_column(binned: BinnedColumn, *, usual: float = 0.0, texts: Sequence[str] = TEXTS) -> PinnedColumn:
    return PinnedColumn(bins=TextBins(column="carrier", texts=tuple(texts)), binned=binned, usual=usual)


def found(before: PinnedColumn, now: BinnedColumn, *, threshold: float = 0.25, **changes: Any) -> DriftComparison:
    partition = BinnedPartition(row_count=sum(now.all), columns=(now,))
    baseline = a_baseline("orders", before, keys=("2013-01-01", "2013-01-31"), **changes)
    return compared(baseline, partition, columns=[before], threshold=threshold)


def only(comparison: DriftComparison) -> Drift:
    (drift,) = comparison.drifts
    return drift


# The figure


@given(COUNTS)
def test_the_same_distribution_has_a_figure_of_zero(counts: list[int]) -> None:
    assert psi(counts, counts) == 0


@given(COUNTS, st.data())
def test_the_figure_is_finite_never_negative_and_the_same_both_ways(counts: list[int], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.integers(0, 10**6), min_size=len(counts), max_size=len(counts)))

    assert 0 <= psi(counts, others) < math.inf
    assert psi(counts, others) == pytest.approx(psi(others, counts))


def test_the_figure_is_that_of_its_definition() -> None:
    before, now = (7000, 3000), (5000, 5000)

    assert psi(before, now) == pytest.approx(
        (0.5 - 0.7) * math.log(0.5 / 0.7) + (0.5 - 0.3) * math.log(0.5 / 0.3), abs=1e-3
    )


@given(COUNTS)
def test_the_shares_are_positive_and_add_up(counts: list[int]) -> None:
    assert min(shares(counts)) > 0
    assert sum(shares(counts)) == pytest.approx(1)


def test_an_empty_bin_of_a_small_partition_says_little() -> None:
    assert psi((950, 50), (60, 0)) < 0.1


@pytest.mark.parametrize("rows", [50, 500])
@pytest.mark.parametrize("weights", [[1] * 11, [60, 20, 10, 5, 3, 1, 1]], ids=["even", "uneven"])
def test_sampling_error_alone_never_drifts(rows: int, weights: list[int]) -> None:
    chance = random.Random(1)  # noqa: S311 -- no secret
    before = drawn(chance, 5000, weights)
    texts = [str(number) for number in range(len(weights) - 1)]
    column = a_column(carrier(*before), texts=texts)
    samples = [carrier(*drawn(chance, rows, weights)) for _ in range(100)]

    assert [drift for sample in samples for drift in found(column, sample).drifts] == []
    assert sum(len(found(column, sample, threshold=0).drifts) for sample in samples) < 6  # even without a threshold


def drawn(chance: random.Random, rows: int, weights: list[int]) -> tuple[int, ...]:
    values = chance.choices(range(len(weights)), weights, k=rows)
    return tuple(values.count(number) for number in range(len(weights)))


def test_the_sampling_error_is_the_expectation_and_three_deviations() -> None:
    assert noise(11, 1000, 100) == pytest.approx((10 + 3 * math.sqrt(20)) * (1 / 1000 + 1 / 100))


# What is told


def test_a_shift_is_told_with_the_figure_its_limit_and_the_bins_that_moved_most() -> None:
    drift = only(found(a_column(carrier(1000, 2200, 6000, 800)), carrier(3100, 900, 5200, 800)))

    assert drift.cause == "drift carrier"
    assert drift.sentence == (
        "carrier has drifted from the baseline 2013-01-01..2013-01-31 (PSI 0.37, limit 0.25; AA 10% → 31%, UA 22% → 9%)"
    )


def test_a_column_as_pinned_is_in_order() -> None:
    assert found(a_column(carrier(1000, 2200, 6000, 800)), carrier(100, 220, 600, 80)) == DriftComparison(
        in_order=frozenset({"drift carrier"})
    )


def test_values_that_the_baseline_never_had_are_told_as_others() -> None:
    drift = only(found(a_column(carrier(5000, 5000, 0, 0)), carrier(3000, 3000, 0, 4000)))

    assert "others 0% → 40%" in drift.sentence


def test_rows_without_a_value_are_a_bin_of_their_own() -> None:
    drift = only(found(a_column(carrier(5000, 5000, 0, 0)), carrier(2500, 2500, 0, 0, nulls=5000)))

    assert "no value 0% → 50%" in drift.sentence


def test_shares_that_look_the_same_get_more_digits() -> None:
    before = a_column(carrier(9810, 190, 0, 0))

    drift = measured(a_baseline("orders", before), before, carrier(9790, 210, 0, 0), threshold=0.25)

    assert "UA 1.90% → 2.10%, AA 98.10% → 97.90%" in drift.sentence


def test_fewer_than_fifty_rows_say_nothing_and_end_nothing() -> None:
    assert found(a_column(carrier(5000, 5000, 0, 0)), carrier(0, 0, 0, 49)) == DriftComparison()


@pytest.mark.parametrize(("usual", "told"), [(0.0, ["carrier"]), (0.3, ["carrier"]), (0.5, [])])
def test_a_column_that_varies_among_the_pinned_partitions_may_vary(usual: float, told: list[str]) -> None:
    before, now = a_column(carrier(1000, 2200, 6000, 800), usual=usual), carrier(3100, 900, 5200, 800)

    assert [drift.column for drift in found(before, now).drifts] == told


@pytest.mark.parametrize(("threshold", "told"), [(0.3, ["carrier"]), (0.4, [])])
def test_the_threshold_decides(threshold: float, told: list[str]) -> None:
    comparison = found(a_column(carrier(1000, 2200, 6000, 800)), carrier(3100, 900, 5200, 800), threshold=threshold)

    assert [drift.column for drift in comparison.drifts] == told


# Bins


@given(
    st.lists(st.floats(allow_nan=True), max_size=50),
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9, unique=True),
)
def test_every_value_is_in_one_bin(values: list[float], edges: list[float]) -> None:
    assert sum(counted_by_edges(values, sorted(edges))) == len(values)


def test_an_edge_belongs_to_the_bin_below_it_and_nan_to_the_last() -> None:
    assert counted_by_edges([1.0, 1.5, 2.0, 2.5, math.nan, math.inf], (1.0, 2.0)) == (1, 2, 3)


@pytest.mark.parametrize("edges", [(), (2.0, 1.0), (1.0, 1.0), (math.inf,), (math.nan,)])
def test_edges_that_are_no_bins_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        NumberBins(kind="number", column="x", edges=edges)


NUMBERS = ColumnToSurvey(column="x", kind=ColumnKind.NUMBER)


def a_survey(**parts: Any) -> ColumnSurvey:
    return ColumnSurvey(column="x", **{"value_count": 1000, **parts})


def test_quantiles_that_repeat_are_one_edge() -> None:
    bins = bins_of(a_survey(quantiles=(0, 0, 0, 0, 1, 2, 2, 3, math.inf)), NUMBERS)

    assert isinstance(bins, NumberBins)
    assert (bins.edges, bins.label(0), bins.label(1), bins.label(4)) == ((0, 1, 2, 3), "up to 0", "0 to 1", "above 3")


def test_edges_of_whole_numbers_are_whole() -> None:
    bins = bins_of(a_survey(quantiles=(-7.5, 0.2, 3.9)), NUMBERS.model_copy(update={"is_whole": True}))

    assert isinstance(bins, NumberBins)
    assert bins.edges == (-8, 0, 3)


def test_few_numbers_have_a_bin_each() -> None:
    bins = bins_of(a_survey(numbers=(0, 1), quantiles=(1,) * 9), NUMBERS)

    assert isinstance(bins, NumberBins)
    assert [bins.label(number) for number in range(bins.count)] == ["0", "1", "above 1"]


def test_moments_are_shown_as_dates() -> None:
    bins = NumberBins(kind="moment", column="at", edges=(1356998400.0, 1357000200.0))

    assert [bins.label(number) for number in range(3)] == [
        "up to 2013-01-01",
        "2013-01-01 to 2013-01-01 00:30Z",
        "above 2013-01-01 00:30Z",
    ]


def test_only_the_most_frequent_texts_are_named() -> None:
    texts = tuple((f"t{number}", 100 - number) for number in range(50))

    bins = bins_of(a_survey(texts=texts), ColumnToSurvey(column="x", kind=ColumnKind.TEXT))

    assert isinstance(bins, TextBins)
    assert (bins.count, bins.texts[-1], bins.label(20)) == (21, "t19", "others")


def test_a_long_or_hidden_text_is_shown_cut_and_escaped() -> None:
    bins = TextBins(column="x", texts=("", "\x1b[31m", "x" * 100))

    assert [bins.label(number) for number in range(3)] == ["empty text", r"\x1b[31m", "x" * 24 + "…"]


@pytest.mark.parametrize(
    ("survey", "kind", "why"),
    [
        (a_survey(value_count=199), ColumnKind.NUMBER, "199 values, fewer than 200"),
        (a_survey(numbers=(5,)), ColumnKind.NUMBER, "the same value in all rows"),
        (a_survey(texts=(("a", 1000),)), ColumnKind.TEXT, "the same value in all rows"),
        (a_survey(), ColumnKind.TEXT, "more than 200 different texts, or texts of more than 200 characters"),
        (a_survey(quantiles=(math.inf,) * 9), ColumnKind.NUMBER, "no finite values"),
    ],
)
def test_a_column_that_cannot_be_compared_is_left_out_with_the_reason(
    survey: ColumnSurvey, kind: ColumnKind, why: str
) -> None:
    assert list(surveyed([survey], [ColumnToSurvey(column="x", kind=kind)])) == [LeftOut(column="x", why=why)]


@pytest.mark.parametrize(
    ("type_name", "kind", "whole"),
    [
        ("BIGINT", ColumnKind.NUMBER, True),
        ("UTINYINT", ColumnKind.NUMBER, True),
        ("DECIMAL(38,0)", ColumnKind.NUMBER, True),
        ("DECIMAL(10, 2)", ColumnKind.NUMBER, False),
        ("DOUBLE", ColumnKind.NUMBER, False),
        ("DATE", ColumnKind.MOMENT, False),
        ("TIMESTAMP WITH TIME ZONE", ColumnKind.MOMENT, False),
        ("TIMESTAMP_NS", ColumnKind.MOMENT, False),
        ("BOOLEAN", ColumnKind.TEXT, False),
        ("TIME", None, False),
        ("INTERVAL", None, False),
        ("VARCHAR[]", None, False),
        ("STRUCT(a BIGINT)", None, False),
    ],
)
def test_a_type_has_a_kind_of_bins_or_none(type_name: str, kind: ColumnKind | None, *, whole: bool) -> None:
    assert (kind_of(type_name), is_whole(type_name)) == (kind, whole)


# Pinning


def two_bins(*counts: tuple[int, int]) -> list[PinnedColumn | LeftOut]:
    bins = [TextBins(column="x", texts=("a",))]
    parts = (BinnedColumn(column="x", counts=each, nulls=0) for each in counts)
    return list(pinned(bins, [BinnedPartition(row_count=sum(part.counts), columns=(part,)) for part in parts]))


def test_the_pinned_partitions_are_counted_together() -> None:
    (column,) = two_bins((10, 90), (20, 80), (30, 70))

    assert isinstance(column, PinnedColumn)
    assert column.binned.counts == (60, 240)


def test_one_pinned_partition_knows_no_usual_variation() -> None:
    (column,) = two_bins((10, 90))

    assert isinstance(column, PinnedColumn)
    assert column.usual == 0


def test_the_usual_variation_is_that_of_each_pinned_partition_from_the_others() -> None:
    (column,) = two_bins((100, 900), (200, 800), (300, 700))

    assert isinstance(column, PinnedColumn)
    own = [psi((500, 1500), (100, 900)), psi((400, 1600), (200, 800)), psi((300, 1700), (300, 700))]
    mean = sum(own) / 3
    assert column.usual == pytest.approx(mean + 3 * math.sqrt(sum((each - mean) ** 2 for each in own) / 2), abs=1e-3)


def test_a_column_that_labels_its_partition_is_left_out() -> None:
    (column,) = two_bins((100, 0), (0, 100), (100, 0), (0, 100))

    assert isinstance(column, LeftOut)
    assert "differs between the pinned partitions" in column.why


def offered(partitions: int, partitioned_by: Sequence[str] = ("dt",)) -> list[ColumnToSurvey | LeftOut]:
    """The columns of a table with a key, a unique code, a classified name and others."""
    properties: list[dict[str, object]] = [
        {"name": "id", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "code", "logicalType": "string", "unique": True},
    ]
    properties += [{"name": name, "logicalType": "string"} for name in ("name", "state", "tags", "at")]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": "/landing/*.parquet", "format": "parquet"}],
        "schema": [{"name": "orders", "properties": properties}],
    }
    dataset = read_contract(json.dumps(document), path="orders.odcs.yaml", folder="/contracts").dataset
    types = {
        "id": "BIGINT",
        "code": "VARCHAR",
        "name": "VARCHAR",
        "state": "VARCHAR",
        "tags": "VARCHAR[]",
        "at": "DATE",
    }
    columns = tuple(TableColumn(name=n, source=n, type=t) for n, t in types.items())
    parts = tuple(TableColumn(name=name, source=name, type="DATE") for name in partitioned_by)
    table = TableSchema(name="orders", columns=columns, partition_columns=parts)
    return list(candidates(dataset, table, frozenset({"name"}), partitions=partitions))


def test_values_of_classified_columns_and_keys_are_never_asked_for() -> None:
    assert offered(partitions=2) == [
        LeftOut(column="id", why="a key: its values are unique"),
        LeftOut(column="code", why="a key: its values are unique"),
        LeftOut(column="name", why="classified: its values are not read"),
        ColumnToSurvey(column="state", kind=ColumnKind.TEXT),
        LeftOut(column="tags", why="values of type VARCHAR[] have no bins"),
        ColumnToSurvey(column="at", kind=ColumnKind.MOMENT),
        LeftOut(column="dt", why="part of the partition key"),
    ]


def test_dates_of_one_partition_may_move_with_it_unless_there_are_no_others() -> None:
    why = "one partition does not show whether its dates move with the partition: pin two or more"

    assert LeftOut(column="at", why=why) in offered(partitions=1)
    assert ColumnToSurvey(column="at", kind=ColumnKind.MOMENT) in offered(partitions=1, partitioned_by=())
