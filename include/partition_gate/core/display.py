"""How a text that somebody else wrote is shown: control characters as escapes, and no longer than a line or two. Pure.

It is for values of rows, file names, partition keys and the sentences that quote them, wherever people read them. HTML
and Slack are escaped on top of this.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from partition_gate.core.record import Record

SHOWN_LENGTH = 200
PATH_LENGTH = 1000
SENTENCE_LENGTH = 600
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# Control, format (bidirectional marks, zero width, tags), lone surrogates, and the two separators that break lines.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ORDINARY = re.compile(r"[ -~]*")


class Excerpt(Record):
    """A value's first characters, and how many it has. `sha256` is that of the whole text (UTF-8) where it was cut.

    `is_nested`: it is an object or a map (or a list of some), so it may hold fields that nobody has named.
    """

    text: str
    length: int
    sha256: str | None = None
    is_nested: bool = False


def excerpt(value: object) -> Excerpt | None:
    """The excerpt of a value; None for null."""
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if len(text) <= SHOWN_LENGTH:
        return Excerpt(text=text, length=len(text), is_nested=_is_nested(value))
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return Excerpt(text=text[:SHOWN_LENGTH], length=len(text), sha256=digest, is_nested=_is_nested(value))


def displayed(value: str | Excerpt, *, limit: int = SHOWN_LENGTH) -> str:
    r"""The text with `\x1b`, `\u202e` and their like visible; a cut one ends with `… (5,242,880 characters)`."""
    text, length = (value, len(value)) if isinstance(value, str) else (value.text, value.length)
    shown = escaped(text[:limit])
    return shown if length <= limit else f"{shown}… ({length:,} characters)"


def escaped(text: str, *, but: str = "") -> str:
    """The text with every character that a terminal or a browser would act upon as an escape, save those in `but`."""
    if _ORDINARY.fullmatch(text):
        return text
    return "".join(one if one in but else _escape(one) for one in text)


def share(count: int, whole: int) -> str:
    """A percentage that never rounds something to nothing, nor a part to the whole."""
    fraction = count / whole if whole else 0.0
    if 0 < fraction < 0.0001:
        return "<0.01%"
    if 0.9999 < fraction < 1:
        return ">99.99%"
    return f"{fraction:.0%}" if fraction in {0.0, 1.0} else f"{fraction:.2%}"


def _is_nested(value: object) -> bool:
    # Arrow gives an object as a dict and a map as a list of tuples.
    return isinstance(value, dict | tuple) or (isinstance(value, list) and any(map(_is_nested, value)))


def _escape(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return character
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
