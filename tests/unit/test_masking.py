"""Masking: which columns' values are hashes, and what a hash shows."""

from __future__ import annotations

import pytest

from partition_gate.core.display import SHOWN_LENGTH, excerpt
from partition_gate.core.masking import Masking, masking_of_files, masking_of_rules, pseudonym
from partition_gate.core.table import TableColumn, TableSchema

KEY = b"0123456789abcdef"
SECRET = "ann@example.org"


def a_column(name: str, **changes: object) -> TableColumn:
    return TableColumn(name=name, source=name, type="VARCHAR").model_copy(update=changes)


def a_table(*columns: TableColumn) -> TableSchema:
    return TableSchema(name="orders", columns=columns)


def test_a_pseudonym_is_a_short_keyed_hash():
    assert pseudonym(SECRET, KEY) == "#b2eadfba"
    assert pseudonym(SECRET, KEY) != pseudonym(SECRET, b"another key")


def test_null_stays_null_because_it_is_no_value():
    assert pseudonym(None, KEY) is None


def test_the_excerpt_of_a_long_value_has_the_pseudonym_of_the_value():
    long = "x" * (SHOWN_LENGTH + 1)

    assert pseudonym(excerpt(long), KEY) == pseudonym(long, KEY)
    assert pseudonym(excerpt(long), KEY) != pseudonym(long + "x", KEY)


@pytest.mark.parametrize("name", ["email", "Email", "EMAIL", "E_MAIL", "ssn", ""])
def test_a_column_that_is_classified_or_not_named_is_hidden_whatever_its_case(name: str):
    masking = masking_of_files([a_table(a_column("id"), a_column("email", source="E_MAIL", classified=True))])

    assert masking.hides(name)
    assert not masking.hides("ID")


def test_a_column_that_one_version_classifies_is_hidden_of_all():
    first, second = a_table(a_column("id", classified=True)), a_table(a_column("id"))

    assert masking_of_files([first, second]).hides("id")


def test_rules_name_columns_as_the_table_does_and_files_by_their_sources():
    table = a_table(a_column("carrier", source="carrier_code"))

    assert not masking_of_rules(table).hides("carrier")
    assert not masking_of_files([table]).hides("carrier_code")
    assert masking_of_rules(table).hides("carrier_code")
    assert masking_of_files([table]).hides("carrier")


def test_a_column_that_takes_the_former_name_of_a_classified_one_is_hidden():
    renamed = a_column("mail", classified=True, formerly=("email",))

    assert masking_of_rules(a_table(renamed, a_column("email"))).hides("email")


@pytest.mark.parametrize("value", [{"ssn": SECRET}, [{"ssn": SECRET}], [("ssn", SECRET)], [[{"ssn": SECRET}]]])
def test_an_object_is_masked_whole_because_a_field_of_it_may_be_unnamed(value: object):
    shown = Masking(open=frozenset({"address"})).shown("address", value, KEY)

    assert shown == pseudonym(value, KEY)


def test_a_list_of_plain_values_is_shown():
    assert Masking(open=frozenset({"tags"})).shown("tags", ["a", "b"], KEY) == "['a', 'b']"


def test_a_shown_value_is_escaped_and_cut():
    masking = Masking(open=frozenset({"note"}))

    assert masking.shown("note", "\x1b[31m\u202e", KEY) == r"\x1b[31m\u202e"
    assert masking.shown("note", "x" * 5_000_000, KEY) == "x" * SHOWN_LENGTH + "… (5,000,000 characters)"
