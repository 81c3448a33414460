"""Jinja as every page uses it: each value is escaped, and nothing that a template misses is silently empty."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from partition_gate.core.display import escaped
from partition_gate.presentation.outcomes import CHECK_SYMBOLS, CHECK_WORDS, OUTCOMES

_HERE = Path(__file__).parent
STYLES = _HERE / "static"


def environment(templates: Path) -> Environment:
    """Templates of a folder, which may use `_parts.html`, `_checks.html` and the words for outcomes."""
    found = Environment(
        loader=FileSystemLoader([templates, _HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"outcomes": OUTCOMES, "check_symbols": CHECK_SYMBOLS, "check_words": CHECK_WORDS}
    return found


def _visible(shown: object) -> object:
    """Escape control characters and bidirectional marks in all shown texts, except line breaks and tabs."""
    return escaped(shown, but="\n\t") if isinstance(shown, str) and not isinstance(shown, Markup) else shown
