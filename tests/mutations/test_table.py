"""The table of mutations fits the code: a change that cannot be made tests nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.harm)
def test_a_mutation_changes_one_place_and_its_tests_exist(mutation: Mutation) -> None:
    text = (ROOT / "include" / "partition_gate" / mutation.file).read_text()

    assert text.count(mutation.old) == 1
    assert (ROOT / mutation.tests).is_file()
