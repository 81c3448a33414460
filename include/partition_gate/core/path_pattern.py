"""Patterns of the paths in landing, such as `{region}/{dt:%Y/%m/%d}/part-*.parquet`. Pure.

A pattern has levels, joined with `/`: folders, and in the last one the names of files. A level consists of plain text,
of fields (`{region}`, `{dt:%Y%m%d}`) and, in the last one, of `*`. Each value of a field has one text, so that a path
has one key, and a key has one folder and one form of file names (docs/adr/0047).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from partition_gate.core.record import Record

ANY = "*"
EXAMPLE = "{dt:%Y/%m/%d}/*.parquet"
# Directive -> the digits that it stands for. Each has one width, so `%Y%m%d` needs no separator.
DIRECTIVES = {
    "%Y": "[0-9]{4}",
    "%m": "(?:0[1-9]|1[0-2])",
    "%d": "(?:0[1-9]|[12][0-9]|3[01])",
    "%H": "(?:[01][0-9]|2[0-3])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
}
_DAY = ("%Y", "%m", "%d")
_FIELD = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
_TOKEN = re.compile(r"\{[^{}]*\}|\*|[^{}*]+|.", re.DOTALL)
_DIRECTIVE = re.compile("%.?")
_NOT_TEXT = re.compile(r"[?\[\]{}\\\x00-\x1f]")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
# How the whole value of a field looks, by its DuckDB type; of the other types, any text.
_WHOLE = {"DATE": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "BOOLEAN": "true|false"}
_NULL = "__HIVE_DEFAULT_PARTITION__"


class Field(Record):
    """A named part of a level: its whole value, or with a `format` the digits of a time (`%Y%m%d`)."""

    name: str
    format: str = ""

    @property
    def directives(self) -> tuple[str, ...]:
        """The directives of the format, in order."""
        return tuple(_DIRECTIVE.findall(self.format))

    def times(self, text: str) -> dict[str, str]:
        """Directive -> digits in a text of this field, as far as it names a time: also if it has no format."""
        if self.format:
            match = re.fullmatch(field_expression(self, capture=True), text)
            return dict(zip(self.directives, match.groups() if match else (), strict=False))
        if named := {"year": "%Y", "month": "%m", "day": "%d"}.get(self.name):
            return {named: text} if re.fullmatch(DIRECTIVES[named], text) else {}
        day = _ISO_DAY.match(text)
        return dict(zip(_DAY, day.groups(), strict=True)) if day else {}


Token = str | Field  # plain text, ANY, or a field
Level = tuple[Token, ...]
Kinds = Mapping[str, str]  # field's name -> DuckDB type of its column


class Start(NamedTuple):
    """What names of a level begin with: `prefix` all of them, `first` the first one that is looked for, else empty."""

    prefix: str
    first: str


class PathPattern(Record):
    """A valid pattern. Its types are those of columns, so each method that needs them has them as an argument."""

    text: str
    levels: tuple[Level, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in the order of the pattern: the columns of the partition key."""
        return tuple(dict.fromkeys(field.name for level in self.levels for field in fields_of(level)))

    @property
    def shares_folders(self) -> bool:
        """Whether files of several partitions are in one folder, so that only their names tell them apart."""
        return any(fields_of(self.levels[-1]))

    def fields(self, name: str) -> tuple[Field, ...]:
        """The different fields with this name, in order."""
        every = (field for level in self.levels for field in fields_of(level) if field.name == name)
        return tuple(dict.fromkeys(every))

    def complete_at(self, name: str) -> int:
        """The number of the level with which the value of a field is known: the last one that has the field."""
        return max(i for i, level in enumerate(self.levels) if any(field.name == name for field in fields_of(level)))


class Ambiguous(ValueError):
    """A name that the pattern can be read into in two ways."""


