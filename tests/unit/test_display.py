"""Texts of strangers as people see them."""

from __future__ import annotations

import pytest

from partition_gate.core.display import SHOWN_LENGTH, displayed, excerpt, file_size, listed, rows_are, share


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\x00b", r"a\x00b"),
        ("eman\u202elamron", r"eman\u202elamron"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("two\nlines\tand\r", r"two\nlines\tand\r"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u2028b", r"a\u2028b"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half\ud800", r"half\ud800"),
        ("Zürich 東京 \U0001f600", "Zürich 東京 \U0001f600"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_act_upon_is_seen_as_an_escape(text: str, shown: str):
    assert displayed(text) == shown


def test_a_long_text_is_cut_and_says_how_long_it_is():
    assert displayed("x" * 5_242_880) == "x" * SHOWN_LENGTH + "… (5,242,880 characters)"


def test_a_text_is_cut_before_it_is_escaped_so_that_no_escape_is_cut():
    assert displayed("\x00" * 3, limit=2) == r"\x00\x00… (3 characters)"


def test_an_excerpt_holds_a_short_value_whole_and_of_a_long_one_its_length():
    short, long = excerpt(7), excerpt("é" * 300)

    assert short is not None
    assert long is not None
    assert (short.text, short.length, short.sha256) == ("7", 1, None)
    assert (len(long.text), long.length) == (SHOWN_LENGTH, 300)
    assert displayed(long) == displayed("é" * 300)


def test_null_has_no_excerpt():
    assert excerpt(None) is None


@pytest.mark.parametrize(
    ("count", "whole", "text"),
    [
        (0, 100, "0%"),
        (1, 100_000, "<0.01%"),
        (10, 100_000, "0.01%"),
        (3, 4, "75.00%"),
        (99_999, 100_000, ">99.99%"),
        (100, 100, "100%"),
        (0, 0, "0%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_the_whole(count: int, whole: int, text: str) -> None:
    assert share(count, whole) == text


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (["a"] * 1202, "a, a and 1,200 more"),
    ],
)
def test_a_list_that_was_cut_says_how_many_more_there_are(texts: list[str], shown: str):
    assert listed(texts, 2) == shown


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows are"), (1, "1 row is"), (2, "2 rows are"), (1234, "1,234 rows are")]
)
def test_one_row_is_and_others_are(count: int, said: str):
    assert rows_are(count) == said


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (10**16, "10,000.0 TB")],
)
def test_a_size_is_shown_in_its_largest_unit(size_bytes: int, shown: str):
    assert file_size(size_bytes) == shown
