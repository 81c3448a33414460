"""Options of a column that say something no data can break, or that cannot be run: each with the reason."""

from __future__ import annotations

import pytest

from partition_gate.checks.compiling.column import compile_clause
from partition_gate.checks.compiling.drafts import NotExecutable
from partition_gate.contract.model import Clause, Column
from partition_gate.testing.builders import a_contract


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ({"logicalType": "string", "logicalTypeOptions": {"format": "password"}}, "classification"),
        ({"logicalType": "string", "logicalTypeOptions": {"format": "binary"}}, "any sequence"),
        ({"logicalType": "date", "logicalTypeOptions": {"format": "yyyy-MM-dd"}}, "as a number"),
        ({"logicalType": "timestamp", "logicalTypeOptions": {"defaultTimezone": "Etc/UTC"}}, "read as UTC"),
        ({"logicalType": "time", "logicalTypeOptions": {"timezone": False}}, "never has a time zone"),
    ],
)
def test_what_is_only_for_people_is_documented(column, why):
    (documented,) = a_contract([{"name": "v", **column}]).compilation.documented

    assert why in documented.why


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ({"logicalType": "string", "logicalTypeOptions": {"format": "iban"}}, "write a pattern"),
        ({"logicalType": "string", "logicalTypeOptions": {"pattern": "(?!x)"}}, "look-around"),
        ({"logicalType": "date", "logicalTypeOptions": {"minimum": "yesterday"}}, "is not a date"),
        ({"logicalType": "timestamp", "logicalTypeOptions": {"defaultTimezone": "Europe/Berlin"}}, "read as UTC"),
        ({"logicalType": "time", "logicalTypeOptions": {"timezone": True}}, "a time of day with a time zone"),
        (
            {"logicalType": "date", "physicalType": "TEXT", "logicalTypeOptions": {"format": "QQQ yy"}},
            "cannot be translated exactly",
        ),
    ],
)
def test_what_cannot_be_run_is_listed_with_the_reason(column, why):
    (refused,) = a_contract([{"name": "v", **column}]).compilation.not_executable

    assert why in refused.why


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("string", "minLength", "x"),
        ("integer", "format", "i7"),
        ("number", "multipleOf", "x"),
        ("array", "minItems", ""),
    ],
)
def test_a_value_that_an_option_does_not_take_is_listed(kind, name, value):
    column = Column(path="p", name="v", source="v", logical_type=kind)

    refused = compile_clause(column, Clause(path="p", name=f"option.{name}", value=value))

    assert isinstance(refused, NotExecutable)
    assert name in refused.why
