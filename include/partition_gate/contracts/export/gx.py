"""Exports a contract's suite for plain Great Expectations: core expectations, with the column names of the files."""

from __future__ import annotations

import json
from typing import Any

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.core_expectations import RUN


def portable_suite(compiled: CompiledDataset) -> dict[str, Any]:
    """The suite without the gate's own expectations; `meta.left_out` lists their rules."""
    suite: dict[str, Any] = json.loads(compiled.suite.document)
    sources = {column.name: column.source for column in compiled.dataset.columns}
    expectations = suite["expectations"]
    portable = [each for each in expectations if each["type"] in RUN and "promise" not in each["meta"]]
    left_out = [each["meta"]["rule_id"] for each in expectations if each not in portable]
    return {
        **suite,
        "expectations": [{**each, "kwargs": _renamed(each["kwargs"], sources)} for each in portable],
        "meta": {**suite["meta"], "generated": "by `gate export` from the contract", "left_out": left_out},
    }


def _renamed(kwargs: dict[str, Any], sources: dict[str, str]) -> dict[str, Any]:
    return {
        name: [sources.get(column, column) for column in value]
        if name in {"column_list", "column_set"}
        else sources.get(value, value)
        if name in {"column", "column_A", "column_B"}
        else value
        for name, value in kwargs.items()
    }
