"""Masking: no value of a classified column leaves the document."""

from __future__ import annotations

import json
from typing import Any

from partition_gate.masking import WITHHELD, masked, pseudonym

KEY = b"0123456789abcdef"
SECRET = "ann@example.org"


def a_check(result: dict[str, Any], *, kind: str = "expect_column_values_to_match_regex", **kwargs: Any) -> Any:
    return {
        "success": False,
        "expectation_config": {"type": kind, "kwargs": kwargs, "meta": {}},
        "result": result,
        "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
    }


def after_masking(*checks: Any, classified: tuple[str, ...] = ("email",)) -> Any:
    return json.loads(masked(json.dumps({"results": list(checks)}), classified, KEY))["results"]


def test_a_pseudonym_is_a_short_keyed_hash():
    assert pseudonym(SECRET, KEY) == "#b2eadfba"
    assert pseudonym(SECRET, KEY) != pseudonym(SECRET, b"another key")


def test_null_stays_null_because_it_is_no_value():
    assert pseudonym(None, KEY) is None


def test_every_sample_of_a_classified_column_is_masked_and_its_counts_stay():
    (check,) = after_masking(
        a_check(
            {
                "element_count": 9,
                "unexpected_count": 1,
                "unexpected_percent": 11.1,
                "partial_unexpected_list": [SECRET],
                "unexpected_list": [SECRET],
                "partial_unexpected_counts": [{"value": SECRET, "count": 1}],
                "partial_unexpected_index_list": [{"flight_id": 7, "email": SECRET}],
                "unexpected_rows": [{"flight_id": 7, "email": SECRET}],
                "unexpected_index_query": f"SELECT * WHERE email = '{SECRET}'",
            },
            column="email",
        )
    )

    hidden = pseudonym(SECRET, KEY)
    assert SECRET not in json.dumps(check)
    assert check["result"]["partial_unexpected_list"] == [hidden]
    assert check["result"]["partial_unexpected_counts"] == [{"value": hidden, "count": 1}]
    assert check["result"]["partial_unexpected_index_list"] == [{"flight_id": 7, "email": hidden}]
    assert check["result"]["unexpected_count"] == 1


def test_an_observed_value_of_a_classified_column_is_masked_at_any_depth():
    (check,) = after_masking(
        a_check(
            {"observed_value": [[SECRET]], "details": {"value_counts": [{"value": SECRET, "count": 3}]}},
            kind="expect_column_distinct_values_to_be_in_set",
            column="email",
        )
    )

    assert SECRET not in json.dumps(check)
    assert check["result"]["details"]["value_counts"][0]["count"] == 3


def test_a_number_in_a_field_nobody_knows_is_masked():
    (check,) = after_masking(a_check({"a_new_field": 1947}, column="email"))

    assert "1947" not in json.dumps(check["result"])


def test_a_check_on_another_column_shows_its_values_but_not_the_classified_one_beside_them():
    (check,) = after_masking(
        a_check({"partial_unexpected_list": [5], "unexpected_rows": [{"delay": 5, "EMAIL": SECRET}]}, column="delay")
    )

    assert check["result"]["partial_unexpected_list"] == [5]
    assert check["result"]["unexpected_rows"] == [{"delay": 5, "EMAIL": pseudonym(SECRET, KEY)}]


def test_a_pair_of_columns_is_masked_as_a_whole_where_one_of_them_is_classified():
    (check,) = after_masking(a_check({"partial_unexpected_list": [[SECRET, 4]]}, column_A="email", column_B="delay"))

    assert SECRET not in json.dumps(check)


def test_a_query_that_renames_a_classified_column_is_masked_as_a_whole():
    (check,) = after_masking(
        a_check(
            {"details": {"unexpected_rows": [{"email": SECRET, "alias": SECRET}]}},
            kind="unexpected_rows_expectation",
            unexpected_rows_query="SELECT email, email AS alias FROM {batch}",
        )
    )

    assert SECRET not in json.dumps(check)


def test_a_number_of_distinct_values_is_not_a_value():
    (check,) = after_masking(
        a_check({"observed_value": 12}, kind="expect_column_unique_value_count_to_be_between", column="email")
    )

    assert check["result"]["observed_value"] == 12


def test_an_exception_says_nothing_where_any_column_is_classified():
    check = a_check({}, column="delay")
    check["exception_info"] = {
        "Metric(x)": {
            "raised_exception": True,
            "exception_message": f"cannot cast {SECRET}",
            "exception_traceback": "t",
        }
    }

    (shown,) = after_masking(check)

    assert shown["exception_info"]["Metric(x)"]["exception_message"] == WITHHELD


def test_an_exception_keeps_its_message_but_never_its_traceback_where_nothing_is_classified():
    check = a_check({}, column="delay")
    check["exception_info"] = {
        "raised_exception": True,
        "exception_message": "no such column",
        "exception_traceback": "File /home/x",
    }

    (shown,) = after_masking(check, classified=())

    assert shown["exception_info"]["exception_message"] == "no such column"
    assert "/home/x" not in shown["exception_info"]["exception_traceback"]


def test_without_classified_columns_the_values_stay():
    (check,) = after_masking(a_check({"partial_unexpected_list": ["zz"]}, column="carrier"), classified=())

    assert check["result"]["partial_unexpected_list"] == ["zz"]
