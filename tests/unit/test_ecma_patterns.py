"""Patterns of the standard are ECMA-262; RE2 runs exactly the same ones, or they are refused with the reason."""

from __future__ import annotations

import duckdb
import pytest

from partition_gate.checks.compiling.ecma_patterns import Untranslatable, to_re2


def found(pattern: str, text: str) -> bool:
    (row,) = duckdb.execute("SELECT regexp_matches(?, ?)", [text, to_re2(pattern)]).fetchall()
    return bool(row[0])


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"^[0-9A-Z]{2}$", "A1", "A1\n"),
        (r"^a.b$", "a b", "a\u2028b"),
        (r"^a\sb$", "a\u00a0b", "a_b"),
        (r"^[\s,]+$", "\u3000,\ufeff", "x"),
        (r"^\S$", "x", "\u2003"),
        (r"^[\S]$", "é", "\t"),
        (r"^[^\S]$", "\v", "x"),
        (r"^\u00e9$", "é", "e"),
        (r"^\uD83D\uDE00$", "\U0001f600", "x"),
        (r"^\u{1F600}$", "\U0001f600", "x"),
        (r"^(?<year>\d{4})-(?:\d\d)$", "2013-01", "13-01"),
        (r"^[^]$", "\n", ""),
        (r"^[]?$", "", "]"),
        (r"^a{,5}$", "a{,5}", "aaa"),
        (r"^[[:alpha:]]$", "a]", "b]"),
        (r"^[a^]$", "^", "b"),
        (r"^[\d-x]$", "-", "a"),
        (r"^\/x\-y\_z$", "/x-y_z", "x-y_z"),
        (r"^[\b]$", "\b", "b"),
        (r"^\cA$", "\x01", "A"),
        (r"^\p{L}\P{L}$", "é1", "11"),
        (r"^\p{Script=Greek}$", "\u03b1", "a"),
        (r"\bword\b", "a word.", "awordb"),
        (r"^(?i:ab)c$", "ABc", "ABC"),
    ],
)
def test_a_pattern_means_in_re2_what_it_means_in_ecma_262(pattern, matching, other):
    assert (found(pattern, matching), found(pattern, other)) == (True, False)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"^(?!x)", "look-around"),
        (r"(?<=x)y", "look-around"),
        (r"(a)\1", "back-references"),
        (r"(?<n>a)\k<n>", "back-references"),
        (r"a{1,2000}", "more than 1000 times"),
        (r"\A\d+\Z", "not ECMA-262"),
        (r"(?P<n>a)", "not ECMA-262"),
        (r"(?s).", "not ECMA-262"),
        (r"[a-z", "without a"),
        (r"[a\]", "without a"),
        ("a\\", "single backslash"),
        (r"\uD83D", "half of a surrogate pair"),
    ],
)
def test_a_pattern_that_re2_cannot_run_is_refused_with_the_reason(pattern, why):
    with pytest.raises(Untranslatable, match=why):
        to_re2(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a|aa|aaa){900}c", "^(((a{1000}){1000}){1000})$", "(?i)(?:[a-z]{2,40}){30}", "(x{0,600}y){1,2}"],
)
def test_a_pattern_that_grows_too_large_by_its_repeats_is_refused(pattern: str) -> None:
    with pytest.raises(Untranslatable, match="more than 1,000 elements"):
        to_re2(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["^.{1,1000}$", "(" + "|".join(["abcdefgh"] * 200) + ")", "([A-Z]{2}[0-9]{2,30}){1,20}", "[{9999}]"],
)
def test_a_long_or_often_repeated_pattern_of_a_usual_size_is_kept(pattern: str) -> None:
    to_re2(pattern)
