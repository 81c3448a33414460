"""Formats lint findings as text, as JSON, and as GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from partition_gate.core.finding import TOP, Finding, Level
from partition_gate.core.record import Record

INTERFACE_VERSION = 1
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}


class LintedFile(Record):
    """A contract file and its findings; `contract` is `id version`, or None if the file cannot be read."""

    path: str
    contract: str | None
    findings: tuple[Finding, ...]

    def count(self, level: Level) -> int:
        """The number of findings of a level."""
        return sum(finding.level is level for finding in self.findings)


def as_text(files: Sequence[LintedFile]) -> str:
    """One line per finding, `ok` for a file without errors, and the totals last."""
    return "\n".join([*(line for file in files for line in _text_of(file)), _totals(files)])


def as_json(files: Sequence[LintedFile]) -> str:
    """The stable JSON of `gate lint --json`: version 1 (docs/reference/lint.md)."""
    document = {
        "interface_version": INTERFACE_VERSION,
        **{f"{level.value}s": sum(file.count(level) for file in files) for level in Level},
        "files": [
            {**file.model_dump(mode="json", exclude={"path"}), "file": file.path, "ok": not file.count(Level.ERROR)}
            for file in files
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_github(files: Sequence[LintedFile]) -> str:
    """Workflow commands: one annotation per finding, escaped so that no text in a contract can become a command."""
    return "\n".join(_annotation(file.path, finding) for file in files for finding in file.findings)


def _text_of(file: LintedFile) -> Iterator[str]:
    yield from (f"{finding.text(file.path)} [{finding.rule}]" for finding in file.findings)
    if not file.count(Level.ERROR):
        yield f"{file.path}: ok ({file.contract})"


def _totals(files: Sequence[LintedFile]) -> str:
    counts = [(sum(file.count(level) for file in files), level.value) for level in Level]
    totals = ", ".join(f"{count} {word}{'' if count == 1 or word == 'info' else 's'}" for count, word in counts)
    return f"{len(files)} {'contract' if len(files) == 1 else 'contracts'}: {totals}"


def _annotation(path: str, finding: Finding) -> str:
    where = {"file": path, "line": str(finding.line or 1), "title": f"gate lint: {finding.rule}"}
    properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    return f"::{_COMMANDS[finding.level]} {properties}::{_data(f'{finding.place or TOP}: {finding.what}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
