"""The settings as tables of the documentation."""

from __future__ import annotations

from partition_gate.settings.model import PREFIX, Settings, revealed


def limits_table() -> str:
    """Every limit with its default, its meaning and what happens when it is reached, as Markdown."""
    rows = ["| setting | default | limits | when it is reached |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if isinstance(extra := field.json_schema_extra, dict):
            outcome = extra["outcome"]
            rows.append(f"| `{PREFIX}{name.upper()}` | `{field.default}` | {field.description} | {outcome} |")
    return "\n".join(rows)


def settings_table() -> str:
    """Every setting that is not a limit, with its default and meaning, as the README's Markdown table."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.json_schema_extra is not None:
            continue
        default = str(revealed(field.default))
        rows.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(rows)
