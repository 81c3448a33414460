"""The reference of clauses says what the code does."""

from __future__ import annotations

from pathlib import Path

from partition_gate.contracts.coverage.reference import clause_reference

PAGE = Path("docs/reference/clauses.md")


def test_the_committed_page_is_the_generated_one():
    # python -c 'from partition_gate.contracts.coverage.reference import *; print(clause_reference(), end="")' writes it
    assert PAGE.read_text() == clause_reference()
