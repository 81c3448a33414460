"""The table of lint rules in docs/reference/lint.md, made from the rules themselves."""

from __future__ import annotations

from partition_gate.lint.rules import NOT_EXECUTABLE, RULES

BEGIN, END = "<!-- rules: begin (generated; a test keeps it current) -->", "<!-- rules: end -->"
_OTHERS = (
    ("yaml", "error", "The file is one plain YAML mapping, without what can hide, multiply or change content."),
    ("schema", "error", "The document fits the JSON Schema of its apiVersion, and no key is misspelt."),
    ("unknown-key", "warning", "v3.0: a place that the schema leaves open has only keys of the standard."),
    ("reading", "error", "The contract can be read: a server of the environment, names, values."),
)


def rules_table() -> str:
    """The rules as a Markdown table, in the order in which they run."""
    rows = [f"| `{name}` | {level} | {what} |" for name, level, what in _OTHERS]
    for name, rule in RULES.items():
        holds = (rule.check.__doc__ or "").split("\n\n")[0]
        rows.append(f"| `{name}` | {rule.level.value} | {' '.join(holds.split())} |")
    rows.append(f"| `{NOT_EXECUTABLE}` | warning | Every clause is executed, or is only meant to be read. |")
    return "\n".join(["| rule | level | what holds where it finds nothing |", "|---|---|---|", *rows])
