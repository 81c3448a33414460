"""What the names of columns and tables suggest: personal data, a key, a reference to another table. Pure."""

from __future__ import annotations

import re

_PERSONAL = re.compile(
    r"(?:^|_)(?:e?mail|phone|mobile|fax|ssn|birth\w*|dob|first_?name|last_?name|full_?name|surname|user_?name"
    r"|customer_?name|person\w*|address|street|zip|postcode|iban|passport|tax_?id|salary|password|secret|token|ip)"
    r"(?:$|_)"
)
_KEY = re.compile(r"(?:^|_)(?:id|key|code|no|nr|num|number|uuid|guid|sku|isbn|ean|ref|reference)$")
# These only count: `line_no` of an order is in any table that counts from one.
_COUNTER = re.compile(
    r"(?:^|_)(?:line|row|seq|sequence|page|item|position|rank|version|attempt|retry|step|index)(?:_(?:no|nr|num|number))?$"
)
_DESCRIPTIVE = frozenset(
    {"name", "title", "description", "note", "comment", "text", "label", "status", "state", "type", "kind", "url"}
)


def snake_case(name: str) -> str:
    """A name in lower case with `_` between its words: `customerEmail` becomes `customer_email`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def has_personal_name(name: str) -> bool:
    """Whether a column with this name (`customerEmail`, `first_name`) usually contains personal data."""
    return bool(_PERSONAL.search(snake_case(name)))


def is_key_name(name: str) -> bool:
    """Whether a column with this name (`order_id`, `sku`) usually identifies something; `line_no` only counts."""
    return bool(_KEY.search(snake_case(name))) and not is_counter_name(name)


def is_counter_name(name: str) -> bool:
    """Whether a column with this name (`line_no`, `position`) usually counts within something else."""
    return bool(_COUNTER.search(snake_case(name)))


def is_descriptive_name(name: str) -> bool:
    """Whether a column with this name (`name`, `status`) describes something in any table."""
    return snake_case(name) in _DESCRIPTIVE


def table_words(source: str) -> frozenset[str]:
    """What columns may call the table in a folder: its name, and its singular (`customers`, `customer`)."""
    folder = snake_case(source.rstrip("/").rsplit("/", 1)[-1])
    return frozenset({folder, _singular(folder)})


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") else word
