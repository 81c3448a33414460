"""From an error of the JSON Schema to the sentence that a data owner can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from partition_gate.checks.compiling.bounds import OPERATORS
from partition_gate.contracts.odcs.keys import UnknownKey
from partition_gate.contracts.odcs.schema_errors import Parts, SchemaError
from partition_gate.core.nearest_words import did_you_mean, nearest, shown

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


def causes(errors: Iterable[SchemaError]) -> list[SchemaError]:
    """The errors at the leaves: of a choice (`oneOf`), those of the branch that the author meant."""
    return [leaf for error in errors for leaf in _leaves(error)]


class Told:
    """What is told of a document, so that nothing is told twice: its errors and its unknown keys."""

    def __init__(self, errors: Iterable[SchemaError], unknown: Iterable[UnknownKey]) -> None:
        self._explained = {
            error.place[:length]
            for error in errors
            if error.rule not in KEY_RULES
            for length in range(len(error.place) + 1)
        }
        self._unknown: dict[Parts, list[str | int]] = {}
        for key in unknown:
            self._unknown.setdefault(key.parts[:-1], []).append(key.parts[-1])
            self._explained |= {key.parts[:length] for length in range(len(key.parts) - 1)}
        self._mistyped = {error.place for error in errors if error.rule == "type"}

    def sentences(self, error: SchemaError) -> Iterator[tuple[Parts, str]]:
        """(place, sentence) of an error; nothing where it only follows from another one or from an unknown key."""
        rule, place = error.rule, error.place
        if rule in KEY_RULES:
            yield from self._out_of_place(error, place)
        elif rule == "required":
            yield from self._missing(error, place)
        elif rule == "oneOf" and isinstance(error.given, Mapping) and _is_operators(error):
            yield from self._operators(error, place)
        elif rule == "not":
            yield (*place, "from"), "'from' is this property itself; remove it"
        elif rule == "type" or place not in self._mistyped:
            yield place, _SENTENCES.get(rule, _other)(error)

    def _out_of_place(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        if place not in self._explained:
            unknown = self._unknown.get(place, ())
            yield from (told for told in _out_of_place(error, place) if told[0][-1] not in unknown)

    def _missing(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        for name in error.bound:
            if name not in error.given and not self._is_misspelt(place, [name]):
                yield (*place, name), "is missing; add it"

    def _operators(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        given = [name for name in OPERATORS if name in error.given]
        if len(given) > 1:
            yield place, f"{' and '.join(given)}: a rule has one operator; keep one, or write two rules"
        if not given and not self._is_misspelt(place, OPERATORS):
            yield place, f"has no operator; add one of {', '.join(OPERATORS)}"

    def _is_misspelt(self, place: Parts, names: Iterable[str]) -> bool:
        return any(nearest(key, names) for key in self._unknown.get(place, ()))


def _leaves(error: SchemaError) -> list[SchemaError]:
    branches = [causes(branch) for branch in error.branches if branch]
    if not branches:
        return [error]
    depth = len(error.place)
    meant = [leaves for leaves in branches if not _is_other_shape(leaves, depth)]
    if not meant:
        return [error]
    best = max(meant, key=lambda leaves: (max(len(leaf.place) for leaf in leaves), -len(leaves)))
    deeper = max(len(leaf.place) for leaf in best) > depth
    return best if deeper or len(meant) == 1 else [error]


def _is_other_shape(leaves: list[SchemaError], depth: int) -> bool:
    return any(leaf.rule == "type" and len(leaf.place) == depth for leaf in leaves)


def _out_of_place(error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
    """Keys that the standard knows here, but not with the values of their neighbours."""
    properties, given = error.beside.get("properties", {}), error.given
    if given.get("type", "library") == "library" and any(name in given for name in (*OPERATORS, "arguments")):
        yield (*place, "metric"), "is missing; add it, or `type: sql` with a query"
        return
    for name in error.unexpected:
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


def _is_operators(error: SchemaError) -> bool:
    return any("mustBe" in branch.get("required", ()) for branch in error.bound)


def _enum(error: SchemaError) -> str:
    words = list(map(str, error.bound))
    hint = did_you_mean(error.given, words) or f"use one of {', '.join(words)}"
    return f"{shown(error.given)} is not known; {hint}"


def _type(error: SchemaError) -> str:
    if error.place and error.place[-1] in {"from", "to"}:
        return "from and to are both one property, or both a list; correct one of them"
    expected = error.bound if isinstance(error.bound, list) else [error.bound]
    write = " or ".join(_WRITE.get(str(name), str(name)) for name in expected)
    return f"{_shape(error.given)}; write {write}"


def _shape(value: object) -> str:
    if value is None:
        return "is empty"
    kind = next((words for kind, words in _SHAPES if isinstance(value, kind)), "something else")
    return f"is {kind}" if isinstance(value, list | dict) else f"{shown(value)} is {kind}"


def _choice(error: SchemaError) -> str:
    if error.place and error.place[-1] in {"from", "to"}:
        return f"{shown(error.given)} is no reference; write dataset.column"
    kinds = ["object" if "$ref" in branch else str(branch.get("type")) for branch in error.bound]
    kinds = [kind for kind in kinds if kind in _WRITE and not (kind == "integer" and "number" in kinds)]
    write = f"write {' or '.join(_WRITE[kind] for kind in dict.fromkeys(kinds))}" if kinds else "correct it"
    return f"{_shape(error.given)}, which does not fit here; {write}"


def _pattern(error: SchemaError) -> str:
    if error.bound == "^[A-Za-z0-9_-]+$":
        return f"{shown(error.given)} is no id; use letters, digits, - and _"
    return _choice(error) if error.place[-1] in {"from", "to"} else _other(error)


def _other(error: SchemaError) -> str:
    return f"{error.message[:200]}; correct the value"


_SENTENCES: dict[str, Callable[[SchemaError], str]] = {
    "enum": _enum,
    "const": lambda error: f"{shown(error.given)} is not {error.bound!r}; correct it",
    "type": _type,
    "oneOf": _choice,
    "anyOf": _choice,
    "pattern": _pattern,
    "minItems": lambda error: f"has {len(error.given)} items; write at least {error.bound}",
    "maxItems": lambda error: f"has {len(error.given)} items; write at most {error.bound}",
    "uniqueItems": lambda _: "has an item twice; keep one of them",
    "minimum": lambda error: f"{shown(error.given)} is below {error.bound}; correct it",
    "exclusiveMinimum": lambda error: f"{shown(error.given)} is not above {error.bound}; correct it",
}
