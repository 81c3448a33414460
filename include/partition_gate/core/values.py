"""Values as contracts write them, and the steps into nested values."""

from __future__ import annotations

Scalar = bool | int | float | str
ListedValue = bool | int | float | str | None  # a member of a list of values, which may be null

ITEMS, KEYS, VALUES = "[]", "{key}", "{value}"  # steps of a path: an array's elements, a map's keys, a map's values
