"""The JSON that commands print: one object each, with a version (docs/reference/json.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from partition_gate.core.record import Record
from partition_gate.judging.documents import INTERFACE_VERSION


def print_json(document: Mapping[str, Any], *, on_one_line: bool = False) -> None:
    """Print a document. Within an interface version, keys are only added."""
    content = {"interface_version": INTERFACE_VERSION, **document}
    typer.echo(json.dumps(content, indent=None if on_one_line else 2, ensure_ascii=False))


def dumped(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The records as JSON objects."""
    return [record.model_dump(mode="json") for record in records]
