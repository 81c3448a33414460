"""From an error of the JSON Schema to the sentence that a data owner can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from partition_gate.nearest_words import did_you_mean, nearest, shown
from partition_gate.odcs.keys import UnknownKey

Parts = tuple[str | int, ...]
OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
KEY_RULES = frozenset({"additionalProperties", "unevaluatedProperties"})
_WRITE = {
    "boolean": "true or false",
    "integer": "a whole number, without quotes",
    "number": "a number, without quotes",
    "string": "text, in quotes",
    "array": "a list (`- ...`)",
    "object": "a mapping (`key: value`)",
}
_SHAPES: tuple[tuple[type, str], ...] = (
    (bool, "a truth value"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def _bound(error: ValidationError) -> Any:
    """What the schema demands, as its JSON."""
    return error.validator_value


def _given(error: ValidationError) -> Any:
    """What the document has, as its JSON."""
    return error.instance


def causes(errors: Iterable[ValidationError]) -> list[ValidationError]:
    """The errors at the leaves: of a choice (`oneOf`), those of the branch that the author meant."""
    return [leaf for error in errors for leaf in _leaves(error)]


class Told:
    """What is told of a document, so that nothing is told twice: its errors and its unknown keys."""

    def __init__(self, errors: Iterable[ValidationError], unknown: Iterable[UnknownKey]) -> None:
        self._explained = {
            tuple(error.absolute_path)[:length]
            for error in errors
            if error.validator not in KEY_RULES
            for length in range(len(error.absolute_path) + 1)
        }
        self._unknown: dict[Parts, list[str | int]] = {}
        for key in unknown:
            self._unknown.setdefault(key.parts[:-1], []).append(key.parts[-1])
            self._explained |= {key.parts[:length] for length in range(len(key.parts) - 1)}
        self._mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}

    def sentences(self, error: ValidationError) -> Iterator[tuple[Parts, str]]:
        """(place, sentence) of an error; nothing where it only follows from another one or from an unknown key."""
        rule, place = str(error.validator), tuple(error.absolute_path)
        if rule in KEY_RULES:
            yield from self._out_of_place(error, place)
        elif rule == "required":
            yield from self._missing(error, place)
        elif rule == "oneOf" and isinstance(error.instance, Mapping) and _is_operators(error):
            yield from self._operators(error, place)
        elif rule == "not":
            yield (*place, "from"), "'from' is this property itself; remove it"
        elif rule == "type" or place not in self._mistyped:
            yield place, _SENTENCES.get(rule, _other)(error)

    def _out_of_place(self, error: ValidationError, place: Parts) -> Iterator[tuple[Parts, str]]:
        if place not in self._explained:
            unknown = self._unknown.get(place, ())
            yield from (told for told in _out_of_place(error, place) if told[0][-1] not in unknown)

    def _missing(self, error: ValidationError, place: Parts) -> Iterator[tuple[Parts, str]]:
        for name in _bound(error):
            if name not in _given(error) and not self._is_misspelt(place, [name]):
                yield (*place, name), "is missing; add it"

    def _operators(self, error: ValidationError, place: Parts) -> Iterator[tuple[Parts, str]]:
        given = [name for name in OPERATORS if name in _given(error)]
        if len(given) > 1:
            yield place, f"{' and '.join(given)}: a rule has one operator; keep one, or write two rules"
        if not given and not self._is_misspelt(place, OPERATORS):
            yield place, f"has no operator; add one of {', '.join(OPERATORS)}"

    def _is_misspelt(self, place: Parts, names: Iterable[str]) -> bool:
        return any(nearest(key, names) for key in self._unknown.get(place, ()))


def _leaves(error: ValidationError) -> list[ValidationError]:
    if not error.context or error.validator not in {"oneOf", "anyOf"}:
        return [error]
    branches: dict[Any, list[ValidationError]] = {}
    for child in error.context:
        branches.setdefault(child.schema_path[0], []).extend(_leaves(child))
    depth = len(error.absolute_path)
    meant = [leaves for leaves in branches.values() if not _is_other_shape(leaves, depth)]
    if not meant:
        return [error]
    best = max(meant, key=lambda leaves: (max(len(leaf.absolute_path) for leaf in leaves), -len(leaves)))
    deeper = max(len(leaf.absolute_path) for leaf in best) > depth
    return best if deeper or len(meant) == 1 else [error]


def _is_other_shape(leaves: list[ValidationError], depth: int) -> bool:
    return any(leaf.validator == "type" and len(leaf.absolute_path) == depth for leaf in leaves)


def _out_of_place(error: ValidationError, place: Parts) -> Iterator[tuple[Parts, str]]:
    """Keys that the standard knows here, but not with the values of their neighbours."""
    schema: Any = error.schema
    properties = schema.get("properties", {})
    given: dict[str, Any] = _given(error)
    if given.get("type", "library") == "library" and any(name in given for name in (*OPERATORS, "arguments")):
        yield (*place, "metric"), "is missing; add it, or `type: sql` with a query"
        return
    for name in given:
        if repr(name) not in error.message:
            continue
        if place and place[-1] == "logicalTypeOptions":
            hint = did_you_mean(name, properties) or f"its options are {', '.join(sorted(properties))}"
            yield (*place, name), f"{shown(name)} is no option of this logicalType; {hint}"
        elif name in _CONDITIONAL:
            yield (*place, name), f"{name!r} does not go with {_CONDITIONAL[name]}; remove it, or correct that"
        elif "type" in given:
            yield (*place, name), f"{shown(name)} does not go with type {given['type']!r}; remove it, or correct it"


_CONDITIONAL = {
    "properties": "this logicalType (only with object)",
    "items": "this logicalType (only with array)",
    "map": "this logicalType (only with map)",
}


def _is_operators(error: ValidationError) -> bool:
    return any("mustBe" in branch.get("required", ()) for branch in _bound(error))


def _enum(error: ValidationError) -> str:
    words = list(map(str, _bound(error)))
    hint = did_you_mean(_given(error), words) or f"use one of {', '.join(words)}"
    return f"{shown(_given(error))} is not known; {hint}"


def _type(error: ValidationError) -> str:
    if error.absolute_path and error.absolute_path[-1] in {"from", "to"}:
        return "from and to are both one property, or both a list; correct one of them"
    expected = _bound(error) if isinstance(_bound(error), list) else [_bound(error)]
    write = " or ".join(_WRITE.get(str(name), str(name)) for name in expected)
    return f"{_shape(_given(error))}; write {write}"


def _shape(value: object) -> str:
    if value is None:
        return "is empty"
    kind = next((words for kind, words in _SHAPES if isinstance(value, kind)), "something else")
    return f"is {kind}" if isinstance(value, list | dict) else f"{shown(value)} is {kind}"


def _choice(error: ValidationError) -> str:
    if error.absolute_path and error.absolute_path[-1] in {"from", "to"}:
        return f"{shown(_given(error))} is no reference; write dataset.column"
    kinds = ["object" if "$ref" in branch else str(branch.get("type")) for branch in _bound(error)]
    kinds = [kind for kind in kinds if kind in _WRITE and not (kind == "integer" and "number" in kinds)]
    write = f"write {' or '.join(_WRITE[kind] for kind in dict.fromkeys(kinds))}" if kinds else "correct it"
    return f"{_shape(_given(error))}, which does not fit here; {write}"


def _pattern(error: ValidationError) -> str:
    if _bound(error) == "^[A-Za-z0-9_-]+$":
        return f"{shown(_given(error))} is no id; use letters, digits, - and _"
    return _choice(error) if error.absolute_path[-1] in {"from", "to"} else _other(error)


def _other(error: ValidationError) -> str:
    return f"{error.message[:200]}; correct the value"


_SENTENCES: dict[str, Callable[[ValidationError], str]] = {
    "enum": _enum,
    "const": lambda error: f"{shown(_given(error))} is not {_bound(error)!r}; correct it",
    "type": _type,
    "oneOf": _choice,
    "anyOf": _choice,
    "pattern": _pattern,
    "minItems": lambda error: f"has {len(_given(error))} items; write at least {_bound(error)}",
    "maxItems": lambda error: f"has {len(_given(error))} items; write at most {_bound(error)}",
    "uniqueItems": lambda _: "has an item twice; keep one of them",
    "minimum": lambda error: f"{shown(_given(error))} is below {_bound(error)}; correct it",
    "exclusiveMinimum": lambda error: f"{shown(_given(error))} is not above {_bound(error)}; correct it",
}
