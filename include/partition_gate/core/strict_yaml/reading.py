"""The YAML that a contract may use: plain data. No anchors, tags, duplicate keys, or text turned into dates."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Finding, Level, refuse
from partition_gate.core.strict_yaml.events import LOADER, EventScanner, PlainScalar, Trap, Unreadable

MAX_BYTES = 1_000_000
# YAML allows tab, line feed, carriage return and next line; no contract needs the rest of C0, C1 and DEL.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Document:
    """A contract file: its mapping, the 1-based line of each place, and its unquoted scalars, verbatim."""

    mapping: dict[str, Any]
    lines: Mapping[str, int]
    plain: tuple[PlainScalar, ...] = ()

    def line(self, place: str) -> int | None:
        """The line of a place, or of the nearest enclosing place."""
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place)


# The document, or None and the findings that explain why.
Parsed = tuple[Document | None, tuple[Finding, ...]]


def dotted(parts: Iterable[str | int]) -> str:
    """`schema[0].properties[3].required`: the canonical spelling of a place in a contract."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def decoded(raw: bytes, *, path: str) -> str:
    """The text of a contract file.

    Raises:
        ContractError: more than a million bytes, not UTF-8, a byte order mark, or a control character.
    """
    if len(raw) > MAX_BYTES:
        _refuse(path, f"larger than {MAX_BYTES:,} bytes, too large for a contract; check that this is the right file")
    if raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _refuse(path, "starts with a byte order mark; save it as UTF-8 without BOM")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        _refuse(path, f"byte {error.start + 1:,} is not UTF-8; save the file as UTF-8", line)
    return text


def load_mapping(text: str, *, path: str) -> dict[str, Any]:
    """The document's mapping.

    Raises:
        ContractError: not YAML, not one mapping, or a feature that is not allowed; each problem with its line.
    """
    return load_document(text, path=path).mapping


def load_document(text: str, *, path: str) -> Document:
    """The document with its lines. Raises: ContractError, as `load_mapping`."""
    document, findings = parse(text)
    refuse(findings, path=path)
    if document is None:
        raise ContractError(f"{path}: cannot be read; correct the YAML")
    return document


def parse(text: str) -> Parsed:
    """The document, or None and every reason: invalid YAML, and everything that can hide or multiply content."""
    if early := _unreadable(text):
        return None, (early,)
    scanner = EventScanner()
    try:
        for event in yaml.parse(text, Loader=LOADER):
            scanner.scan(event)
        if scanner.traps:
            return None, tuple(_finding(trap) for trap in scanner.traps)
        mapping = yaml.load(text, Loader=LOADER)  # noqa: S506  # a CSafeLoader
    except yaml.YAMLError as error:
        return None, (*(_finding(trap) for trap in scanner.traps), _not_yaml(error, text))
    if not isinstance(mapping, dict):
        kind = "a list" if isinstance(mapping, list) else "a single value"
        what = "the file is empty" if mapping is None else f"the file is {kind}, not a mapping"
        return None, (_finding(Trap("", 1, f"{what}; start with `apiVersion:`")),)
    return Document(mapping, scanner.lines, tuple(scanner.plain)), ()


def _unreadable(text: str) -> Finding | None:
    if len(text) > MAX_BYTES:
        return _finding(Trap("", None, f"the file has {len(text):,} characters; shorten it to {MAX_BYTES:,}"))
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        return _finding(Trap("", line, f"the file contains the control character U+{ord(control[0]):04X}; remove it"))
    return None


def _finding(trap: Trap) -> Finding:
    return Finding(rule="yaml", level=Level.ERROR, place=trap.place, line=trap.line, what=trap.what)


def _not_yaml(error: yaml.YAMLError, text: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    line = mark.line + 1 if mark else None
    if isinstance(error, Unreadable):
        return _finding(Trap("", line, problem))
    around = text.splitlines()[mark.line][: mark.column + 1] if mark and mark.line < len(text.splitlines()) else ""
    next_step = "indent with spaces, not tabs" if "\t" in around else "correct the indentation or quote the value"
    column = f" at column {mark.column + 1}" if mark else ""
    return _finding(Trap("", line, f"not valid YAML: {problem}{column}; {next_step}"))


def _refuse(path: str, what: str, line: int | None = None) -> None:
    refuse((_finding(Trap("", line, what)),), path=path)
