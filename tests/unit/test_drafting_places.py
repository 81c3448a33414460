"""What `gate init` says of a path that is too deep, too high or empty, and of a pattern that fits nothing."""

from __future__ import annotations

import pytest
from tests.unit.test_drafting_layouts import lake

from partition_gate.contracts.drafting.layouts import Children
from partition_gate.contracts.drafting.places import why_inside, why_no_path, why_nothing

DAYS = [f"orders/2026/11/{day}/a.parquet" for day in (25, 26, 27)]


@pytest.mark.parametrize(
    ("root", "inside", "found"),
    [
        ("r/orders/2026", "2026", "1 folder (11)"),
        ("r/orders/2026/11", "2026/11", "3 folders (25, 26, 27)"),
        ("r/orders/2026/11/25", "2026/11/25", "1 Parquet file (a.parquet)"),
    ],
)
def test_a_folder_inside_of_a_table_is_told_with_the_command_for_the_whole(root: str, inside: str, found: str) -> None:
    assert why_inside(root, lake(DAYS)) == (
        f"{root} is inside of a table: it is {inside} of the paths {{dt:%Y/%m/%d}}/*.parquet\n"
        f"  found: {found}\n"
        "  expected: the folder that contains the partitions of a table, or a folder with such a folder for each "
        "table\n"
        "  run: gate init r/orders"
    )


@pytest.mark.parametrize(
    ("root", "paths"),
    [
        ("r/orders", DAYS),
        ("r/planes", ["planes/a.parquet"]),
        ("r/shop/2026", ["shop/2026/a.parquet", "shop/2025/a.parquet"]),  # may be a table for each year
        ("r/shop/17", ["shop/17/a.parquet", "shop/18/a.parquet"]),
        ("2026/11", []),
        ("s3://2026", []),
    ],
)
def test_a_folder_that_may_be_a_whole_table_is_drafted(root: str, paths: list[str]) -> None:
    assert why_inside(root, lake(paths)) is None


@pytest.mark.parametrize(
    ("paths", "commands"),
    [
        (["raw/shop/orders/dt=2026-11-25/a.parquet", "raw/shop/lines/2026/11/25/a.parquet"], ["gate init r/raw/shop"]),
        (["raw/shop/orders/dt=2026-11-25/a.parquet"], ["gate init r/raw/shop/orders"]),
        (["a/b/x.parquet", "a/c d/e/x.parquet"], ["gate init r/a/b", "gate init 'r/a/c d/e'"]),
        ([], ["gate init with the folder that has the Parquet files"]),
        (["a/b/c/d/e/f/g.parquet"], ["gate init with the folder that has the Parquet files"]),
    ],
)
def test_a_folder_that_is_too_high_is_told_with_the_commands_for_the_folders_below(
    paths: list[str], commands: list[str]
) -> None:
    lines = why_nothing("r", lake(paths)).splitlines()

    assert [line.removeprefix("  run: ") for line in lines if line.startswith("  run: ")] == commands


def test_many_folders_are_cut_with_their_number() -> None:
    told = why_nothing("r", lake([f"{top}/x/a.parquet" for top in "abcdef"]))

    assert "  found: 6 folders (a, b, c and 3 more)\n" in told
    assert told.endswith("  run: gate init r/c/x\n  and 3 more folders")


def test_an_endless_tree_is_not_walked_to_its_end() -> None:
    listed = 0

    def children(_folder: str) -> Children:
        nonlocal listed
        listed += 1
        return Children([f"x{number}" for number in range(30)], [])

    why_nothing("r", children)

    assert listed < 1000


@pytest.mark.parametrize(
    ("pattern", "has_segments", "command"),
    [
        ("{dt:%Y%m%d}/*.parquet", False, "without --pattern, the paths are read as {dt:%Y/%m/%d}/*.parquet"),
        ("dt={dt:%Y%m%d}/*.parquet", True, "without --pattern, the paths are read as Hive segments"),
    ],
)
def test_a_pattern_that_fits_no_file_is_told_with_a_path_that_is_there_and_what_works(
    pattern: str, command: str, *, has_segments: bool
) -> None:
    told = why_no_path("r/orders", pattern, lake(DAYS), has_segments=has_segments)

    assert told.splitlines() == [
        f"--pattern '{pattern}' fits no Parquet file below r/orders",
        "  found: 2026/11/27/a.parquet",
        f"  expected: paths like {pattern}, from r/orders on",
        f"  run: gate init r/orders   ({command})",
    ]
