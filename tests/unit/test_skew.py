"""Skew: figures of two sides that can be calculated by hand, their limits, and what is said of them."""

from __future__ import annotations

import math

import pytest

from partition_gate.judging.distribution import ColumnKind
from partition_gate.judging.skew import (
    ColumnCounts,
    ColumnSides,
    ColumnSkew,
    Measure,
    jensen_shannon,
    l_infinity,
    skew_of,
    worst_first,
)

SECRET = "Erika Mustermann"


def sides(
    a: tuple[int, ...],
    b: tuple[int, ...],
    *,
    kind: ColumnKind = ColumnKind.TEXT,
    labels: tuple[str, ...] = ("AA", "UA", "DL"),
    nulls: tuple[int, int] = (0, 0),
    why_not: str = "",
) -> ColumnSides:
    counts = [
        ColumnCounts(row_count=sum(own) + missing, nulls=missing, counts=own)
        for own, missing in zip((a, b), nulls, strict=True)
    ]
    return ColumnSides(
        column="carrier", kind=kind, labels=labels, are_values=True, a=counts[0], b=counts[1], why_not=why_not
    )


def skew(a: tuple[int, ...], b: tuple[int, ...], *, threshold: float = 0.1, **more: object) -> ColumnSkew:
    return skew_of(sides(a, b, **more), threshold=threshold)  # type: ignore[arg-type]


def test_the_l_infinity_distance_is_the_largest_difference_of_shares():
    assert l_infinity((80, 20), (50, 50)) == pytest.approx(0.3)


def test_the_divergence_of_equal_shares_is_none():
    assert jensen_shannon((10, 30), (100, 300)) == pytest.approx(0)


def test_the_divergence_of_sides_without_a_common_value_is_one_bit():
    assert jensen_shannon((10, 0), (0, 7)) == pytest.approx(1)


def test_the_divergence_is_that_of_the_textbook():
    # 1/2 KL(P, M) + 1/2 KL(Q, M) for P = (1/2, 1/2), Q = (1, 0), M = (3/4, 1/4)
    by_hand = 0.5 * (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)) + 0.5 * math.log2(1 / 0.75)

    assert jensen_shannon((5, 5), (9, 0)) == pytest.approx(by_hand)


def test_texts_are_measured_by_the_largest_difference_and_numbers_by_the_divergence():
    measures = {kind: skew((500, 500, 0), (400, 600, 0), kind=kind).measure for kind in ColumnKind}

    assert measures[ColumnKind.TEXT] is Measure.L_INFINITY
    assert measures[ColumnKind.NUMBER] is Measure.JENSEN_SHANNON


def test_a_difference_above_the_limit_is_told_with_its_value_and_figures():
    found = skew((8000, 2000, 0), (5000, 5000, 0))

    assert found.reasons == ("carrier: AA is 80.00% of A and 50.00% of B (L-infinity 0.30, limit 0.12)",)


def test_a_difference_below_the_threshold_is_not_told():
    assert skew((5000, 5000, 0), (4500, 5500, 0)).reasons == ()


def test_what_two_small_samples_may_differ_by_is_not_told():
    assert skew((60, 40, 0), (40, 60, 0)).reasons == ()


def test_few_values_are_not_compared():
    found = skew((30, 19, 0), (0, 0, 5000))

    assert (found.distance, found.why_not) == (None, "49 values on one side, fewer than 50")


def test_values_of_one_side_are_counted_and_named():
    found = skew((5000, 5000, 0), (2000, 3000, 5000))

    assert (found.only_in_b.count, found.only_in_b.share, found.only_in_b.values) == (1, 0.5, ("DL",))
    assert "carrier: only B has 1 value (50.00% of its rows): DL" in found.reasons


def test_of_many_values_of_one_side_the_most_frequent_are_named():
    labels = tuple("abcdef")
    found = skew((5000, 0, 0, 0, 0, 0), (0, 100, 300, 200, 400, 50), labels=labels)

    assert "carrier: only B has 5 values (100% of its rows), such as e, c, d" in found.reasons


def test_values_of_a_classified_column_are_counted_and_not_named():
    found = skew((5000, 5000, 0), (2000, 3000, 5000), labels=())

    assert found.only_in_b.count == 1
    assert found.only_in_b.values == ()
    assert found.reasons[0].startswith("carrier: one value is 0% of A and 50.00% of B")


def test_a_share_without_a_value_is_told():
    found = skew((5000, 5000, 0), (5000, 5000, 0), nulls=(0, 5000))

    assert found.reasons == ("carrier: no value in 0% of A and 33.33% of B",)


def test_nulls_are_compared_if_the_distribution_is_not():
    found = skew_of(
        ColumnSides(
            column="note",
            kind=ColumnKind.TEXT,
            a=ColumnCounts(row_count=1000, nulls=0),
            b=ColumnCounts(row_count=1000, nulls=500),
            why_not="more than 200 different texts",
        ),
        threshold=0.1,
    )

    assert found.reasons == ("note: no value in 0% of A and 50.00% of B",)


def test_the_column_that_is_furthest_above_its_limit_comes_first():
    near, far = skew((5000, 5000, 0), (4900, 5100, 0)), skew((9000, 1000, 0), (0, 1000, 9000))

    assert worst_first([near, far]) == (far, near)
