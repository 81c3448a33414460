"""Validates the text of a value against a JSON Schema."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema_rs

JSON_SCHEMA = "expect_column_values_to_match_json_schema"


def fits_schema(text: str, schema: str) -> bool:
    """Whether the text is JSON that is valid against the schema (JSON text); unreadable text is not valid.

    Raises:
        ValueError: the schema is not a valid JSON Schema.
    """
    validator = _validator(schema)
    try:
        return bool(validator.is_valid(json.loads(text)))
    except (ValueError, RecursionError, OverflowError):
        return False


def why_no_schema(schema: Any) -> str | None:
    """What is wrong with a JSON Schema, or None."""
    try:
        _validator(json.dumps(schema))
    except ValueError as error:
        return str(error).splitlines()[0]
    return None


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    # Patterns in linear time: no row can block the worker.
    in_linear_time = jsonschema_rs.RegexOptions()
    return jsonschema_rs.validator_for(json.loads(schema), retriever=_refuse, pattern_options=in_linear_time)


def _refuse(_address: str) -> Any:
    raise ValueError("remote references are not fetched; write the definition under $defs")
