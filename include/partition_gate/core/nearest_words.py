"""Suggestions for misspelt words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 64  # the comparison is quadratic, and no word of the standard is longer


def nearest(word: object, known: Iterable[object]) -> str | None:
    """The known word nearest to a misspelt word, ignoring case; None if none is near."""
    text = str(word)
    if len(text) > _LONGEST:
        return None
    by_lower = {str(name).lower(): str(name) for name in known}
    near = get_close_matches(text.lower(), by_lower, n=1, cutoff=0.65)
    return by_lower[near[0]] if near else None


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """`did you mean 'required'?`, or an empty text."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else ""


def shown(value: object) -> str:
    """A value as messages show it: text in quotes, never longer than 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}..."
