"""Validates against the standard's JSON Schema, with errors that a data owner can act on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from partition_gate.contracts.odcs.keys import AllowedKeys, UnknownKey
from partition_gate.contracts.odcs.messages import KEY_RULES, ErrorMessages, causes
from partition_gate.contracts.odcs.schema_errors import Parts, SchemaError, SchemaValidator
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Finding, Level, refuse
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.strict_yaml.reading import Document, dotted

# apiVersion -> (file, SHA-256), the unchanged file of a package on PyPI (docs/adr/0012). The standard's v3.0.0 is
# v3.0.1 without some optional keys, and no package contains it.
SCHEMAS = {
    "v3.0.0": ("v3.0.1.json", "25cc0f4be6d803c4339d77e53b64addb5e9a834562772a6b6ab53d1be56227a5"),
    "v3.0.1": ("v3.0.1.json", "25cc0f4be6d803c4339d77e53b64addb5e9a834562772a6b6ab53d1be56227a5"),
    "v3.0.2": ("v3.0.2.json", "8d2de931527197e8206a581483fb06d5b6267db4cb24d24b86dbb65ae47051a5"),
    "v3.1.0": ("v3.1.0.json", "2cb7dd6fe43344d2233e0406438622681dc3ebadcf8f0d606a15b40c8f6752c0"),
    "v3.2.0": ("v3.2.0.json", "4b530540c9182db45ad879867d9c83a92feefc7c2d911b4b56338b0328070d7c"),
}
ACCEPTED_VERSIONS = tuple(SCHEMAS)


def require_valid(document: Document, *, path: str) -> None:
    """Require that a document is valid against ODCS.

    Raises:
        ContractError: one line per problem, `file: path.to.key: what; what to do`, in the file's order.
    """
    refuse(schema_findings(document), path=path)


def schema_findings(document: Document) -> tuple[Finding, ...]:
    """Where the document violates the JSON Schema of its apiVersion, in the file's order, each cause once.

    An unknown key that an old version tolerates is a warning, also if it looks like a misspelt known key.
    """
    version = document.mapping.get("apiVersion")
    if not isinstance(version, str) or version not in SCHEMAS:
        near = _nearest_version(version)
        what = f"{shown(version)} is not supported; {near}" if version is not None else f"is missing; {near}"
        return (_finding(document, ("apiVersion",), what),)
    errors = _errors(document, version)
    unknown = tuple(_allowed_keys(version).unknown_in(document.mapping))
    about_keys = _key_findings(document, version, errors, unknown)
    others = _other_findings(document, version, errors, unknown)
    return tuple(sorted(dict.fromkeys((*about_keys, *others)), key=lambda finding: finding.line or 0))


@cache
def _allowed_keys(version: str) -> AllowedKeys:
    return AllowedKeys(_schema(version))


def _nearest_version(version: object) -> str:
    if f"v{version}" in SCHEMAS:
        return f"did you mean 'v{version}'?"
    if str(version).lstrip("v").startswith("2."):
        return "its keys are others, so rewrite the contract for v3.1.0"
    return f"use one of {', '.join(ACCEPTED_VERSIONS)}"


def json_schema(version: str) -> dict[str, Any]:
    """The JSON Schema of an apiVersion, with one correction (docs/adr/0008).

    Raises:
        ContractError: the installed file does not have the pinned hash.
    """
    name, pinned = SCHEMAS[version]
    text = files("partition_gate").joinpath("contracts", "odcs", "schemas").joinpath(name).read_bytes()
    if hashlib.sha256(text).hexdigest() != pinned:
        raise ContractError(f"odcs/schemas/{name}: does not have the pinned SHA-256; reinstall Partition Gate")
    schema: dict[str, Any] = json.loads(text)
    _require_what_is_tested(schema)
    return schema


@cache
def _schema(version: str) -> dict[str, Any]:
    return json_schema(version)


@cache
def _validator(version: str) -> SchemaValidator:
    return SchemaValidator(_schema(version))


def _require_what_is_tested(node: Any) -> None:
    """Make `if: logicalType is map` false for a property without logicalType (docs/adr/0008).

    As published, such an `if` is true if the key is absent, so v3.2.0 requires `map` in every untyped property, and
    every version checks its options against the options of all types at once.
    """
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _require_what_is_tested(child)
    condition = node.get("if") if isinstance(node, dict) else None
    for tested in (condition, *condition.get("anyOf", ())) if isinstance(condition, dict) else ():
        if "logicalType" in tested.get("properties", ()):
            tested.setdefault("required", ["logicalType"])


def _errors(document: Document, version: str) -> list[SchemaError]:
    return causes(_validator(version).errors(document.mapping))


def _later(version: str) -> tuple[str, ...]:
    return ACCEPTED_VERSIONS[ACCEPTED_VERSIONS.index(version) + 1 :]


def _key_findings(
    document: Document, version: str, errors: Iterable[SchemaError], unknown: Sequence[UnknownKey]
) -> Iterator[Finding]:
    closed = {error.place for error in errors if error.rule in KEY_RULES}
    since = _known_since(document, version) if unknown else {}
    for key in unknown:
        near = did_you_mean(key.parts[-1], key.known)
        level = Level.ERROR if key.parts[:-1] in closed else Level.WARNING
        rule = "schema" if level is Level.ERROR else "unknown-key"
        newer = next((name for name, still in since.items() if key.parts not in still), None)
        what = f"{shown(key.parts[-1])} is not a key here; {_instead(key, near, newer)}"
        place = dotted(key.parts)
        yield Finding(rule=rule, level=level, place=place, line=document.line(place), what=what)


def _instead(key: UnknownKey, near: str, newer: str | None) -> str:
    if newer:
        return f"{newer} has it: raise apiVersion, or remove the key"
    if near:
        return near
    if key.under:
        return f"move it to {key.under!r}"
    return "remove it, or move it to 'customProperties'"


def _known_since(document: Document, version: str) -> dict[str, set[Parts]]:
    """The keys that are still unknown in each later version of the standard."""
    return {
        newer: {key.parts for key in _allowed_keys(newer).unknown_in(document.mapping)} for newer in _later(version)
    }


def _other_findings(
    document: Document, version: str, errors: Sequence[SchemaError], unknown: Sequence[UnknownKey]
) -> Iterator[Finding]:
    messages = ErrorMessages(errors, unknown)
    problems = [(parts, what) for error in errors for parts, what in messages.of(error)]
    newest = ACCEPTED_VERSIONS[-1]
    is_outdated = bool(problems and _later(version))
    still = {parts for e in _errors(document, newest) for parts, _ in messages.of(e)} if is_outdated else None
    for parts, what in problems:
        accepted = (
            f"; or raise apiVersion to {newest}, which accepts it" if still is not None and parts not in still else ""
        )
        yield _finding(document, parts, what + accepted)


def _finding(document: Document, parts: Parts, what: str) -> Finding:
    place = dotted(parts)
    return Finding(rule="schema", level=Level.ERROR, place=place, line=document.line(place), what=what)
