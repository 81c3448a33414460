"""Block Kit: what would make Slack refuse a whole message is left out."""

from __future__ import annotations

import json

import pytest

from partition_gate.alerts.slack_blocks import FIELD_LENGTH, Section, block_kit


@pytest.mark.parametrize("empty", [Section(lines=("",)), Section(lines=("", "")), Section()])
def test_a_section_without_text_is_left_out(empty: Section):
    assert json.loads(block_kit([empty])) == []


def test_a_section_whose_fields_are_all_too_long_has_no_empty_list():
    section = Section(lines=("3 rows",), fields=(("Rows", "x" * FIELD_LENGTH),))

    assert [sorted(block) for block in json.loads(block_kit([section]))] == [["text", "type"]]
