"""The table of mutations fits the code: a change that cannot be made tests nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.harm)
def test_a_mutation_changes_one_place_and_its_tests_exist(mutation: Mutation) -> None:
    text = (ROOT / "include" / "partition_gate" / mutation.file).read_text()

    assert text.count(mutation.old) == 1
    file, _, name = mutation.tests.partition("::")
    assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text()
