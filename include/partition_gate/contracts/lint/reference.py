"""The table of lint rules in docs/reference/lint.md, made from the rules themselves."""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.contracts.lint.rules import READ_CONTRACT_RULES, RULES
from partition_gate.core.finding import Level

BEGIN, END = "<!-- rules: begin (generated; a test keeps it current) -->", "<!-- rules: end -->"
_OTHERS = (
    ("yaml", "error", "The file is one plain YAML mapping, without what can hide, multiply or change content."),
    ("schema", "error", "The document fits the JSON Schema of its apiVersion, and no key is misspelt."),
    ("unknown-key", "warning", "v3.0: a place that the schema leaves open has only keys of the standard."),
    ("reading", "error", "The contract can be read: a server of the environment, names, values, defaults."),
    ("kept-versions", "error", "Kept versions follow one another, load into one table, and are what was approved."),
)


def rules_table() -> str:
    """The rules as a Markdown table, in the order in which they run."""
    rows = [f"| `{name}` | {level} | {what} |" for name, level, what in _OTHERS]
    rows += [_row(name, rule.level, rule.check) for name, rule in RULES.items()]
    rows += [_row(name, rule.level, rule.check) for name, rule in READ_CONTRACT_RULES.items()]
    return "\n".join(["| rule | level | what holds where it finds nothing |", "|---|---|---|", *rows])


def _row(name: str, level: Level, check: Callable[..., object]) -> str:
    holds = (check.__doc__ or "").split("\n\n")[0]
    return f"| `{name}` | {level.value} | {' '.join(holds.split())} |"
