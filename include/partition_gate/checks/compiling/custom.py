"""Checks of rules that an engine defines: of Great Expectations, those that run here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from partition_gate.checks.compiling.drafts import Unfit
from partition_gate.checks.core_expectations import REFUSED, RUN
from partition_gate.checks.expectations import Core
from partition_gate.checks.json_schemas import JSON_SCHEMA, why_no_schema
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.strict_yaml.reading import load_mapping

_PAIRS = {"columnA": "column_A", "columnB": "column_B"}


def is_great_expectations(engine: object) -> bool:
    """Whether the rule's engine is ours, however it is written."""
    return str(engine).replace("-", "").replace("_", "").lower() == "greatexpectations"


def custom_expectation(engine: str, implementation: str | Mapping[str, Any], *, column: str | None) -> Core:
    """The expectation that a custom rule of this column (None: of the object) asks for.

    Raises:
        Unfit: why it cannot be executed here.
    """
    if not is_great_expectations(engine):
        raise Unfit(f"engine {engine!r} is not executable here; greatExpectations is")
    type_, kwargs = _body(implementation)
    if column is not None and not any(name.startswith("column") for name in kwargs):
        kwargs["column"] = column
    _refuse_what_does_not_run(type_, kwargs)
    return Core(type=type_, kwargs=json.dumps(kwargs, sort_keys=True))


def _body(implementation: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        body = load_mapping(implementation, path="") if isinstance(implementation, str) else implementation
        type_ = _snake(str(body["type"]))
        kwargs = {_argument(name): value for name, value in dict(body.get("kwargs") or {}).items()}
    except (ContractError, KeyError, TypeError, ValueError):
        raise Unfit("implementation needs `type` and `kwargs` of one expectation, as a mapping; write both") from None
    return type_ if type_.startswith("expect_") or type_ in REFUSED else f"expect_{type_}", kwargs


def _refuse_what_does_not_run(type_: str, kwargs: Mapping[str, Any]) -> None:
    if type_ in REFUSED:
        raise Unfit(f"{type_} does not run here: {REFUSED[type_]}")
    if type_ not in RUN:
        hint = did_you_mean(type_, RUN) or "name one of its core expectations"
        raise Unfit(f"{shown(type_)} is no expectation of Great Expectations 1.24.1; {hint}")
    if type_ == JSON_SCHEMA and (wrong := why_no_schema(kwargs.get("json_schema"))):
        raise Unfit(f"json_schema is no JSON Schema: {wrong}; correct it")


def _argument(name: object) -> str:
    return _PAIRS.get(str(name)) or _snake(str(name))


def _snake(name: str) -> str:
    """`minValue` as `min_value`; a name that has underscores is left as it is."""
    if "_" in name:
        return name
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
