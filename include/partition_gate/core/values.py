"""Values as contracts write them, and the steps into nested ones."""

from __future__ import annotations

Scalar = bool | int | float | str
ListedValue = bool | int | float | str | None  # of a list of values; null may be one

ITEMS, KEYS, VALUES = "[]", "{key}", "{value}"  # steps of a path: an array's elements, a map's keys, a map's values
