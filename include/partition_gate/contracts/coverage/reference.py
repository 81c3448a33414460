"""The reference of clauses (`docs/reference/clauses.md`), made by compiling an example of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from typing import Any

from partition_gate.checks.compiling.bounds import OPERATORS, bounds_of
from partition_gate.checks.compiling.column import COLUMN_CLAUSES, compile_clause
from partition_gate.checks.compiling.drafts import Documented, Draft, NotExecutable
from partition_gate.checks.compiling.metrics import METRICS
from partition_gate.checks.compiling.nested import compile_inner
from partition_gate.checks.compiling.quality import compile_rule
from partition_gate.checks.compiling.service_levels import compile_service_level
from partition_gate.checks.compiling.text_formats import FOR_PEOPLE, PATTERNS
from partition_gate.checks.document import expectation_type
from partition_gate.contract.limits import Limits
from partition_gate.contract.model import (
    Argument,
    Clause,
    Column,
    Dataset,
    LibraryRule,
    Operator,
    Sla,
    Status,
    Terms,
)
from partition_gate.contract.sla_names import canonical
from partition_gate.contracts.coverage.kinds import DOCUMENTED, MECHANISMS, REFUSED
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment
from partition_gate.core.values import Scalar

_FIELD = Column(path="", name="v.a", source="a", logical_type="string")
# An example of each clause: its name, the logical types that it is shown for, its value.
_EXAMPLES: tuple[tuple[str, tuple[str, ...], Scalar | tuple[Scalar, ...]], ...] = (
    ("name", ("string",), "v"),
    *(("logicalType", (kind,), kind) for kind in ("string", "integer", "number", "boolean", "date", "timestamp")),
    *(("logicalType", (kind,), kind) for kind in ("time", "object", "array", "map", "vector")),
    *(("physicalType", ("string",), kind) for kind in ("VARCHAR(10)", "DECIMAL(10,2)", "ARRAY<STRING>", "GEOGRAPHY")),
    ("required", ("string",), True),
    ("unique", ("string",), True),
    ("enum", ("string",), ("a", "b")),
    ("option.minLength", ("string",), 2),
    ("option.maxLength", ("string",), 5),
    *(("option.pattern", ("string",), pattern) for pattern in (r"^\d+$", "^(?!x)")),
    *(("option.format", ("string",), form) for form in (*PATTERNS, *FOR_PEOPLE, "another")),
    ("option.format", ("integer",), "i32"),
    ("option.format", ("number",), "f64"),
    ("option.format", ("date", "timestamp", "time"), "yyyy-MM-dd"),
    *(
        (f"option.{name}", (kind,), bound)
        for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        for kind, bound in (("integer", 2), ("date", "2026-01-31"), ("time", "10:00:00"))
    ),
    ("option.multipleOf", ("integer", "number"), 5),
    ("option.timezone", ("timestamp",), True),
    ("option.timezone", ("timestamp",), False),
    ("option.timezone", ("time",), True),
    ("option.timezone", ("time",), False),
    *(("option.defaultTimezone", ("timestamp",), zone) for zone in ("Etc/UTC", "Europe/Berlin")),
    ("option.minItems", ("array",), 1),
    ("option.maxItems", ("array",), 9),
    ("option.uniqueItems", ("array",), True),
    ("option.minProperties", ("object",), 1),
    ("option.maxProperties", ("object",), 9),
    ("option.required", ("object",), ("a",)),
    ("option.dimensions", ("vector",), 384),
    ("option.elementType", ("vector",), "float32"),
    *((f"option.{name}", ("vector",), "x") for name in ("distanceMetric", "embeddingModel", "embeddingModelVersion")),
    ("option.normalized", ("vector",), True),
)
_SERVICE_LEVELS: tuple[dict[str, Any], ...] = (
    {"property": "latency", "value": 4, "unit": "h"},
    {"property": "latency", "value": 4, "unit": "h", "element": "at"},
    {"property": "timeofavailability", "value": "07:30"},
    {"property": "freshness", "value": 26, "unit": "h", "element": "at"},
    {"property": "freshness", "value": 26, "unit": "h"},
    {"property": "retention", "value": 3, "unit": "y"},
    {"property": "retention", "value": 3, "unit": "y", "element": "at"},
    {"property": "availability", "value": 99, "unit": "percent"},
    {"property": "availability", "value": 99, "unit": "percent", "value_ext": "7d"},
    {"property": "throughput", "value": 400, "value_ext": 1200, "unit": "rows"},
    {"property": "throughput", "value": 5, "unit": "MB"},
    {"property": "endofsupport", "value": "2027-01-01"},
)
_MOMENT = Column(path="", name="at", source="at", logical_type="timestamp")
_ARGUMENTS = {
    "missingValues": Argument(path="", name="missingValues", value=(None, "N/A")),
    "invalidValues": Argument(path="", name="validValues", value=("a", "b")),
}
_BOUNDS: dict[str, tuple[Scalar, ...]] = dict.fromkeys(("mustBeBetween", "mustNotBeBetween"), (2, 4))
_HEAD = """# What becomes of every clause

Made by `partition_gate.contracts.coverage.reference` from the tables that compile contracts; a test compares them.
`gate coverage CONTRACT` says the same of one contract, line by line. *Level*: a failed check of level `row`
quarantines the rows that break it, one of level `partition` rejects the partition, one of level `sla` is a promise
over time: it blocks nothing (see [promises](promises.md)).

Counts: `nullValues`, `missingValues`, `invalidValues` and `duplicateValues` count rows, and `unit: percent` is their
share of **all** rows. `duplicateValues` counts every row whose value stands in another row too, as all of them are
quarantined. A null is missing only where `missingValues` lists it (or has no list), and never invalid or a duplicate.
Too many such rows are a failure of those rows; where too few are a failure, the partition is judged as a whole.

