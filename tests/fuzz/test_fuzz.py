"""A few inputs for each target of `make fuzz`, and what it does about a finding."""

from __future__ import annotations

import os

import pytest
from hypothesis import strategies as st
from tests.fuzz.campaign import run_round, search
from tests.fuzz.run import DEFAULT_SEED, TARGETS, main, shares
from tests.fuzz.target import Target

NUMBERS = st.integers(0, 1000)


def refuse_large(number: int) -> None:
    if number > 700:
        raise KeyError(number)


LARGE = Target("large numbers", NUMBERS, refuse_large, weight=1)
SMALL = Target("small numbers", NUMBERS, lambda _: None, weight=3)


def test_the_executions_are_shared_by_weight():
    assert shares([LARGE, SMALL], 1000) == {"large numbers": 250, "small numbers": 750}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_few_inputs_find_nothing(target: Target):
    examples = 100 if target.weight >= 10 else 15  # a contract is read in 30 ms

    assert search(target, examples=examples, random_seed=DEFAULT_SEED).finding is None


def test_a_finding_has_the_smallest_input_and_the_exit_code_is_1(capsys: pytest.CaptureFixture[str]):
    code = main(["--executions", "400"], [LARGE])

    assert code == 1
    assert "large numbers: KeyError: 701" in (said := capsys.readouterr().out)
    assert "smallest input: 701" in said


def test_without_a_finding_the_exit_code_is_0_and_the_executions_are_counted(capsys: pytest.CaptureFixture[str]):
    assert main(["--executions", "40"], [SMALL]) == 0
    assert "small numbers: 40 of 40 executions" in capsys.readouterr().out


def test_the_end_of_the_process_is_a_finding_with_the_input_that_it_had():
    deadly = Target("deadly", st.just(7), lambda _: os.kill(os.getpid(), 9), weight=1, can_end_process=True)

    finding = run_round(deadly, examples=3, random_seed=1).finding

    assert finding is not None
    assert (finding.what, finding.smallest) == ("the process ended with -9", "7")
