"""Whatever an expectation is given, DuckDB gives what pandas gives, or differs for a stated reason."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from great_expectations.expectations.row_conditions import Column
from tests.integration.gx_parity import Seen, differences, on_duckdb, on_pandas
from tests.integration.test_gx_parity import BATCHES

N, M, S = {"column": "n"}, {"column": "m"}, {"column": "s"}
PAIR, LIST = {"column_A": "n", "column_B": "m"}, {"column_list": ["n", "m"]}
BOUNDS: tuple[dict[str, Any], ...] = (
    {"min_value": 1, "strict_min": True},
    {"max_value": 9, "strict_max": True},
    {"min_value": 0},
    {"max_value": 2},
)
# Great Expectations on pandas computes with infinities and empty histograms; only what it answers is compared.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")

AGGREGATES = ("max", "min", "mean", "median", "sum", "stdev", "unique_value_count", "proportion_of_unique_values")
BINS = {"bins": [-5, 0, 5, 10], "weights": [0.2, 0.5, 0.3]}
TAILS = {"bins": [-5, 0, 5, 10], "weights": [0.2, 0.5, 0.1], "tail_weights": [0.1, 0.1]}
WORDS = {"values": ["a", "bb"], "weights": [0.5, 0.5]}
SETS: tuple[list[Any], ...] = ([1, 2], [1, 2, None], [1, 1, 2, 3, 5, 9], [None])
CASES: list[tuple[str, dict[str, Any]]] = [
    *((f"column_{part}_to_be_between", {"column": name, **b}) for part in AGGREGATES for name in "nf" for b in BOUNDS),
    *(("column_values_to_be_between", {"column": name, **bounds}) for name in "nf" for bounds in BOUNDS),
    *(("column_value_lengths_to_be_between", {**S, **bounds}) for bounds in BOUNDS),
    *(
        (f"column_{part}", {**N, "value_set": members})
        for part in (
            *("values_to_be_in_set", "values_to_not_be_in_set", "distinct_values_to_be_in_set"),
            *("distinct_values_to_contain_set", "distinct_values_to_equal_set", "most_common_value_to_be_in_set"),
        )
        for members in SETS
    ),
    *(
        ("column_values_to_be_in_set", {**N, "value_set": [1, 2, 3], "mostly": mostly})
        for mostly in (0, 0.01, 0.57, 4 / 7, 0.58, 0.99, 1)  # 4 of 7 hold it
    ),
    ("column_values_to_be_in_set", {**N, "value_set": []}),
    ("column_values_to_not_be_in_set", {**N, "value_set": []}),
    ("column_most_common_value_to_be_in_set", {**N, "value_set": [5], "ties_okay": True}),
    ("column_pair_values_to_be_in_set", {**PAIR, "value_pairs_set": [[3, 3], [1, None], [None, None], [2, 4]]}),
    ("column_pair_values_a_to_be_greater_than_b", {**PAIR, "or_equal": True}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "n", "column_B": "u", "ignore_row_if": "neither"}),
    ("column_pair_values_to_be_equal", {"column_A": "n", "column_B": "f", "ignore_row_if": "either_value_is_missing"}),
    ("column_values_to_match_regex_list", {**S, "regex_list": ["a", "b"], "match_on": "all"}),
    ("column_values_to_match_regex", {**S, "regex": "a|^$"}),
    ("column_value_z_scores_to_be_less_than", {**N, "threshold": 1, "double_sided": False}),
    ("column_kl_divergence_to_be_less_than", {"column": "f", "partition_object": BINS, "threshold": 1}),
    ("column_kl_divergence_to_be_less_than", {"column": "f", "partition_object": TAILS, "threshold": 1}),
    ("column_kl_divergence_to_be_less_than", {**S, "partition_object": WORDS, "threshold": 0.1}),
    (
        "column_kl_divergence_to_be_less_than",
        {**S, "partition_object": WORDS, "threshold": 9, "tail_weight_holdout": 0.1},
    ),
    ("column_to_exist", {**N, "column_index": 0}),
    ("column_to_exist", {**N, "column_index": 3}),
    ("column_to_exist", {"column": "gone"}),
    ("table_columns_to_match_set", {"column_set": ["n"], "exact_match": False}),
    ("table_columns_to_match_set", {"column_set": ["n", "gone"], "exact_match": False}),
    ("table_columns_to_match_set", {"column_set": ["n"]}),
    ("table_columns_to_match_ordered_list", {"column_list": ["m", "n"]}),
    ("table_row_count_to_be_between", {"max_value": 3}),
    ("table_column_count_to_be_between", {"max_value": 3}),
    ("column_values_to_match_strftime_format", {"column": "d", "strftime_format": "%Y-%m-%dT%H"}),
    ("compound_columns_to_be_unique", {"column_list": ["n", "m", "s"]}),
    ("select_column_values_to_be_unique_within_record", {"column_list": ["n", "m", "u"]}),
    (
        "multicolumn_sum_to_equal",
        {"column_list": ["n", "m", "u"], "sum_total": 7, "ignore_row_if": "any_value_is_missing"},
    ),
]
CONDITIONS: dict[str, Any] = {
    "equal": Column("s") == "a",
    "not equal": Column("u") != 5,
    "not equal to a null": Column("n") != 5,
    "in": Column("n").is_in([1, 5]),
    "not in": Column("u").is_not_in([1, 5]),
    "not in, of nulls": Column("n").is_not_in([1, 5]),
    "null": Column("m").is_null(),
    "not null": Column("m").is_not_null(),
    "and": (Column("n") > 1) & (Column("m") < 6),
    "or": (Column("n") > 1) | (Column("m") < 6),
    "at most": Column("f") <= 2.5,
}
CONDITIONED: list[tuple[str, dict[str, Any]]] = [
    ("column_values_to_be_unique", N),
    ("column_values_to_be_between", {**M, "max_value": 5}),
    ("column_values_to_be_increasing", N),
    ("column_values_to_not_be_outliers", {**N, "method": "iqr", "multiplier": 0.5}),
    ("column_max_to_be_between", {**N, "max_value": 5}),
    ("column_median_to_be_between", {**N, "min_value": 2}),
    ("column_distinct_values_to_contain_set", {**N, "value_set": [5]}),
    ("column_pair_values_to_be_equal", {**PAIR, "ignore_row_if": "either_value_is_missing"}),
    ("compound_columns_to_be_unique", LIST),
    ("table_row_count_to_equal", {"value": 3}),
]
ALL = {f"{i} {kind} {kwargs}": (f"expect_{kind}", kwargs) for i, (kind, kwargs) in enumerate(CASES)} | {
    f"{kind} where {name}": (f"expect_{kind}", {**kwargs, "row_condition": condition.dict()})
    for name, condition in CONDITIONS.items()
    for kind, kwargs in CONDITIONED
}

# What is different on purpose: a part of the case's name -> its row in the reference.
DIFFERENCES = {
    "column_sum": "The sum of no values is unknown",
    "kl_divergence": "The divergence of no values is unknown",
    "neither": "A comparison with a null is unknown",
    "where not equal to a null": "A comparison with a null is unknown",
    "where not in, of nulls": "A comparison with a null is unknown",
}


@cache
def _differences(batch: str) -> dict[str, tuple[Seen, Seen]]:
    """Of all cases on one of the batches; judging them takes seconds, and two tests need them."""
    with TemporaryDirectory() as folder:
        return differences(on_duckdb(Path(folder), BATCHES[batch], ALL), on_pandas(BATCHES[batch], ALL))


@pytest.mark.parametrize("batch", BATCHES)
def test_whatever_it_is_given_duckdb_gives_what_pandas_gives(batch: str) -> None:
    found = _differences(batch)

    assert {name: both for name, both in found.items() if not any(part in name for part in DIFFERENCES)} == {}
    assert len(ALL) > 200


def test_every_stated_difference_of_arguments_is_one_and_in_the_reference() -> None:
    reference = Path("docs/reference/engine.md").read_text()
    found = [name for batch in BATCHES for name in _differences(batch)]

    assert [part for part in DIFFERENCES if not any(part in name for name in found)] == []
    assert [sentence for sentence in DIFFERENCES.values() if f"| {sentence} |" not in reference] == []
