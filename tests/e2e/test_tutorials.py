"""Tutorials are executed: every command answers what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tutorials import answered

PAGES = [
    *sorted(Path("docs").glob("tutorial*.md")),
    Path("docs/operations/backup.md"),
    Path("docs/how-to/quarantine.md"),
    Path("docs/how-to/avro.md"),
    Path("docs/how-to/feast.md"),
    Path("docs/reference/lineage.md"),
    Path("docs/reference/compare.md"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_tutorial_answers_what_the_page_says(page: Path) -> None:
    text = page.read_text()

    assert answered(text).splitlines() == text.splitlines()
