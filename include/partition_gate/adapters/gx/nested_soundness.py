"""Whether the files let a rule inside of a column be judged."""

from __future__ import annotations

from collections.abc import Iterable

from partition_gate.adapters.gx.footers import NO_TYPE
from partition_gate.adapters.gx.nested_footers import types_at
from partition_gate.adapters.gx.scan import Scanned
from partition_gate.adapters.gx.suite_file import FILES_TYPE_FIELD, Planned


def why_unsound(partition: Scanned, planned: Planned, suite: Iterable[Planned]) -> str | None:
    """Why a rule inside of a column cannot be judged: something on its way is missing, or has another type."""
    column, path, rule = (planned.kwargs[name] for name in ("column", "path", "rule"))
    ways = [path[: i + 1] for i in range(len(path))] + [[*path, name] for name in rule.get("fields", ())]
    promised = {tuple(one.kwargs["path"]): one.kwargs["type_list"] for one in suite if _types_field(one, column)}
    for way in ways:
        for source, kind in types_at(partition, column, way):
            if kind is None:
                return f"{'.'.join((column, *way))} is missing in {source}"
            if kind not in (*promised.get(tuple(way), (kind,)), NO_TYPE):
                return f"{'.'.join((column, *way))} has another type: {kind} in {source}"
    return None


def _types_field(planned: Planned, column: str) -> bool:
    return planned.type == FILES_TYPE_FIELD and planned.kwargs.get("column") == column
