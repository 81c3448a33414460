"""Translates the standard's regular expressions (ECMA-262) to RE2 if RE2 can express them exactly.

A character is a Unicode code point, as with ECMA-262's `u` flag. Source: ODCS 3.1, logicalTypeOptions.pattern; RE2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_LINE_ENDS = r"\n\r\x{2028}\x{2029}"
_SPACE = r"\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_NO_SPACE = (
    r"\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10FFFF}"
)
LONGEST_PATTERN = 2_000
_PYTHON_NAMES = re.compile(r"\(\?<(?![=!])")
_ESCAPES = re.compile(r"\\[pPu]\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\[^dDwWsSbB]", re.DOTALL)
# Errors of Python's parser that are also errors in ECMA-262 and RE2.
_SYNTAX = ("missing )", "unbalanced", "nothing to repeat", "multiple repeat", "min repeat", "bad character range")
_MOST_REPEATS = 1000  # RE2 refuses larger counts
# A matcher with more states than fit into RE2's memory is thousands of times slower: `(a|aa|aaa){200}c` (1,200
# elements) reads 200 KB in 0.2 s, `(a|aa|aaa){333}c` (2,000) takes more than 20 s.
MOST_ELEMENTS = 1000
_ELEMENT = re.compile(
    r"\[\^?(?:\\.|[^\]\\])*\]|\\[xpP]\{[^}]*\}|\\.|\{\d+(?:,\d*)?\}|\(\?i\)|\((?:\?i?:)?|.", re.DOTALL
)
_COUNTED = re.compile(r"\{\d+(?:,\d*)?\}")
_SIGNS = frozenset({"*", "+", "?", "|", "(?i)", ")"})
_MANY = frozenset("dDwWsS")  # escapes for a set of characters
_SAME = {letter: "\\" + letter for letter in "dDwWtnvfr"} | {"0": r"\x{0}", "_": "_"}
_OUTSIDE = _SAME | {"b": r"\b", "B": r"\B", "s": f"[{_SPACE}]", "S": f"[{_NO_SPACE}]"}
_IN_SET = _SAME | {"b": r"\x{8}", "s": _SPACE, "S": _NO_SPACE}
_GROUPS = {"(?:": "(?:", "(?i)": "(?i)", "(?i:": "(?i:"}
_TOKEN = re.compile(
    r"""(?P<named>\(\?<[A-Za-z_$][\w$]*>) | (?P<group>\(\?(?:i\)|i:|[:=!]|<[=!]|.)?) | (?P<escape>\\.)
      | (?P<repeat>\{\d+(?:,\d*)?\}) | (?P<set>\[\^?) | (?P<any>\.) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_CODE = re.compile(r"u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})(?:\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?|x([0-9A-Fa-f]{2})")
_PROPERTY = re.compile(r"[pP]\{(?:Script=|sc=|General_Category=|gc=)?([A-Z][a-z]?|[A-Z][a-z]{3,})\}")


class Untranslatable(ValueError):
    """Why RE2 cannot run a pattern; completes the sentence `the pattern ...`."""


@lru_cache(maxsize=4096)  # lint and the compiler ask of the same patterns
def why_not_re2(pattern: str) -> str | None:
    """Why RE2 cannot run a pattern, unchanged or translated; None if it can."""
    if len(pattern) > LONGEST_PATTERN:
        return f"is longer than {LONGEST_PATTERN:,} characters; shorten it"
    try:
        to_re2(pattern)
        re.compile(_PYTHON_NAMES.sub("(?P<", _ESCAPES.sub("x", pattern)))
    except Untranslatable as why:
        return str(why)
    except (re.error, RecursionError, OverflowError) as error:
        problem = str(error).partition(" at position")[0]
        return f"is not a valid regular expression: {problem}; correct it" if problem.startswith(_SYNTAX) else None
    return None


def to_re2(pattern: str) -> str:
    """The equivalent RE2 pattern.

    Raises:
        Untranslatable: the pattern needs look-around, back-references, or another feature that RE2 does not have; or
            its counted repeats make it too large.
    """
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        assert token is not None, "the last alternative takes any character"  # noqa: S101 (for the type checker)
        part, position = _translated(token, pattern)
        parts.append(part)
    translated = "".join(parts)
    if _elements_by_repeats(translated) > MOST_ELEMENTS:
        raise Untranslatable(
            f"has more than {MOST_ELEMENTS:,} elements when its {{...}} are expanded; repeat less, or use maxLength"
        )
    return translated


def _elements_by_repeats(re2: str) -> int:
    """How many elements RE2 adds when it expands every counted repeat."""
    written, groups = 0, [[0]]
    for element in _ELEMENT.findall(re2):
        if element == ")" and len(groups) > 1:
            size = sum(groups.pop())
            groups[-1].append(size)
        elif element.startswith("(") and element not in _SIGNS:
            groups.append([0])
        elif _COUNTED.fullmatch(element):
            groups[-1][-1] *= max(1, *(int(number) for number in re.findall(r"\d+", element)))
        elif element not in _SIGNS:
            groups[-1].append(1)
            written += 1
    return sum(map(sum, groups)) - written


def _translated(token: re.Match[str], pattern: str) -> tuple[str, int]:
    match token.lastgroup:
        case "escape":
            return _escape(pattern, token.start() + 1, in_set=False)
        case "set":
            return _set(pattern, token.end(), opening=token[0])
        case kind:
            return _PLAIN[str(kind)](token[0]), token.end()


def _group(text: str) -> str:
    if text in _GROUPS:
        return _GROUPS[text]
    if text in {"(?=", "(?!", "(?<=", "(?<!"}:
        raise Untranslatable(f"needs look-around ({text}), which RE2 does not support; rewrite it")
    raise Untranslatable(f"has the group {text}, which is not ECMA-262; rewrite it")


def _repeat(text: str) -> str:
    if max(int(number) for number in re.findall(r"\d+", text)) > _MOST_REPEATS:
        raise Untranslatable(f"repeats more than {_MOST_REPEATS} times ({text}); use minLength and maxLength")
    return text


def _other(text: str) -> str:
    if text == "\\":
        raise Untranslatable("ends with a single backslash; write \\\\")
    return "\\" + text if text in "{}]" else text


def _set(pattern: str, position: int, *, opening: str) -> tuple[str, int]:
    """The class that starts at `position`, and the position after it."""
    parts: list[str] = []
    while position < len(pattern) and pattern[position] != "]":
        if pattern[position] == "\\":
            many = pattern[position + 1 : position + 2] in _MANY
            part, position = _escape(pattern, position + 1, in_set=True)
            if many and pattern[position : position + 1] == "-":  # a range cannot start at a class: a plain hyphen
                part, position = part + r"\-", position + 1
        else:
            part, position = pattern[position].replace("[", r"\[").replace("^", r"\^"), position + 1
        parts.append(part)
    if position == len(pattern):
        raise Untranslatable("has a `[` without a `]`; add it, or write \\[")
    if not parts:  # in ECMA-262 `[]` matches nothing and `[^]` anything
        return (r"[\x{0}-\x{10FFFF}]" if opening == "[^" else r"[^\x{0}-\x{10FFFF}]"), position + 1
    return f"{opening}{''.join(parts)}]", position + 1


def _escape(pattern: str, position: int, *, in_set: bool) -> tuple[str, int]:
    """The escape that has its backslash before `position`, and the position after it."""
    if position == len(pattern):
        raise Untranslatable("has a `[` without a `]`; add it, or write \\[")
    letter = pattern[position]
    if code := _CODE.match(pattern, position):
        return _code_point(code), code.end()
    if named := _PROPERTY.match(pattern, position):
        return rf"\{letter}{{{named[1]}}}", named.end()
    if letter == "c" and pattern[position + 1 : position + 2].isalpha():
        return rf"\x{{{ord(pattern[position + 1]) % 32:x}}}", position + 2
    return _single(letter, in_set=in_set), position + 1


def _single(letter: str, *, in_set: bool) -> str:
    known = (_IN_SET if in_set else _OUTSIDE).get(letter)
    if known is not None:
        return known
    if letter.isdigit() or letter == "k":
        raise Untranslatable(f"needs back-references (\\{letter}), which RE2 does not support; rewrite it")
    if letter.isalpha():
        raise Untranslatable(f"has the escape \\{letter}, which is not ECMA-262; rewrite it")
    return "\\" + letter if letter.isascii() else letter


def _code_point(code: re.Match[str]) -> str:
    point = int(code[1] or code[2] or code[4], 16)
    if code[3] and 0xD800 <= point < 0xDC00:
        point = 0x10000 + ((point - 0xD800) << 10) + int(code[3], 16) - 0xDC00
    elif code[3] or 0xD800 <= point < 0xE000 or point > 0x10FFFF:
        raise Untranslatable(f"has half of a surrogate pair (\\{code[0]}); write the whole character")
    return rf"\x{{{point:x}}}"


_PLAIN: dict[str, Callable[[str], str]] = {
    "named": lambda _: "(?:",
    "group": _group,
    "repeat": _repeat,
    "any": lambda _: f"[^{_LINE_ENDS}]",
    "other": _other,
}