`type: sql` is one SELECT over `{object}` (`{table}`, `${table}`; `{property}` or `{column}` under a property) and
`{object}_published`, what consumers see now. It runs in a database of its own that reaches no file, no network and no
setting, for at most 60 seconds and with 1 GB. It returns one number, truth or text; null breaks every operator.

`type: custom` with `engine: greatExpectations` takes any expectation as a mapping, YAML or JSON, with arguments in
camelCase or snake_case. `type: text` is for people.
"""


def clause_reference() -> str:
    """The page, as Markdown."""
    checks = ("clause", "of", "example", "level", "check")
    sections = (
        _HEAD,
        "## Columns\n\n" + _table(checks, _column_rows()),
        "## Inside of columns\n\nFields of an `object`, `items` of an `array`, `key` and `value` of a `map`, at any "
        "depth: a row breaks a rule where anything at its path does.\n\n" + _table(checks, _inner_rows()),
        "## Metrics\n\n" + _table(("metric", "operator", "unit", "level", "check"), _metric_rows()),
        "## Operators\n\n" + _table(("operator", "a number keeps it when it is"), _operator_rows()),
        "## Service levels\n\nHeld over time, when a partition is judged: [promises](promises.md).\n\n"
        + _table(("property", "example", "level", "check"), _level_rows()),
        "## Other clauses\n\n" + _table(("clause", "treatment", "by"), _other_rows()),
    )
    return "\n".join(sections)


def _column_rows() -> Iterator[tuple[str, ...]]:
    shown = {name for name, _, _ in _EXAMPLES}
    assert shown == set(COLUMN_CLAUSES), "every clause has an example"  # noqa: S101 (a table of ours)
    for name, kinds, value in _EXAMPLES:
        fields = (_FIELD,) if "object" in kinds else ()
        column = Column(path="", name="v", source="v", logical_type=kinds[0], fields=fields)
        draft = compile_clause(column, Clause(path="", name=name, value=value))
        yield (_code(name.removeprefix("option.")), ", ".join(kinds), _code(value), *_treated(draft))


def _inner_rows() -> Iterator[tuple[str, ...]]:
    for name, value in (("name", "a"), ("required", True), ("option.minLength", 2), ("unique", True)):
        field = _FIELD.model_copy(update={"clauses": (Clause(path="", name=name, value=value),)})
        for draft in compile_inner(Column(path="", name="v", source="v", logical_type="object", fields=(field,))):
            yield (_code(name.removeprefix("option.")), "a field", _code(value), *_treated(draft))


def _metric_rows() -> Iterator[tuple[str, ...]]:
    for metric in METRICS:
        for operator in OPERATORS:
            for unit in ("rows", "percent"):
                bounds = _BOUNDS.get(operator, (2,))
                yield _code(metric), _code(operator), unit, *_treated(_compiled(metric, operator, bounds, unit))
        if metric != "rowCount":
            yield _code(metric), _code("mustBe: 0"), "rows", *_treated(_compiled(metric, "mustBe", (0,), "rows"))
        week = _compiled(metric, "mustBeLessThan", (2,), "rows", window=timedelta(days=7))
        yield _code(metric), _code("mustBeLessThan"), "rows, window 7d", *_treated(week)


def _compiled(
    metric: str, operator: str, bounds: tuple[Scalar, ...], unit: str, *, window: timedelta | None = None
) -> Draft | NotExecutable | None:
    rule = LibraryRule(
        path="",
        id="rule",
        column=None if metric == "rowCount" else "v",
        metric=metric,
        operator=Operator(name=operator, bounds=bounds),
        unit=unit,
        arguments=(_ARGUMENTS[metric],) if metric in _ARGUMENTS else (),
        window=window,
    )
    return compile_rule(rule, _DATASET)


def _operator_rows() -> Iterator[tuple[str, ...]]:
    for name in OPERATORS:
        bounds = _BOUNDS.get(name, (2,))
        shown = list(bounds) if len(bounds) > 1 else bounds[0]
        yield _code(f"{name}: {shown}"), bounds_of(Operator(name=name, bounds=bounds)).words


def _level_rows() -> Iterator[tuple[str, ...]]:
    limits = Limits(available_by=time(7, 30), end_of_support=date(2027, 1, 1))
    dataset = _DATASET.model_copy(update={"limits": limits, "columns": (_MOMENT,)})
    for sla in _SERVICE_LEVELS:
        given = [f"{key}: {value}" for key, value in sla.items() if key != "property"]
        for draft in compile_service_level(Sla(path="", **sla), dataset):
            yield _code(canonical(sla["property"])), _code(", ".join(given)), *_treated(draft)


def _other_rows() -> Iterator[tuple[str, ...]]:
    for treatment, kinds in (("executed", MECHANISMS), ("documented", DOCUMENTED), ("not executable", REFUSED)):
        yield from ((_code(kind), treatment, why) for kind, why in kinds.items())


def _treated(draft: Draft | NotExecutable | Documented | None) -> tuple[str, str]:
    match draft:
        case Draft():
            return draft.scope.value, f"`{expectation_type(draft.expectation)}`: {_cell(draft.expected)}"
        case NotExecutable():
            return "not executable", _cell(draft.why)
        case Documented():
            return "documented", _cell(draft.why)
    return "documented", "for people"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _code(value: object) -> str:
    text = ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_DATASET = Dataset(
    contract=Terms(
        id="example",
        version="1.0.0",
        name="example",
        status=Status.DRAFT,
        path="",
        content_hash="",
        api_version="v3.1.0",
    ),
    name="example",
    path="",
    location=Location(root="/example", segments=(Segment(name="dt", type="DATE"),), pattern="*.parquet"),
    columns=(),
)
