"""Layouts, personal data and relationships that a draft guesses: from names, from samples, and from columns."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from partition_gate.contracts.drafting.classification import (
    content_of,
    is_card_number,
    is_iban,
    is_person,
    is_phone_number,
)
from partition_gate.contracts.drafting.layouts import (
    Children,
    ListChildren,
    guess_patterns,
    is_code,
    patterned_location,
    renamed,
)
from partition_gate.contracts.drafting.profile import ColumnProfile, DataProfile, Reference
from partition_gate.contracts.drafting.relationships import candidates, confirmed
from partition_gate.contracts.drafting.review import MOST, to_check
from partition_gate.testing.builders import a_location, a_patterned_location


def lake(paths: Iterable[str]) -> ListChildren:
    """Lists the folders and files of these paths below `r`."""

    def children(folder: str) -> Children:
        inside = f"{folder}/".removeprefix("r/")
        rests = [path.removeprefix(inside) for path in paths if path.startswith(inside)]
        folders = {rest.split("/")[0] for rest in rests if "/" in rest}
        return Children(sorted(folders), sorted(rest for rest in rests if "/" not in rest))

    return children


@pytest.mark.parametrize(
    ("paths", "pattern"),
    [
        (["2026/11/29/a.parquet", "2025/12/01/b.parquet"], "{dt:%Y/%m/%d}/*.parquet"),
        (["2026/11/29/02/a.parquet", "2026/11/29/03/a.parquet"], "{dt:%Y/%m/%d}/{hour:%H}/*.parquet"),
        (["2026/11/29/hour=02/a.parquet"], "{dt:%Y/%m/%d}/hour={hour}/*.parquet"),
        (["2026-11/29/a.parquet"], "{dt:%Y-%m/%d}/*.parquet"),
        (["2026-11-29T02/a.parquet"], "{dt:%Y-%m-%d}T{hour:%H}/*.parquet"),
        (["day-2026.11.29/data/a.parquet"], "day-{dt:%Y.%m.%d}/data/*.parquet"),
        (["2026/a_2026-11-29.parquet"], "{dt:%Y}/a_{dt:%Y-%m-%d}.parquet"),
        (["2026/11/a.parquet"], "{year:%Y}/{month:%m}/*.parquet"),
        (["20261129.parquet"], "{dt:%Y%m%d}.parquet"),
        (["e_20261129.snappy.parquet"], "e_{dt:%Y%m%d}.snappy.parquet"),
        (["e2026112902.parquet"], "e{dt:%Y%m%d}{hour:%H}.parquet"),
        (["e_20261129_0.parquet", "e_20261129_1.parquet"], "e_{dt:%Y%m%d}_*.parquet"),
        (["e_20261129-0.parquet", "e_20261129_1.parquet"], "e_{dt:%Y%m%d}*.parquet"),
        (["2026/11/29/a.parquet", "2026/10/28/a.parquet", "2026/old/a.parquet"], "{dt:%Y/%m/%d}/*.parquet"),
        (["2026/11/29/a.parquet", "2025/11/29/a.parquet", "old/a.parquet"], "{dt:%Y/%m/%d}/*.parquet"),
    ],
)
def test_a_layout_is_guessed_from_the_names_and_its_pattern_fits_them(paths: list[str], pattern: str) -> None:
    assert guess_patterns("r", lake(paths)) == {"": pattern}
    assert patterned_location("r", pattern).pattern == pattern


@pytest.mark.parametrize(
    "paths",
    [
        ["a.parquet"],
        ["orders/2026/11/29/a.parquet"],
        ["v1/a.parquet", "v2/a.parquet"],
        ["empty/"],
        ["{x}_20261129.parquet"],
    ],
)
def test_names_that_show_no_date_give_no_pattern(paths: list[str]) -> None:
    assert guess_patterns("r", lake(paths)) == {}


def test_files_with_different_beginnings_are_different_tables() -> None:
    found = guess_patterns("r", lake(["orders_20261129.parquet", "order-lines-20261129.parquet", "readme.parquet"]))

    assert found == {"orders": "orders_{dt:%Y%m%d}.parquet", "order-lines": "order-lines-{dt:%Y%m%d}.parquet"}


def test_a_field_that_we_name_has_no_name_of_a_column() -> None:
    assert renamed("{folder}/{dt:%Y}/{hour:%H}/x", ["DT", "hour", "Folder"]) == "{group}/{partition_date:%Y}/{hh:%H}/x"
    assert renamed("dt={dt}/x", ["dt"]) == "dt={dt}/x"


@pytest.mark.parametrize(("name", "code"), [("EU", True), ("us-east-1", True), ("17", True), ("orders", False)])
def test_a_region_is_told_from_a_table_by_its_name(name: str, *, code: bool) -> None:
    assert is_code(name) is code


@pytest.mark.parametrize("text", ["4539 1488 0343 6467", "4111111111111111", "378282246310005"])
def test_a_card_number_has_the_right_check_digit(text: str) -> None:
    assert is_card_number(text)
    assert not is_card_number(text[:-1] + str((int(text[-1]) + 1) % 10))


@pytest.mark.parametrize("text", ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"])
def test_an_iban_has_the_right_check_digits(text: str) -> None:
    assert is_iban(text)
    assert not is_iban(text.replace("2", "3", 1))


@pytest.mark.parametrize(
    ("text", "is_phone"),
    [
        ("+49 30 1234567", True),
        ("+493012345678", True),
        ("(212) 555-0199", True),
        ("0049 30 12345", True),
        ("2026-11-29", False),
        ("29.11.2026", False),
        ("2026-11-29 10:00", False),
        ("192.168.10.12", False),
        ("12345678", False),
        ("12345.678", False),
        ("+1 23", False),
    ],
)
def test_a_phone_number_is_told_from_dates_and_numbers(text: str, *, is_phone: bool) -> None:
    assert is_phone_number(text) is is_phone


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Ann Smith", True),
        ("José M. Núñez", True),
        ("Delta Air Lines Inc.", False),
        ("ann smith", False),
        ("Ann", False),
    ],
)
def test_a_person_has_two_capitalized_names(text: str, *, person: bool) -> None:
    assert is_person(text) is person


def test_most_values_decide_what_a_column_is_like() -> None:
    mails = ["a@b.org", "c@d.org", "none"]

    assert content_of(mails, column="x") is not None
    assert content_of([*mails, "none", "none"], column="x") is None
    assert content_of([], column="x") is None


def test_names_of_people_are_only_looked_for_in_a_column_of_names() -> None:
    assert content_of(["Ann Smith", "Bob Jones"], column="driver_name") is not None
    assert content_of(["Fresh Fish", "Red Wine"], column="product") is None


def test_a_number_in_ten_is_like_a_card_by_chance_so_that_nearly_all_must_be() -> None:
    by_chance = [str(4539148803436400 + number) for number in range(100)]

    assert sum(map(is_card_number, by_chance)) == 10
    assert content_of(by_chance, column="x") is None


def a_column(name: str, kind: str = "BIGINT", **facts: object) -> ColumnProfile:
    return ColumnProfile.model_validate(
        {"name": name, "type": kind, "null_fractions": (0.0,), "distinct_count": 9} | facts
    )


def a_profile(root: str, *columns: ColumnProfile, **facts: object) -> DataProfile:
    given = {"location": a_location(root), "keys": ("snapshot",), "profiled": ("snapshot",), "row_counts": (1000,)}
    return DataProfile.model_validate({**given, "columns": columns, **facts})


CUSTOMERS = a_profile("/shop/customers", a_column("id"), unique=("id",), key=("id",))


@pytest.mark.parametrize(
    ("column", "refers"),
    [
        (a_column("customer_id"), True),
        (a_column("customers_id"), True),
        (a_column("id"), True),
        (a_column("customer"), True),
        (a_column("customerId", "INTEGER"), True),
        (a_column("customer_id", "VARCHAR"), False),
        (a_column("city_id"), False),
        (a_column("customer_id", "DOUBLE"), False),
    ],
)
def test_a_column_may_refer_to_what_it_is_named_after(column: ColumnProfile, *, refers: bool) -> None:
    orders = a_profile("/shop/orders", column)

    found = [
        (each.child.source, each.column.name, each.parent.source, each.key) for each in candidates([orders, CUSTOMERS])
    ]

    assert found == ([("/shop/orders", column.name, "/shop/customers", "id")] if refers else [])


MAIL = {"kind": "e-mail addresses", "fraction": 1.0}


@pytest.mark.parametrize(
    ("column", "is_only_key", "refers"),
    [
        (a_column("tailnum", "VARCHAR"), True, True),
        (a_column("tailnum", "VARCHAR"), False, False),
        (a_column("plane_code", "VARCHAR"), False, True),
        (a_column("email", "VARCHAR"), True, False),
        (a_column("contact", "VARCHAR", content=MAIL), True, False),
        (a_column("title", "VARCHAR"), True, False),
        (a_column("line_no"), True, False),
        (a_column("seats"), True, False),
        (a_column("is_new", "BOOLEAN"), True, False),
        (a_column("built", "DATE"), True, False),
    ],
)
def test_a_column_of_the_same_name_refers_to_it_only_if_it_identifies_something(
    column: ColumnProfile, *, is_only_key: bool, refers: bool
) -> None:
    parent = a_profile("/x/parts", column, unique=(column.name,), key=(column.name,) if is_only_key else ())

    found = list(candidates([a_profile("/x/flights", column), parent]))

    assert bool(found) is refers


def test_nothing_refers_to_a_key_that_is_personal() -> None:
    contact = a_column("contact", "VARCHAR")
    parent = a_profile("/x/people", a_column("contact", "VARCHAR", content=MAIL), unique=("contact",), key=("contact",))

    assert list(candidates([a_profile("/x/calls", contact), parent])) == []


def a_reference(to: str, orphans: int, **facts: int) -> Reference:
    return Reference(
        **{"column": "c", "to_source": to, "to_column": "id", "values": 5, "rows": 1000, "orphans": orphans} | facts
    )


def test_a_column_refers_to_the_parent_that_fits_best_if_nearly_every_row_has_one() -> None:
    assert confirmed([a_reference("a", 5), a_reference("b", 1), a_reference("c", 900)]) == a_reference("b", 1)
    assert confirmed([a_reference("a", 11)]) is None
    assert confirmed([a_reference("a", 0, values=1)]) is None
    assert confirmed([]) is None


def test_two_unique_columns_do_not_refer_to_each_other() -> None:
    assert list(candidates([CUSTOMERS, a_profile("/shop/orders", a_column("id"), unique=("id",))])) == []


def test_few_nulls_that_are_all_in_one_partition_are_told_without_a_limit() -> None:
    column = a_column("v", null_fractions=(1.0, 0.0), null_count=5)

    lines = to_check({"events": a_profile("/x", column)})

    assert "events: v is nearly complete: 5 of 1,000 rows have no value (nulls are not limited)" in lines


SECRETS = ({"value": "secret a", "rows": 500}, {"value": "secret b", "rows": 500})


def test_what_to_check_is_a_short_list_with_figures_and_without_values() -> None:
    many = tuple(a_column(f"c{n}", "VARCHAR", distinct_count=2, values=SECRETS) for n in range(20))
    location = a_patterned_location("{dt:%Y%m%d}.parquet", dt="DATE")
    profile = a_profile("/x", *many, location=location, keys=("2026-11-29",), refused=2, key=("c1", "c2"))

    lines = to_check({"events": profile})

    assert len(lines) == MOST
    assert lines[0] == "events: paths are {dt:%Y%m%d}.parquet: 1 partition; 2 other names do not fit it"
    assert lines[1] == "events: the primary key is c1, c2: unique in 1,000 rows of 1 partition"
    assert lines[-1] == "and 12 more: search the draft for 'Guess'"
    assert "secret" not in " ".join(lines)
