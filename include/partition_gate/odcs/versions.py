"""What older versions of the standard say in other words, in the words of the newest."""

from __future__ import annotations

from typing import Any

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def in_todays_words(value: Any) -> Any:
    """A copy in which exclusive bounds are values.

    Until v3.0.2 `exclusiveMinimum: true` says that `minimum` itself is excluded; since v3.1 the key holds the bound.
    """
    if isinstance(value, list):
        return [in_todays_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _todays(key, child, value) for key, child in value.items() if not _says_nothing(key, child)}


def _todays(key: str, child: Any, beside: dict[str, Any]) -> Any:
    if child is True and key in _BOUNDS and _BOUNDS[key] in beside:
        return beside[_BOUNDS[key]]
    return in_todays_words(child)


def _says_nothing(key: str, child: Any) -> bool:
    return child is False and key in _BOUNDS
