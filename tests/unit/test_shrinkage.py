"""What is said about the values that a smaller version lacks."""

from __future__ import annotations

from partition_gate.judging.shrinkage import ColumnShrinkage, GoneValue, shrinkage_sentences

ORIGINS = ColumnShrinkage(
    column="origin",
    before=3,
    now=2,
    gone_count=2,
    gone=(GoneValue(value="JFK", rows=1200), GoneValue(value=None, rows=1)),
)


def said(column: ColumnShrinkage, *hidden: str) -> str:
    (sentence,) = shrinkage_sentences([column], hidden=frozenset(hidden))
    return sentence


def test_gone_values_are_named_with_their_rows():
    assert said(ORIGINS) == "origin: 3 values before, 2 now; 2 are gone: JFK (1,200 rows), null (1 row)"


def test_values_of_a_classified_column_are_only_counted():
    assert said(ORIGINS, "origin") == "origin: 3 values before, 2 now; 2 are gone"


def test_a_value_cannot_act_on_the_terminal_or_fill_the_page():
    odd = GoneValue(value="\x1b[2J" + 100 * "a", rows=1)

    sentence = said(ORIGINS.model_copy(update={"gone": (odd,), "gone_count": 1}))

    assert "\x1b" not in sentence
    assert len(sentence) < 150


def test_a_column_that_lost_nothing_says_so():
    same = ColumnShrinkage(column="origin", before=1, now=1, gone_count=0)

    assert said(same) == "origin: 1 value before, 1 now; none is gone"