def parse_pattern(text: str) -> PathPattern:
    """The pattern in a text.

    Raises:
        ValueError: what is wrong, and how to write it.
    """
    spread = _FIELD.sub(lambda match: _spread(match[1], match[2]), text)
    levels = tuple(tuple(_tokens(level)) for level in spread.split("/"))
    if not text or any(level in ((), (".",), ("..",)) for level in levels):
        raise ValueError(f"a folder or the file has no name; write one such as {EXAMPLE}")
    if any(ANY in level for level in levels[:-1]):
        raise ValueError(f"`*` can only stand in the name of the files; name the folder's part, as in {EXAMPLE}")
    for level in levels:
        for left, right in pairwise(level):
            _require_boundary(left, right)
    return PathPattern(text=text, levels=levels)


def fields_of(level: Level) -> Iterator[Field]:
    """The fields of a level."""
    return (token for token in level if isinstance(token, Field))


def read_name(level: Level, name: str, kinds: Kinds) -> dict[Field, str] | None:
    """The text of each field in a name; None if the level does not fit it.

    Raises:
        Ambiguous: the name can be read in two ways.
    """
    own = tuple((field.name, kinds.get(field.name, "VARCHAR")) for field in fields_of(level))
    long, short = (_expression(level, own, is_short=is_short).fullmatch(name) for is_short in (False, True))
    if long is None or short is None:
        return None
    if long.groups() != short.groups():
        raise Ambiguous(name)
    texts: dict[Field, str] = {}
    for field, text in zip(fields_of(level), long.groups(), strict=True):
        if texts.setdefault(field, text) != text:
            return None
    return texts


def write_name(level: Level, texts: Mapping[Field, str]) -> str:
    """The name that has these texts; `*` stays."""
    return "".join(token if isinstance(token, str) else texts[token] for token in level)


def begins_and_ends(level: Level, name: str) -> bool:
    """Whether a name begins and ends like the level, so that it was probably meant to fit it."""
    first, last = level[0], level[-1]
    begin, end = (token if isinstance(token, str) and token != ANY else "" for token in (first, last))
    return name.startswith(begin) and name.endswith(end)


def first_name(level: Level, above: Mapping[Field, str], kinds: Kinds, since: str) -> Start:
    """Where the names of a level begin that may be of the day `since` (`2026-11-29`) or later; `since` empty: any.

    `above` has the texts of the levels above. If the level does not begin with a date, all names are looked for.
    """
    prefix = level[0] if isinstance(level[0], str) and level[0] != ANY else ""
    known = known_day(above)
    if not since or not since.startswith(known):
        return Start(prefix, "")
    wanted = dict(zip(_DAY, since.split("-"), strict=True))
    for directive in _DAY[: len(list(filter(None, known.split("-"))))]:
        del wanted[directive]
    first, has_date = "", False
    for piece in _pieces(level, kinds):
        if not wanted or (piece.startswith("%") and piece != next(iter(wanted))):
            break
        has_date |= piece in wanted
        first += wanted.pop(piece, piece)
    return Start(prefix, first if has_date else "")


def known_day(texts: Mapping[Field, str]) -> str:
    """The day that texts of fields name, as far as they do: ``, `2026`, `2026-11` or `2026-11-29`."""
    times: dict[str, str] = {}
    for field, text in texts.items():
        times = field.times(text) | times
    known = [times.get(directive) for directive in _DAY]
    return "-".join(filter(None, known[: known.index(None) if None in known else 3]))


def moment_of(times: Mapping[str, str]) -> str:
    """The text of a date, or of a date and time if there is an hour, from the digits of its directives."""
    day = "-".join(times[directive] for directive in _DAY)
    clock = ":".join(times.get(directive, "00") for directive in ("%H", "%M", "%S"))
    return f"{day}T{clock}" if "%H" in times else day


def times_of(moment: datetime) -> dict[str, str]:
    """Directive -> digits of a moment."""
    numbers = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    widths = (4, 2, 2, 2, 2, 2)
    return {name: f"{number:0{width}d}" for name, number, width in zip(DIRECTIVES, numbers, widths, strict=True)}


def formatted(format_: str, times: Mapping[str, str]) -> str:
    """The text of a format."""
    return _DIRECTIVE.sub(lambda match: times[match[0]], format_)


def field_expression(field: Field, *, capture: bool = False) -> str:
    """The regular expression of the texts of a field with a format; `capture`: with a group for each directive."""
    group = "({})" if capture else "{}"
    pieces = _format_pieces(field.format)
    return "".join(group.format(DIRECTIVES[piece]) if piece.startswith("%") else re.escape(piece) for piece in pieces)


