"""Verdict counts, quarantine reasons and published rows agree, for random rows and random suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.scan import EngineOptions
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.document import suite_document
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.core.severity import Scope, Severity
from partition_gate.judging.validation import Evaluated, RowPredicate, Split
from partition_gate.judging.verdict import CheckOutcome, reach_verdict
from partition_gate.testing.scans import a_scan, a_suite, some_labels

Rule = tuple[str, dict[str, Any], Severity]

START = datetime(2024, 3, 31, tzinfo=UTC)
A_ROW = st.fixed_dictionaries(
    {
        "id": st.none() | st.integers(0, 4),
        "line": st.none() | st.integers(0, 2),
        "code": st.none() | st.sampled_from(["", "a", "bb", "é", "'", "日本"]),
        "price": st.none() | st.sampled_from([0.0, -0.0, 1.5, -2.0, float("nan"), float("inf"), -float("inf")]),
        "at": st.none() | st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
    }
)
SCHEMA = pa.schema(
    {"row": pa.int64(), "id": pa.int64(), "line": pa.int32(), "code": pa.string(), "price": pa.float64()}
).append(pa.field("at", pa.timestamp("us", tz="UTC")))
NUMBERS, COLUMNS = st.sampled_from(["id", "line", "price"]), st.sampled_from(["id", "line", "code", "price", "at"])
PAIRS = st.sampled_from([("id", "line"), ("line", "id"), ("price", "id")])
KEYS = st.lists(COLUMNS, min_size=2, max_size=3, unique=True)
OF_PAIRS = st.sampled_from(["both_values_are_missing", "either_value_is_missing", "neither"])
OF_KEYS = st.sampled_from(["all_values_are_missing", "any_value_is_missing", "never"])
CONDITIONS: list[dict[str, Any] | None] = [
    None,
    {"type": "nullity", "column": {"name": "code"}, "is_null": False},
    {"type": "comparison", "column": {"name": "line"}, "operator": "!=", "parameter": 1},
    {"type": "comparison", "column": {"name": "price"}, "operator": ">", "parameter": 0},
]


def _rule(kind: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    optional = {
        "mostly": st.sampled_from([0.1, 0.25, 0.5, 2 / 3, 0.75, 0.9, 1]),
        "row_condition": st.sampled_from(CONDITIONS),
    }
    kwargs = st.fixed_dictionaries(arguments, optional={} if kind.startswith("compound") else optional)
    return st.tuples(st.just(f"expect_{kind}"), kwargs, st.sampled_from(Severity))


def _of_pair(kind: str) -> st.SearchStrategy[Rule]:
    def named(rule: Rule) -> Rule:
        kind, kwargs, severity = rule
        a, b = kwargs.pop("pair")
        return kind, {"column_A": a, "column_B": b, **kwargs}, severity

    return _rule(kind, pair=PAIRS, ignore_row_if=OF_PAIRS).map(named)


RULES = st.one_of(
    _rule("column_values_to_not_be_null", column=COLUMNS),
    _rule("column_values_to_be_null", column=COLUMNS),
    _rule("column_values_to_be_unique", column=COLUMNS),
    _rule("column_values_to_be_increasing", column=COLUMNS),
    _rule("column_values_to_be_between", column=NUMBERS, min_value=st.integers(-1, 1), max_value=st.integers(1, 3)),
    _rule("column_values_to_be_in_set", column=NUMBERS, value_set=st.lists(st.integers(0, 3) | st.none(), min_size=1)),
    _rule("column_values_to_not_be_in_set", column=NUMBERS, value_set=st.lists(st.integers(0, 3), min_size=1)),
    _rule("column_values_to_match_regex", column=st.just("code"), regex=st.sampled_from(["a", "^$", "^.$", r"\pL"])),
    _rule("column_value_lengths_to_be_between", column=st.just("code"), min_value=st.integers(0, 2)),
    _rule("compound_columns_to_be_unique", column_list=KEYS, ignore_row_if=OF_KEYS),
    _rule(
        "select_column_values_to_be_unique_within_record", column_list=st.just(["id", "line"]), ignore_row_if=OF_KEYS
    ),
    _of_pair("column_pair_values_to_be_equal"),
    _of_pair("column_pair_values_a_to_be_greater_than_b"),
)


@given(
    rows=st.lists(A_ROW, max_size=24),
    cut=st.integers(0, 24),
    rules=st.lists(RULES, min_size=1, max_size=8),
    keeps=st.booleans(),
    options=st.builds(
        EngineOptions,
        look_up_from_rows=st.sampled_from([0, 20_000]),
        kept_bytes=st.sampled_from([2**18, 2**30]),
        read_bytes=st.just(0),
    ),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_reasons_and_published_rows_agree(
    tmp_path: Path, rows: list[dict[str, Any]], cut: int, rules: list[Rule], *, keeps: bool, options: EngineOptions
) -> None:
    table = pa.Table.from_pylist([{"row": i, **row} for i, row in enumerate(rows)], schema=SCHEMA)
    parts = [part for part in (table.slice(0, cut), table.slice(cut)) if part.num_rows]
    scan = a_scan(tmp_path, *(parts or [table]))  # one file may be published as it came
    if keeps:  # the rows that the validation found are looked up instead of being judged again
        scan = scan.model_copy(update={"scratch": tmp_path / "scratch"})
    suite = _suite(rules)

    validation = DuckDbValidator(options=options).validate(scan, suite)

    seen = {one.rule_id: one for one in validation.observations if isinstance(one, Evaluated)}
    assert set(seen) == {check.rule_id for check in suite.suite.checks}, validation.observations
    assert _wrong_successes(seen, rules) == []
    verdict = reach_verdict(suite.suite, validation.observations, row_count=validation.row_count)
    failed = {one.rule_id for one in verdict.failed(Scope.ROW)}
    assert failed == {one.rule_id for one in verdict.results if one.outcome is CheckOutcome.FAILED}
    blocking = [one for one in validation.predicates if one.rule_id in failed]
    labels = some_labels(**{rule_id: f"because of {rule_id}" for rule_id in seen})
    split = DuckDbValidator().split(scan, blocking=blocking, labels=labels, into=tmp_path / "out")
    reasons = _reasons(split)
    assert split.rows_in == len(rows) == split.rows_passing + split.rows_quarantined
    assert sorted([*_published(split), *reasons]) == list(range(len(rows)))
    assert Counter(rule_id for found in reasons.values() for rule_id in found) == Counter(
        {rule_id: seen[rule_id].unexpected_count for rule_id in failed}
    )
    broken = _broken(scan, blocking, tmp_path)
    assert reasons == {row: found for row, found in broken.items() if found}


@pytest.mark.parametrize(("broken", "mostly", "succeeds"), [(1, 0.9, True), (2, 0.9, False), (1, 0.95, False)])
def test_a_tolerance_holds_at_its_exact_bound_and_quarantines_nothing(
    tmp_path: Path, broken: int, mostly: float, *, succeeds: bool
) -> None:
    rows = pa.table({"v": [None] * broken + [1] * (10 - broken)})
    rule = ("expect_column_values_to_not_be_null", {"column": "v", "mostly": mostly})

    observed = DuckDbValidator().validate(a_scan(tmp_path, rows), a_suite({"rule": rule})).observations[0]

    assert isinstance(observed, Evaluated)
    assert (observed.success, observed.unexpected_count) == (succeeds, broken)


def _suite(rules: list[Rule]) -> CompiledSuite:
    compiled = a_suite({f"rule_{i}": (kind, kwargs) for i, (kind, kwargs, _) in enumerate(rules)})
    checks = (
        check.model_copy(update={"severity": severity})
        for check, (_, _, severity) in zip(compiled.suite.checks, rules, strict=True)
    )
    suite = compiled.suite.model_copy(update={"checks": tuple(checks)})
    return CompiledSuite(suite=suite, document=suite_document(suite))


def _wrong_successes(seen: Mapping[str, Evaluated], rules: list[Rule]) -> list[str]:
    """Rules whose success is not what their own counts say, exactly."""
    wrong = []
    for i, (kind, kwargs, _) in enumerate(rules):
        held, mostly = seen[f"rule_{i}"], Fraction(str(kwargs.get("mostly", 1)))
        assert held.unexpected_count is not None
        judged = _judged(held)
        if held.success != (judged == 0 or Fraction(judged - held.unexpected_count, judged) >= mostly):
            wrong.append(f"{kind} {kwargs}: {held}")
    return wrong


def _judged(held: Evaluated) -> int:
    """The rows that the rule judged, from its sentence: `1 of 4 values (25.00%) break the rule`."""
    return int(held.observed.split(" of ")[1].split()[0]) if held.observed else 0


def _reasons(split: Split) -> dict[int, list[str]]:
    """Row -> rule ids, once it is sure that each has its sentence, in the same order."""
    if split.quarantined is None:
        return {}
    found = pq.read_table(split.quarantined).to_pylist()
    assert [one["_gate_reasons"] for one in found] == [
        [f"because of {rule_id}" for rule_id in one["_gate_rule_ids"]] for one in found
    ]
    return {one["row"]: one["_gate_rule_ids"] for one in found}


def _published(split: Split) -> list[int]:
    return [row for path in split.passing for row in pq.read_table(path)["row"].to_pylist()]


def _broken(scan: Any, predicates: list[RowPredicate], folder: Path) -> dict[int, list[str]]:
    """Row -> the rules whose predicate is true of it, each asked for by itself."""
    found: dict[int, list[str]] = {}
    for predicate in predicates:
        alone = DuckDbValidator().reject(scan, blocking=[predicate], labels=some_labels(), into=folder / "alone")
        for one in pq.read_table(alone.quarantined).to_pylist() if alone.quarantined else []:
            found.setdefault(one["row"], []).extend(one["_gate_rule_ids"])
    return found
