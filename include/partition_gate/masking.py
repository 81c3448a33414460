"""Masking: values of classified columns become keyed hashes before anything is shown (I9). Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection
from typing import Any

WITHHELD = "(withheld: this dataset has classified columns, and an engine's message may quote a value)"

# Numbers about how many, never a value of a row. Everything else that a result holds is masked: a key that
# Great Expectations adds one day must be hidden until somebody has looked at it.
STATISTICS = frozenset(
    {
        "count",
        "element_count",
        "missing_count",
        "missing_percent",
        "unexpected_count",
        "unexpected_percent",
        "unexpected_percent_total",
        "unexpected_percent_nonmissing",
        "unexpected_index_column_names",
    }
)
# These expectations observe a number of values or a type's name, not a value.
COUNTING = frozenset(
    {
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_in_type_list",
        "expect_column_to_exist",
        "expect_partition_files_to_be_readable",
        "expect_partition_files_to_have_column",
        "expect_partition_files_column_type_to_be_in_set",
        "expect_promise_over_time_to_be_kept",
    }
)


def pseudonym(value: object, key: bytes) -> str | None:
    """`#` and the first 8 hexadecimal digits of the value's HMAC-SHA256; None stays None.

    Equal values get equal pseudonyms under one key, so that duplicates can still be seen; `1` and `"1"` are equal.
    """
    if value is None:
        return None
    return "#" + hmac.new(key, str(value).encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:8]


def masked(document: str, classified: Collection[str], key: bytes) -> str:
    """GX's validation result (JSON text) without tracebacks and without any value of a classified column.

    Column names are compared without case, as DuckDB does. An expectation that names a classified column has all
    that it observed masked, save counts; rows and index lists of the others are masked by column name. Where any
    column is classified, every exception's message is withheld: engines put the value that they could not read
    into it. The expectations' own arguments are the contract's text and stay.
    """
    result: dict[str, Any] = json.loads(document)
    names = frozenset(name.casefold() for name in classified)
    for check in result.get("results", ()):
        check["exception_info"] = _exceptions(check.get("exception_info") or {}, hide=bool(names))
        if names:
            check["result"] = _observations(check, names, key)
    return json.dumps(result, ensure_ascii=False)


def _exceptions(exceptions: dict[str, Any], *, hide: bool) -> dict[str, Any]:
    """The same structure; a traceback names our folders and helps no reader."""
    if "raised_exception" not in exceptions:
        return {name: _exceptions(one, hide=hide) for name, one in exceptions.items() if isinstance(one, dict)}
    raised = bool(exceptions["raised_exception"])
    text = exceptions.get("exception_message")
    return {
        "raised_exception": raised,
        "exception_traceback": "The traceback is in the task's log." if raised else None,
        "exception_message": WITHHELD if hide and raised else text,
    }


def _observations(check: dict[str, Any], names: frozenset[str], key: bytes) -> dict[str, Any]:
    settings = check.get("expectation_config") or {}
    arguments = settings.get("kwargs") or {}
    observed: dict[str, Any] = {k: v for k, v in (check.get("result") or {}).items() if k != "unexpected_index_query"}
    if settings.get("type") in COUNTING:
        return observed
    if _mentions([v for k, v in arguments.items() if k.endswith("query")], names):  # a query may rename the column
        return {k: _everything(v, key, name=k) for k, v in observed.items()}
    if _mentions(arguments, names):
        return {k: _sample(k, v, names, key) for k, v in observed.items()}
    return {k: _by_name(v, names, key) for k, v in observed.items()}


def _mentions(arguments: object, names: frozenset[str]) -> bool:
    """Whether any text in the arguments holds a classified name as a word."""
    match arguments:
        case dict():
            return any(_mentions(value, names) for value in arguments.values())
        case list():
            return any(_mentions(value, names) for value in arguments)
        case str():
            text = arguments.casefold()
            return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)
        case _:
            return False


def _sample(field: str, value: object, names: frozenset[str], key: bytes) -> object:
    """A field of a check on the classified column itself: rows by column name, everything else whole."""
    if field.endswith("index_list"):
        return _by_name(value, names, key)
    if isinstance(value, list) and all(_is_row(item, names) for item in value):
        return _by_name(value, names, key)
    return _everything(value, key, name=field)


def _is_row(item: object, names: frozenset[str]) -> bool:
    return isinstance(item, dict) and any(str(column).casefold() in names for column in item)


def _by_name(value: object, names: frozenset[str], key: bytes) -> object:
    match value:
        case dict():
            return {
                k: _everything(v, key) if str(k).casefold() in names else _by_name(v, names, key)
                for k, v in value.items()
            }
        case list():
            return [_by_name(item, names, key) for item in value]
        case _:
            return value


def _everything(value: object, key: bytes, *, name: str = "") -> object:
    """The same structure with every value masked, save numbers that count."""
    if name in STATISTICS and (name == "unexpected_index_column_names" or isinstance(value, int | float)):
        return value
    match value:
        case dict():
            return {k: _everything(v, key, name=k) for k, v in value.items()}
        case list():
            return [_everything(item, key) for item in value]
        case _:
            return pseudonym(value, key)
