"""The threat model names tests that exist, and shows one for each threat."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path("docs/operations/security.md").read_text()
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows_of_threats() -> list[str]:
    """The lines of the tables below Threats, without their headings."""
    section = PAGE.split("\n## Threats\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| threat |")]


def test_every_test_that_the_page_names_exists():
    named = _NAMED.findall(PAGE)

    assert len(named) > 30
    assert [f"{file}::{test}" for file, test in named if f"def {test}(" not in Path(file).read_text()] == []


def test_every_threat_names_the_test_that_shows_what_stops_it():
    assert [row for row in rows_of_threats() if not _NAMED.search(row)] == []
