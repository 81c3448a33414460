"""Great Expectations' copies of an expectation's configuration, in a run and outside of one."""

from __future__ import annotations

from threading import Thread

import great_expectations.expectations as gxe

from partition_gate.adapters.gx.configurations import copied_once


def test_outside_of_a_run_each_look_is_a_copy_of_its_own() -> None:
    expectation = gxe.ExpectColumnValuesToBeInSet(column="status", value_set=["new"])

    expectation.configuration.kwargs["value_set"].append("paid")

    assert expectation.configuration.kwargs["value_set"] == ["new"]


def test_in_a_run_each_expectation_shows_one_copy_of_its_own() -> None:
    one = gxe.ExpectColumnValuesToNotBeNull(column="a")
    other = gxe.ExpectColumnValuesToNotBeNull(column="b")

    with copied_once():
        assert one.configuration is one.configuration
        assert (one.configuration.kwargs["column"], other.configuration.kwargs["column"]) == ("a", "b")
        shown = one.configuration
    assert one.configuration is not shown
    assert one.configuration == shown


def test_other_threads_have_copies_of_their_own() -> None:
    expectation, seen = gxe.ExpectColumnValuesToNotBeNull(column="a"), []

    def look() -> None:
        seen.append(expectation.configuration)

    with copied_once():
        thread = Thread(target=look)
        thread.start()
        thread.join()
        assert seen[0] is not expectation.configuration
