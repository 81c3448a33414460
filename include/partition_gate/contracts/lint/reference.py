"""The table of lint rules in docs/reference/lint.md, generated from the rules."""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.contracts.lint.rules import READ_CONTRACT_RULES, RULES
from partition_gate.core.finding import Level

BEGIN, END = "<!-- rules: begin (generated; a test keeps it current) -->", "<!-- rules: end -->"
_OTHERS = (
    ("yaml", "error", "The file is one plain YAML mapping without features that hide, multiply or change content."),
    ("schema", "error", "The document is valid against the JSON Schema of its apiVersion, and no key is misspelt."),
    ("unknown-key", "warning", "v3.0: places that the schema leaves open have only keys of the standard."),
    ("reading", "error", "The contract can be read: it has a server for the environment, and valid names and values."),
    ("kept-versions", "error", "Kept versions are in order, load into one table, and equal the approved versions."),
)


def rules_table() -> str:
    """The rules as a Markdown table, in execution order."""
    rows = [f"| `{name}` | {level} | {what} |" for name, level, what in _OTHERS]
    rows += [_row(name, rule.level, rule.check) for name, rule in RULES.items()]
    rows += [_row(name, rule.level, rule.check) for name, rule in READ_CONTRACT_RULES.items()]
    return "\n".join(["| rule | level | what is true if it finds nothing |", "|---|---|---|", *rows])


def _row(name: str, level: Level, check: Callable[..., object]) -> str:
    statement = (check.__doc__ or "").split("\n\n")[0]
    return f"| `{name}` | {level.value} | {' '.join(statement.split())} |"
