"""How untrusted text is displayed: control characters are escaped, and long text is cut. Pure.

Use it for row values, file names, partition keys and the sentences that quote them, wherever people read them. HTML
and Slack are escaped on top of this.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from partition_gate.core.record import Record

SHOWN_LENGTH = 200
PATH_LENGTH = 1000
SENTENCE_LENGTH = 600
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# Control, format (bidirectional marks, zero width, tags), lone surrogates, and the two separators that break lines.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ORDINARY = re.compile(r"[ -~]*")
_BACKTICKS = re.compile(r"`+")


class Excerpt(Record):
    """A value's first characters and its full length. `sha256` hashes the whole text (UTF-8); None if it was not cut.

    `is_nested`: the value is an object or a map (or a list of them), so it may hold fields that no contract names.
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
    r"""The text with characters such as `\x1b` and `\u202e` escaped; cut text ends with `… (5,242,880 characters)`."""
    text, length = (value, len(value)) if isinstance(value, str) else (value.text, value.length)
    shown = escaped(text[:limit])
    return shown if length <= limit else f"{shown}… ({length:,} characters)"


def listed(texts: Sequence[str], most: int) -> str:
    """`a, b, c and 4 more`: the first texts of a list, and the number of the others if it was cut."""
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more:,} more" if more > 0 else "")


def escaped(text: str, *, but: str = "") -> str:
    """The text with every character that a terminal or a browser would act on escaped, except those in `but`."""
    if _ORDINARY.fullmatch(text):
        return text
    return "".join(character if character in but else _escape(character) for character in text)


def inline_code(text: str, *, limit: int = SHOWN_LENGTH) -> str:
    """The displayed text as code in Markdown: nothing in it is a mention, a link or HTML."""
    shown = displayed(text, limit=limit)
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(shown)), default=0))
    return f"{fence} {shown} {fence}" if len(fence) > 1 or not shown.strip() else f"{fence}{shown}{fence}"


def counted(count: int, noun: str) -> str:
    """`1 partition`, `1,234 partitions`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rows_are(count: int) -> str:
    """`1 row is`, `1,234 rows are`."""
    return f"{counted(count, 'row')} {'is' if count == 1 else 'are'}"


def file_size(size_bytes: int) -> str:
    """`512 B`, `1.2 kB`, `3.4 MB`: in powers of 1,000."""
    size, units = float(size_bytes), ["kB", "MB", "GB", "TB"]
    if size < 1000:
        return f"{size_bytes} B"
    while (size := size / 1000) >= 999.95 and len(units) > 1:  # would be shown as 1,000.0
        units.pop(0)
    return f"{size:,.1f} {units[0]}"


def share(count: int, whole: int) -> str:
    """A part of a whole as a percentage."""
    return percentage(count / whole if whole else 0.0)


def percentage(fraction: float) -> str:
    """A fraction (0..1) as a percentage that never rounds a few to 0% or a part to 100%."""
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
