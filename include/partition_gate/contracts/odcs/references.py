"""References between the schema objects of one contract in the standard's fully qualified notation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from open_data_contract_standard.model import Relationship, SchemaObject

_QUALIFIED = re.compile(r"/?schema/([^/]+)/properties/([^/]+)")


def use_shorthand(schemas: Sequence[SchemaObject]) -> None:
    """Replace `/schema/orders/properties/id` by `orders.id` in the relationships, in place.

    The parts are ids or names. A reference to nothing, or to another file, stays as it is. Source: ODCS 3.1,
    relationships.
    """
    for relationship in _relationships(schemas):
        relationship.from_ = _replaced(relationship.from_, schemas)
        relationship.to = _replaced(relationship.to, schemas)


def _relationships(schemas: Sequence[SchemaObject]) -> Iterator[Relationship]:
    for schema in schemas:
        yield from schema.relationships or []
        for prop in schema.properties or []:
            yield from prop.relationships or []


def _replaced(references: str | list[str] | None, schemas: Sequence[SchemaObject]) -> str | list[str] | None:
    if isinstance(references, list):
        return [_shorthand(each, schemas) for each in references]
    return None if references is None else _shorthand(references, schemas)


def _shorthand(reference: str, schemas: Sequence[SchemaObject]) -> str:
    match = _QUALIFIED.fullmatch(reference)
    if match is None:
        return reference
    for schema in (each for each in schemas if match[1] in (each.id, each.name)):
        for prop in (each for each in schema.properties or [] if match[2] in (each.id, each.name)):
            return f"{schema.name}.{prop.name}"
    return reference
