"""What the page of a partition says about its attempts."""

from __future__ import annotations

import pytest

from partition_gate.apps.web.console import Attempts
from partition_gate.apps.web.partition_page import asks, csv_of, differences, failing_cells
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.quarantine import QuarantineSample, SampleRow
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import a_check_result, a_settlement


def failed(*rules: str) -> tuple[CheckResult, ...]:
    return tuple(a_check_result(rule, outcome=CheckOutcome.FAILED) for rule in rules)


def changes(*settlements: Settlement, **results: tuple[CheckResult, ...]) -> tuple[str, ...]:
    """What the last attempt changed."""
    found = differences(Attempts(settlements=settlements, not_passed=results))
    assert found[settlements[0].attempt_id] == ()
    return found[settlements[-1].attempt_id]


def a_row(*values: str | None, rules: tuple[str, ...] = ("id.required",)) -> SampleRow:
    return SampleRow(
        rule_ids=rules, reasons=("id: no nulls",), source_file="part-0.parquet", source_row=3, values=values
    )


def a_sample(*rows: SampleRow) -> QuarantineSample:
    return QuarantineSample(columns=("ID", "amount"), masked=(), rows=rows, row_count=len(rows), raw=())


REJECTED = a_settlement("first", outcome=PartitionOutcome.REJECTED)
PUBLISHED = a_settlement("second", idempotency_key="key-2")


def test_a_correction_shows_outcome_rows_and_the_check_that_passes_now():
    assert changes(REJECTED, PUBLISHED, first=failed("id.required")) == (
        "rejected → published",
        "rows published: 0 → 100",
        "rows quarantined: 100 → 0",
        "passes now, or was not checked: id.required",
    )


def test_a_worse_delivery_shows_the_checks_that_fail_and_the_contract_s_new_version():
    worse = REJECTED.model_copy(update={"version": "2.0.0", "rows_in": 90, "attempt_id": "third"})

    found = changes(PUBLISHED, worse, third=failed(*"gfedcba"))

    assert "contract 1.0.0 → 2.0.0" in found
    assert "rows delivered: 100 → 90" in found
    assert found[-1] == "did not pass any more: a, b, c, d, e and 2 more"


def test_another_outcome_of_the_same_files_says_so():
    approved = PUBLISHED.model_copy(update={"idempotency_key": "key-1"})

    assert changes(REJECTED, approved)[-1] == "the files and the contract are the same"


def test_an_attempt_that_changed_nothing_says_so():
    assert changes(PUBLISHED, PUBLISHED.model_copy(update={"attempt_id": "third"})) == (
        "nothing: the same files, contract and outcome",
    )


def test_the_cell_that_breaks_a_rule_is_marked():
    sample = a_sample(
        a_row(None, "1"), a_row("1", "2", rules=("amount.minimum", "id.unique")), a_row("1", "2", rules=("x",))
    )

    assert failing_cells(sample) == [{0}, {0, 1}, frozenset()]


def test_rows_are_a_csv_file_with_their_reasons():
    assert csv_of(a_sample(a_row(None, 'a "b", c'))).splitlines() == [
        "reasons,ID,amount,source file,row",
        'id: no nulls,,"a ""b"", c",part-0.parquet,3',
    ]


def test_no_text_in_a_csv_file_is_a_formula_and_numbers_stay_numbers():
    _, *rows = csv_of(a_sample(a_row("=1+1", "-5"), a_row("@cmd", "+1.5e3"), a_row("-x", "+"))).splitlines()

    assert [row.split(",")[1:3] for row in rows] == [["'=1+1", "-5"], ["'@cmd", "+1.5e3"], ["'-x", "'+"]]


@pytest.mark.parametrize(
    ("outcomes", "quarantined", "offered"),
    [
        ([PartitionOutcome.PUBLISHED], 0, []),
        ([PartitionOutcome.PUBLISHED_WITH_QUARANTINE], 3, ["Replay"]),
        ([PartitionOutcome.PUBLISHED, PartitionOutcome.PUBLISHED], 0, ["Roll back"]),
        ([PartitionOutcome.PUBLISHED, PartitionOutcome.HELD], 9, ["Approve", "Reject", "Replay"]),
        ([PartitionOutcome.PUBLISHED, PartitionOutcome.REJECTED], 9, ["Replay"]),
        ([PartitionOutcome.MISSING], 0, []),
    ],
)
def test_a_visitor_is_offered_what_the_partition_allows(
    outcomes: list[PartitionOutcome], quarantined: int, offered: list[str]
):
    settled = [
        a_settlement(f"orders-{number}", outcome=each).model_copy(update={"rows_quarantined": quarantined})
        for number, each in enumerate(outcomes)
    ]
    attempts = Attempts(settlements=tuple(settled), not_passed={}, before=None, after=None)

    assert [ask.label for ask in asks(settled[-1], attempts)] == offered


@pytest.mark.parametrize(("function", "offered"), [("", False), ("orders:fix_signs", True)])
def test_a_function_is_offered_if_the_contract_names_one(function: str, *, offered: bool):
    settled = a_settlement("orders-1", outcome=PartitionOutcome.PUBLISHED_WITH_QUARANTINE)
    attempts = Attempts(settlements=(settled,), recover=function)

    labels = [ask.label for ask in asks(settled.model_copy(update={"rows_quarantined": 3}), attempts)]
    assert ("Recover" in labels) is offered
