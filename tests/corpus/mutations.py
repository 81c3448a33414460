"""Contracts made from the base of the adversarial cases by changing one thing."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

from partition_gate.contracts.lint.view import Known

GONE = "<gone>"
KNOWN = Known(
    name="orders",
    datasets={"customers": frozenset({"id", "name"})},
    why_no_function=lambda named: None if named.file == "fixes.py" else f"{named.file} is not in recover; add the file",
    claims={"orders": ("orders",), "stock": ("warehouse",), "gate__orders__eu": ("orders__eu",)},
)
BASE: dict[str, Any] = yaml.safe_load(Path("tests/corpus/orders.yaml").read_text(encoding="utf-8"))
# The base as v3.0 says it: `rule` for `metric`, a list as team, no relationships, no timestamps.
V3_0 = "<v3.0>"


def mutated(changes: dict[str, Any]) -> str:
    """The base's YAML with the value at each place replaced; `$amount` is the place of that column, GONE removes."""
    document = as_v3_0() if V3_0 in changes else copy.deepcopy(BASE)
    for place, value in changes.items():
        if place != V3_0:
            put(document, place, value)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def as_v3_0() -> dict[str, Any]:
    """The base in the words of v3.0.2."""
    document = copy.deepcopy(BASE) | {"apiVersion": "v3.0.2", "team": BASE["team"]["members"]}
    del document["schema"][0]["relationships"]
    document["support"][0]["url"] = "https://example.com"
    for key in ("schedule", "scheduler"):
        del document["slaProperties"][0][key]
    for holder in (document["schema"][0], *document["schema"][0]["properties"]):
        holder.pop("relationships", None)
        holder.get("logicalTypeOptions", {}).pop("exclusiveMaximum", None)
        if holder.get("logicalType") == "timestamp":
            holder.update(logicalType="date", logicalTypeOptions={"minimum": "2020-01-01"})
        for rule in holder.get("quality", ()):
            if "metric" in rule:
                rule["rule"] = rule.pop("metric")
            rule.pop("arguments", None)
            rule.pop("id", None)
    document["schema"][0]["quality"] = document["schema"][0]["quality"][:1]
    return document


def put(document: Any, place: str, value: Any) -> None:
    """Set the value at a place, or remove it."""
    *parents, last = parts(place)
    for part in parents:
        document = document[part]
    if value == GONE:
        del document[last]
    elif isinstance(document, list) and last == len(document):
        document.append(value)
    else:
        document[last] = value


def parts(place: str) -> list[str | int]:
    """`["schema", 0, "name"]` for `schema[0].name`."""
    columns = [prop["name"] for prop in BASE["schema"][0]["properties"]]
    place = re.sub(r"^\$(\w+)", lambda match: f"schema[0].properties[{columns.index(match[1])}]", place)
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", place)]
