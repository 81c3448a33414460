"""Attempt ids are names for files and addresses: no two attempts share one."""

from __future__ import annotations

import pytest

from partition_gate.judging.attempt import attempt_id


def test_the_id_of_a_plain_name_can_be_read():
    assert attempt_id("flights", "2013-01-03", 1) == "flights-2013-01-03-1"
    assert attempt_id("flights", "2013-01-03/07", "missing") == "flights-2013-01-03_07-missing"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a-b", "c"), ("a", "b-c")),
        (("a", "b/c"), ("a", "b_c")),
        (("a b", "c"), ("a_b", "c")),
        (("a", "b%2F"), ("a", "b_2F")),
    ],
)
def test_names_that_read_alike_have_ids_of_their_own(one: tuple[str, str], other: tuple[str, str]):
    assert attempt_id(*one, 1) != attempt_id(*other, 1)
