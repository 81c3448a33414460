"""Compiles rules of type custom: the expectations of Great Expectations that the gate can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.core_expectations import REFUSED, RUN
from partition_gate.checks.expectations import Core
from partition_gate.checks.json_schemas import JSON_SCHEMA, why_no_schema
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.strict_yaml.reading import load_mapping

_PAIRS = {"columnA": "column_A", "columnB": "column_B"}


def is_great_expectations(engine: object) -> bool:
    """Whether the rule's engine is Great Expectations, in any spelling."""
    return str(engine).replace("-", "").replace("_", "").lower() == "greatexpectations"


def custom_expectation(engine: str, implementation: str | Mapping[str, Any], *, column: str | None) -> Core:
    """The expectation that a custom rule of this column (None: of the object) requests.

    Raises:
        CannotExecute: the engine or the expectation does not run here.
    """
    if not is_great_expectations(engine):
        raise CannotExecute(f"engine {engine!r} is not supported; use greatExpectations")
    type_, kwargs = _body(implementation)
    if column is not None and not any(name.startswith("column") for name in kwargs):
        kwargs["column"] = column
    _require_runnable(type_, kwargs)
    return Core(type=type_, kwargs=json.dumps(kwargs, sort_keys=True))


def _body(implementation: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        body = load_mapping(implementation, path="") if isinstance(implementation, str) else implementation
        type_ = _snake(str(body["type"]))
        kwargs = {_argument(name): value for name, value in dict(body.get("kwargs") or {}).items()}
    except (ContractError, KeyError, TypeError, ValueError):
        what = "implementation must be a mapping with the `type` and `kwargs` of one expectation; write both"
        raise CannotExecute(what) from None
    return type_ if type_.startswith("expect_") or type_ in REFUSED else f"expect_{type_}", kwargs


def _require_runnable(type_: str, kwargs: Mapping[str, Any]) -> None:
    if type_ in REFUSED:
        raise CannotExecute(f"{type_} does not run here: {REFUSED[type_]}")
    if type_ not in RUN:
        hint = did_you_mean(type_, RUN) or "use one of its core expectations"
        raise CannotExecute(f"{shown(type_)} is not an expectation of Great Expectations 1.24.1; {hint}")
    if type_ == JSON_SCHEMA and (wrong := why_no_schema(kwargs.get("json_schema"))):
        raise CannotExecute(f"json_schema is not a valid JSON Schema: {wrong}; correct it")


def _argument(name: object) -> str:
    return _PAIRS.get(str(name)) or _snake(str(name))


def _snake(name: str) -> str:
    """`minValue` as `min_value`; a name with underscores does not change."""
    if "_" in name:
        return name
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
