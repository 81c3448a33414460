"""The standard's own JSON Schema, with errors that a data owner can act on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError
from open_data_contract_standard.model import OpenDataContractStandard

from partition_gate.errors import ContractError

ACCEPTED_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")


def require_valid(document: dict[str, Any], *, path: str) -> None:
    """Nothing, for a document that fits ODCS.

    Raises:
        ContractError: one line a problem, `file: path.to.key: what; what to do`, in the file's order.

    Source: Open Data Contract Standard, JSON Schema of v3.2.0 (accepts the v3.0 and v3.1 documents that it extends).
    """
    version = document.get("apiVersion")
    if version not in ACCEPTED_VERSIONS:
        raise ContractError(
            f"{path}: apiVersion: {version!r} is not supported; use one of {', '.join(ACCEPTED_VERSIONS)}"
        )
    problems = list(dict.fromkeys(_lines(_validator().iter_errors(document), path)))
    if problems:
        raise ContractError("\n".join(problems))


def dotted(parts: Iterable[str | int]) -> str:
    """`schema[0].properties[3].required`: the one spelling of a place in a contract."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


@cache
def _validator() -> Draft201909Validator:
    schema = json.loads(cast("Any", OpenDataContractStandard).json_schema())
    _require_what_is_tested(schema)
    return Draft201909Validator(schema)


def _require_what_is_tested(node: Any) -> None:
    """Make `if: logicalType is map` false for a property without logicalType.

    As published, such an `if` holds when the key is absent, so v3.2.0 demands `map` of every untyped property.
    """
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _require_what_is_tested(child)
    condition = node.get("if") if isinstance(node, dict) else None
    if isinstance(condition, dict) and "logicalType" in condition.get("properties", {}):
        condition.setdefault("required", ["logicalType"])


def _lines(errors: Iterable[ValidationError], path: str) -> Iterable[str]:
    for error in sorted(errors, key=lambda e: [str(part) for part in e.absolute_path]):
        for leaf in _leaves(error):
            yield f"{path}: {dotted(leaf.absolute_path) or '(top level)'}: {_sentence(leaf)}"


def _leaves(error: ValidationError) -> list[ValidationError]:
    # A failed allOf branch leaves its keys "unevaluated" too: only the cause is of use to a reader.
    if not error.context:
        return [error]
    nested = [leaf for child in error.context for leaf in _leaves(child)]
    deepest = max(len(leaf.absolute_path) for leaf in nested)
    causes = [leaf for leaf in nested if len(leaf.absolute_path) == deepest]
    return causes if deepest > len(error.absolute_path) else [error]


def _sentence(error: ValidationError) -> str:
    rule, value, bound = str(error.validator), cast("Any", error.instance), cast("Any", error.validator_value)
    if rule == "enum":
        return f"{value!r} is not one of {', '.join(map(str, bound))}{_did_you_mean(value, bound)}"
    if rule == "required":
        return f"{', '.join(name for name in bound if name not in value)} is missing; add it"
    if rule in {"additionalProperties", "unevaluatedProperties"}:
        return f"{error.message.split('(', 1)[-1].rstrip(')')}; remove it, or correct its spelling"
    if rule == "oneOf":
        return "give exactly one operator (mustBe, mustBeLessThan ...); split the rule if it needs two"
    if rule == "type":
        return f"{value!r} is not of type {bound}; correct the value"
    return f"{error.message[:300]}; correct the value"


def _did_you_mean(value: object, words: Iterable[object]) -> str:
    near = get_close_matches(str(value), [str(word) for word in words], n=1)
    return f"; did you mean '{near[0]}'?" if near else "; use one of these"
