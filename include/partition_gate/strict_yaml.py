"""YAML as a contract may use it: plain data. No anchors, tags, duplicate keys, or dates made out of text."""

from __future__ import annotations

from typing import Any

import yaml

from partition_gate.errors import ContractError

MAX_BYTES = 2_000_000
MAX_DEPTH = 40

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]  # the C loader has no type stubs
    """CSafeLoader without timestamps (the standard's dates are text) and without what can hide or multiply content."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load_mapping(text: str, *, path: str) -> dict[str, Any]:
    """The document's mapping.

    Raises:
        ContractError: not YAML, not one mapping, or one of the refused features, with line and column.
    """
    if len(text) > MAX_BYTES:
        raise ContractError(f"{path}: {len(text):,} characters; a contract has at most {MAX_BYTES:,}")
    try:
        _refuse_traps(text, path)
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a CSafeLoader
    except yaml.YAMLError as error:
        raise ContractError(
            f"{path}: {_place(error)}not YAML: {_problem(error)}; correct the indentation or quote the value"
        ) from error
    if not isinstance(document, dict):
        raise ContractError(
            f"{path}: the file holds {type(document).__name__}, not a mapping; start with `apiVersion:`"
        )
    return document


def _refuse_traps(text: str, path: str) -> None:
    keys: list[set[str] | None] = []
    expects_key: list[bool] = []
    for event in yaml.parse(text, Loader=_StrictLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ContractError(f"{path}: line {line}: YAML anchors and aliases are refused; write the value out")
        tag = str(getattr(event, "tag", None) or "")
        if tag.startswith("!"):
            raise ContractError(f"{path}: line {line}: YAML tags are refused; remove {tag!r}")
        _track_keys(event, keys, expects_key, place=f"{path}: line {line}")


def _track_keys(event: Any, keys: list[set[str] | None], expects_key: list[bool], *, place: str) -> None:
    if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        keys.pop()
        expects_key.pop()
        return
    if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
        return
    if keys and keys[-1] is not None:
        if expects_key[-1] and isinstance(event, yaml.ScalarEvent):
            _note_key(event.value, keys[-1], place)
        expects_key[-1] = not expects_key[-1]
    if isinstance(event, yaml.CollectionStartEvent):
        keys.append(set() if isinstance(event, yaml.MappingStartEvent) else None)
        expects_key.append(True)
        if len(keys) > MAX_DEPTH:
            raise ContractError(f"{place}: nested deeper than {MAX_DEPTH} levels; flatten it")


def _note_key(key: str, seen: set[str], place: str) -> None:
    if key in seen:
        raise ContractError(f"{place}: the key {key!r} stands twice; keep one of them")
    seen.add(key)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
