"""The table datasets x partitions."""

from __future__ import annotations

from datetime import date, timedelta

from partition_gate.apps.web.overview import View, overview
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import a_settlement

DAYS = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(70)]


def settled(
    *keys: str, dataset: str = "orders", outcome: PartitionOutcome = PartitionOutcome.PUBLISHED
) -> list[Settlement]:
    return [a_settlement(f"{dataset}-{key}", dataset=dataset, partition_key=key, outcome=outcome) for key in keys]


def test_the_newest_day_stands_first_after_undated_keys():
    table = overview(settled("2026-01-01", "snapshot", "2026-01-02"), [], View())

    assert table.columns == ("snapshot", "2026-01-02", "2026-01-01")


def test_thirty_one_days_are_shown_and_the_next_ones_are_named():
    table = overview(settled(*DAYS), [], View(last=DAYS[50]))

    assert (table.columns[0], table.columns[-1]) == (DAYS[50], DAYS[20])
    assert (table.older, table.newer) == (DAYS[19], DAYS[51])


def test_paging_back_and_forth_shows_every_day_once():
    first = overview(settled(*DAYS), [], View())
    second = overview(settled(*DAYS), [], View(last=first.older))
    back = overview(settled(*DAYS), [], View(first=second.newer))

    assert not {*first.columns} & {*second.columns}
    assert back.columns == first.columns


def test_hours_of_a_day_share_a_cell_that_shows_the_worst():
    hours = settled("2026-01-01/00", "2026-01-01/01") + settled("2026-01-01/02", outcome=PartitionOutcome.REJECTED)
    (cell,) = overview(hours, [], View()).rows[0].cells

    assert cell is not None
    assert (cell.worst.partition_key, cell.worst_count, len(cell.settlements)) == ("2026-01-01/02", 1, 3)


def test_one_dataset_has_a_column_for_each_partition():
    table = overview(settled("2026-01-01/00", "2026-01-01/01"), [], View(dataset="orders"))

    assert table.columns == ("2026-01-01/01", "2026-01-01/00")


def test_the_last_day_of_a_view_includes_its_hours():
    view = View(dataset="orders", first="2026-01-01", last="2026-01-01")
    table = overview(settled("2026-01-01/00", "2026-01-01/23", "2026-01-02/00"), [], view)

    assert table.columns == ("2026-01-01/23", "2026-01-01/00")


def test_a_dataset_without_any_partition_has_a_row():
    table = overview(settled("2026-01-01"), ["returns"], View())

    assert [(row.dataset, row.cells[0] is None) for row in table.rows] == [("orders", False), ("returns", True)]


def test_what_needs_a_person_comes_newest_first_and_published_is_none_of_it():
    troubled = settled("2026-01-01", outcome=PartitionOutcome.MISSING) + settled(
        "2026-01-03", outcome=PartitionOutcome.HELD
    )
    table = overview(troubled + settled("2026-01-02"), [], View())

    assert [one.partition_key for one in table.attention] == ["2026-01-03", "2026-01-01"]


def test_totals_count_what_is_shown():
    table = overview(settled(*DAYS), [], View())

    assert dict(table.totals)[PartitionOutcome.PUBLISHED] == 31


def test_nothing_settled_is_an_empty_table():
    table = overview([], [], View())

    assert (table.columns, table.rows, table.older, table.newer) == ((), (), None, None)
