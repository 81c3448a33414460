"""Where a document violates a JSON Schema: each error with the given value and the required value.

The validator is compiled (Rust): the run time of the Python validator doubles with each level of nested properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs

Parts = tuple[str | int, ...]


class SchemaError(NamedTuple):
    """One error: the violated keyword (`rule`), the place in the document, and the value that violates it (`given`).

    `bound` is the value of the keyword, `parent` the schema that contains it. `unexpected` are keys that are not
    allowed at the place; `branches` the errors of each branch of a choice (`oneOf`, `anyOf`).
    """

    rule: str
    place: Parts
    given: Any
    bound: Any
    parent: Mapping[str, Any]
    message: str
    unexpected: tuple[str, ...]
    branches: tuple[tuple[SchemaError, ...], ...]


class SchemaValidator:
    """A JSON Schema of draft 2019-09, compiled once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._compiled = jsonschema_rs.Draft201909Validator(schema)

    def errors(self, document: Mapping[str, Any]) -> Iterator[SchemaError]:
        """Every error, in the validator's order; none for a valid document."""
        return self._converted(self._compiled.iter_errors(document), document)

    def _converted(
        self, errors: Iterable[jsonschema_rs.ValidationError], document: Mapping[str, Any]
    ) -> Iterator[SchemaError]:
        for error in errors:
            yield SchemaError(
                rule=error.kind.name,
                place=tuple(error.instance_path),
                given=_at(document, error.instance_path),
                bound=_at(self._schema, error.schema_path),
                parent=_at(self._schema, error.schema_path[:-1]),
                message=error.message,
                unexpected=tuple(getattr(error.kind, "unexpected", ())),
                branches=tuple(
                    tuple(self._converted(branch, document)) for branch in getattr(error.kind, "context", ())
                ),
            )


def _at(node: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        node = node[part]
    return node
