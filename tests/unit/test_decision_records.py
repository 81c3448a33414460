"""The decision records: one form, one number each, and an index that lists them all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path("docs/adr")
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
CELL = r"[^|]+"
ROW = re.compile(
    rf"\| \[(?P<number>\d+)\]\((?P<file>[^)]+)\) \| (?P<title>{CELL}) \| {CELL}\. \| (?P<status>{CELL}) \|"
)


@dataclass(frozen=True)
class Row:
    """One line of the index."""

    number: int
    file: str
    title: str
    status: str


def index() -> list[Row]:
    lines = (FOLDER / "README.md").read_text().splitlines()
    found = [match for line in lines if line.startswith("| [") for match in [ROW.fullmatch(line)] if match]
    return [Row(int(match["number"]), match["file"], match["title"], match["status"]) for match in found]


def number(record: Path) -> int:
    return int(record.name[:4])


def replacing(text: str) -> list[int]:
    """The numbers behind `replaced`, which a status line writes as `record 20` and the index as `20`."""
    _, _, behind = text.partition("replaced")
    return [int(digits) for digits in re.findall(r"\d+", behind)]


def test_there_are_records_to_look_at():
    assert len(RECORDS) > 20


def test_no_number_is_used_twice():
    numbers = [number(record) for record in RECORDS]

    assert sorted(set(numbers)) == numbers


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_the_form_of_all_records(record: Path):
    lines = record.read_text().splitlines()

    assert re.fullmatch(rf"# {number(record)}\. [^.]+", lines[0].replace("v3.2.0", ""))
    assert lines[2].startswith(("Status: accepted", "Status: replaced by record"))
    assert [section for section in ("**Context.**", "**Decision.**") if section not in record.read_text()] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_the_index_gives_a_record_s_title_and_status(record: Path):
    title, _, status = record.read_text().splitlines()[:3]

    rows = [row for row in index() if row.number == number(record)]

    assert [(row.file, row.title) for row in rows] == [(record.name, title.split(". ", 1)[1])]
    assert rows[0].status.split()[0].strip(";") == status.split()[1].strip(".;")
    assert replacing(rows[0].status) == replacing(status)


def test_the_index_lists_nothing_else_and_is_in_order():
    assert [row.file for row in index()] == [record.name for record in RECORDS]
