"""Documents that the standard's JSON Schema accepts: full contracts with a few random changes."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from partition_gate.contracts.odcs.schema import json_schema
from partition_gate.core.strict_yaml.reading import load_document

# Values that people write, and that a reader may stumble over.
_SCALARS: tuple[Any, ...] = (
    *(
        "",
        " ",
        "x",
        "orders",
        "a.b",
        "a/b",
        "../x",
        "5",
        "5%",
        "4h",
        "soon",
        "07:30",
        "2026-01-31",
        "^(?!x)",
        "(",
        "ä ö",
    ),
    *(
        "timestamp",
        "s3",
        "percent",
        "rows",
        "urn:a:b",
        "0 0 * * *",
        "SELECT 1",
        "{object}",
        "${table}",
        "expect_x",
        "PT4H",
    ),
    *(0, 1, -1, 3, 400, 2.5, 1e300, 10**20, True, False, None),
)
_CONTAINERS: tuple[Any, ...] = ([], {}, [1], ["a"], [[]], {"a": 1}, [None], ["a", "a"])
Place = tuple[str | int, ...]


def variant(version: str, seed: int, *, changes: int = 6) -> dict[str, Any]:
    """A valid document of a version, always the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 -- chooses test data
    document: dict[str, Any] = copy.deepcopy(_full(version))
    validator = _validator(version)
    for _ in range(chance.randint(1, changes)):
        changed = _changed(document, chance)
        if validator.is_valid(changed):
            document = changed
    return document


def is_valid(document: Any, version: str) -> bool:
    """Whether the standard's schema accepts a document; asked without the code that words its errors."""
    return bool(_validator(version).is_valid(document))


@cache
def _full(version: str) -> dict[str, Any]:
    text = Path(f"tests/corpus/full-{version}.odcs.yaml").read_text(encoding="utf-8")
    return dict(load_document(text, path="full").mapping)


@cache
def _validator(version: str) -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator(json_schema(version))


def _changed(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy with one random change that may be invalid."""
    changed = copy.deepcopy(document)
    places = [place for place in _places(changed, ()) if place and place != ("apiVersion",)]
    *above, last = chance.choice(places)
    parent = changed
    for part in above:
        parent = parent[part]  # type: ignore[index]
    match chance.randrange(6):
        case 0:
            del parent[last]  # type: ignore[arg-type]
        case 1 if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        case 2:
            parent[last] = copy.deepcopy(chance.choice(_CONTAINERS))  # type: ignore[index]
        case 3:
            parent[last] = _elsewhere(changed, str(last), chance)  # type: ignore[index]
        case _:
            parent[last] = chance.choice(_SCALARS)  # type: ignore[index]
    return changed


def _elsewhere(document: dict[str, Any], key: str, chance: random.Random) -> Any:
    """The value of a key of this name somewhere in the document."""
    found = [place for place in _places(document, ()) if place and place[-1] == key]
    value: Any = document
    for part in chance.choice(found) if found else ():
        value = value[part]
    return copy.deepcopy(value) if found else chance.choice(_SCALARS)


def _places(value: Any, place: Place) -> Iterator[Place]:
    yield place
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in below:
        yield from _places(child, (*place, key))
