"""Tutorials are executed: every command answers what the page says."""

from __future__ import annotations

from pathlib import Path

from tests.tutorials import answered


def test_a_month_of_service_levels_happens_as_it_is_told() -> None:
    page = Path("docs/tutorial-sla.md").read_text()

    assert answered(page).splitlines() == page.splitlines()
