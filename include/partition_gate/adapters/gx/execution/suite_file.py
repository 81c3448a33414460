"""Reads a suite file: its expectations as Great Expectations configurations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from partition_gate.adapters.gx.expectations import counts as _counts  # noqa: F401 (importing registers our types)
from partition_gate.adapters.gx.expectations import nested as _nested  # noqa: F401 (as above)
from partition_gate.adapters.gx.expectations import partition as _registered  # noqa: F401 (as above)
from partition_gate.adapters.gx.metrics import distinct as _distinct  # noqa: F401 (as above)
from partition_gate.adapters.gx.metrics import order as _order  # noqa: F401 (as above)
from partition_gate.checks.counts import SqlValue
from partition_gate.checks.document import name_of
from partition_gate.checks.expectations import ColumnPresent, ColumnTyped, FilesReadable, References, ReferencesTogether
from partition_gate.checks.json_schemas import JSON_SCHEMA, why_no_schema
from partition_gate.checks.nested import FieldPresent, FieldTyped, Nested
from partition_gate.core.errors import ContractError

COLUMN_EXISTS = "expect_column_to_exist"
FILES_READABLE = name_of(FilesReadable)
FILES_HAVE_COLUMN = name_of(ColumnPresent)
FILES_TYPE_COLUMN = name_of(ColumnTyped)
IN_REFERENCE = name_of(References)
IN_REFERENCE_TOGETHER = name_of(ReferencesTogether)
FILES_HAVE_FIELD = name_of(FieldPresent)
FILES_TYPE_FIELD = name_of(FieldTyped)
SQL_VALUE = name_of(SqlValue)
INNER_RULE = name_of(Nested)
ABOUT_FILES = frozenset({FILES_READABLE, FILES_HAVE_COLUMN, FILES_TYPE_COLUMN, FILES_HAVE_FIELD, FILES_TYPE_FIELD})


@dataclass(frozen=True)
class Planned:
    """An expectation of the file; `columns` are the columns that it reads."""

    rule_id: str
    configuration: ExpectationConfiguration

    @property
    def type(self) -> str:
        return str(self.configuration.type)

    @property
    def kwargs(self) -> dict[str, Any]:
        return dict(self.configuration.kwargs)

    @property
    def columns(self) -> tuple[str, ...]:
        kwargs = self.kwargs
        named = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"), *kwargs.get("column_list", ())]
        names = [name for name in (*named, *_condition_columns(kwargs.get("row_condition"))) if isinstance(name, str)]
        return tuple(dict.fromkeys(names))

    @property
    def patterns(self) -> tuple[str, ...]:
        inner = (self.kwargs.get("rule") or {}).get("pattern")
        return tuple(filter(None, (self.kwargs.get("regex"), inner, *self.kwargs.get("regex_list", ()))))

    def fault(self) -> str | None:
        """Why Great Expectations rejects this configuration, or None."""
        try:
            self.configuration.to_domain_obj()
        except ValidationError as error:
            problems = (f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
            return f"{self.type}: {'; '.join(dict.fromkeys(problems))}"
        except (GreatExpectationsError, ValueError, TypeError) as error:
            return f"{self.type}: {str(error).splitlines()[0]}"
        if self.type == JSON_SCHEMA and (refused := why_no_schema(self.kwargs["json_schema"])):
            return f"{self.type}: json_schema is not a valid JSON Schema: {refused}"
        return None


@dataclass(frozen=True)
class SuiteFile:
    """The file, with its expectations in order."""

    name: str
    meta: dict[str, Any]
    expectations: tuple[Planned, ...]


def read_suite_file(document: str) -> SuiteFile:
    """The suite in a JSON text.

    Each expectation is loaded separately, because Great Expectations rejects a whole suite for one invalid member.

    Raises:
        ContractError: an expectation has no `meta.rule_id`, or two have the same one.
    """
    suite = json.loads(document)
    expectations = tuple(_planned(suite["name"], i, each) for i, each in enumerate(suite["expectations"]))
    if len({planned.rule_id for planned in expectations}) < len(expectations):
        raise ContractError(f"suite {suite['name']}: two expectations have the same meta.rule_id; compile it again")
    return SuiteFile(name=suite["name"], meta=suite.get("meta") or {}, expectations=expectations)


def _planned(suite: str, position: int, expectation: dict[str, Any]) -> Planned:
    meta = expectation.get("meta") or {}
    if not meta.get("rule_id"):
        raise ContractError(f"suite {suite}: expectations[{position}] has no meta.rule_id; compile it again")
    severity = FailureSeverity(expectation.get("severity") or FailureSeverity.CRITICAL)
    configuration = ExpectationConfiguration(
        type=expectation["type"],
        kwargs=expectation.get("kwargs") or {},
        meta=meta,
        notes=expectation.get("notes"),
        description=expectation.get("description"),
        severity=severity,
        id=expectation.get("id"),
    )
    return Planned(rule_id=str(meta["rule_id"]), configuration=configuration)


def _condition_columns(condition: object) -> Iterator[str]:
    """Columns of a row condition in JSON: `{"type": "comparison", "column": {"name": ...}, ...}`, possibly nested."""
    match condition:
        case {"column": {"name": str(name)}}:
            yield name
        case dict():
            for part in condition.values():
                yield from _condition_columns(part)
        case list():
            for part in condition:
                yield from _condition_columns(part)