def _spread(name: str, format_: str | None) -> str:
    """A field whose format has several levels, as one field a level."""
    return "{" + name + (":" + format_.replace("/", f"}}/{{{name}:") if format_ is not None else "") + "}"


def _tokens(level: str) -> Iterator[Token]:
    for text in _TOKEN.findall(level):
        if match := _FIELD.fullmatch(text):
            yield _field(match[1], match[2])
        elif text != ANY and (wrong := _NOT_TEXT.search(text)):
            what = f"{wrong[0]!r} has no meaning here" if wrong[0] not in "{}" else f"`{wrong[0]}` has no partner"
            raise ValueError(
                f"{what}; write fields as {{name}} or {{name:%Y-%m-%d}}, and `*` for any text in a file name"
            )
        else:
            yield text


def _field(name: str, format_: str | None) -> Field:
    shown = f"{{{name}{'' if format_ is None else ':' + format_}}}"
    if not name or "/" in name or ANY in name:
        raise ValueError(f"{shown} does not name a column; write one such as {{dt:%Y-%m-%d}}")
    if format_ is None:
        return Field(name=name)
    unknown = [directive for directive in _DIRECTIVE.findall(format_) if directive not in DIRECTIVES]
    if unknown:
        raise ValueError(f"{shown}: {unknown[0]} is not known; use {' '.join(DIRECTIVES)}, as in {{{name}:%Y-%m-%d}}")
    if not _DIRECTIVE.search(format_):
        raise ValueError(f"{shown} has a level without a directive; write one such as {{{name}:%Y/%m/%d}}")
    if ANY in format_ or _NOT_TEXT.search(format_):
        raise ValueError(f"{shown}: a format has directives and plain text; write one such as {{{name}:%Y-%m-%d}}")
    return Field(name=name, format=format_)


def _require_boundary(left: Token, right: Token) -> None:
    """Of two neighbours without plain text between them, one needs a fixed width to show where the other one begins."""
    is_text = any(isinstance(token, str) and token != ANY for token in (left, right))
    has_whole = any(isinstance(token, Field) and not token.format for token in (left, right))
    if not is_text and (has_whole or left == right == ANY):
        first, second = (token if isinstance(token, str) else f"{{{token.name}}}" for token in (left, right))
        raise ValueError(
            f"nothing separates {first} from {second}, so nobody can know where one ends; put text between them, as in "
            "{region}_{dt:%Y%m%d}.parquet"
        )


@cache
def _expression(level: Level, kinds: tuple[tuple[str, str], ...], *, is_short: bool) -> re.Pattern[str]:
    """The expression of a level, with a group for each field. A text of free length is as long, or as short, as it can
    be: if both agree, there is no other reading.
    """
    repeat, types = "?" if is_short else "", dict(kinds)

    def of(token: Token) -> str:
        if isinstance(token, Field):
            return f"({field_expression(token) if token.format else _whole(types[token.name], repeat)})"
        return f".*{repeat}" if token == ANY else re.escape(token)

    return re.compile("".join(map(of, level)), re.DOTALL)


def _whole(kind: str, repeat: str) -> str:
    number = f"-?[0-9]+{repeat}" if kind.endswith("INT") or kind == "INTEGER" else None
    return f"{_NULL}|{_WHOLE.get(kind) or number or f'.+{repeat}'}"


def _format_pieces(format_: str) -> Sequence[str]:
    return [piece for piece in re.split("(%.)", format_) if piece]


def _pieces(level: Level, kinds: Kinds) -> Iterator[str]:
    """The plain text and the directives that a level begins with, up to a value that is not written as a date."""
    for token in level:
        if isinstance(token, Field) and token.format:
            yield from _format_pieces(token.format)
        elif isinstance(token, Field) and kinds.get(token.name, "").startswith(("DATE", "TIMESTAMP")):
            yield from ("%Y", "-", "%m", "-", "%d")
        elif isinstance(token, Field) or token == ANY:
            return
        else:
            yield token
