"""The values in the paths of a pattern: from texts of fields to the parts of a partition key, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote, unquote

from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.integers import SIGNED_BITS
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition_key import NULL, Segment
from partition_gate.core.path_pattern import (
    Field,
    PathPattern,
    field_expression,
    fields_of,
    formatted,
    moment_of,
    times_of,
    write_name,
)

_DAY = ("%Y", "%m", "%d")
_COARSER = {"%M": "%H", "%S": "%M"}
_NO_NAME = frozenset({"", ".", ".."})


def why_unfit(segment: Segment, fields: Sequence[Field]) -> str | None:
    """Why the fields of a segment do not determine a value of its type, and what to write; None if they do."""
    name, formats = segment.name, [field.format for field in fields if field.format]
    written = f"{{{name}:{'/'.join(formats)}}}"
    if not formats:
        return None
    if len(formats) < len(fields):
        return f"{{{name}}} and {written} are two forms of one value; write only one of them"
    if _is_time(segment):
        return _why_no_moment(segment, written, {each for field in fields for each in field.directives})
    if len(fields) > 1:
        return f"{written} has several parts, so {name} must be a date or a timestamp; set its logicalType to date"
    return _why_no_digits(segment, written, fields[0])


def part_of(segment: Segment, fields: Sequence[Field], texts: Mapping[Field, str]) -> str:
    """The canonical part of the texts of a segment's fields.

    Raises:
        MalformedPartitionKey: they are not a value of its type, contradict each other, or spell it in another way.
    """
    first = fields[0]
    if first.format and _is_time(segment):
        times: dict[str, str] = {}
        for field in fields:
            for directive, digits in field.times(texts[field]).items():
                if times.setdefault(directive, digits) != digits:
                    raise MalformedPartitionKey(f"{segment.name}: the path names two different dates")
        return segment.part(moment_of(times))
    text = texts[first]
    if first.format and segment.type in SIGNED_BITS:
        return segment.part(str(int(text)))
    # A name that is not UTF-8 has surrogates; encoded as they are, they are refused as such by the segment.
    part = segment.part(quote(text, safe="", errors="surrogatepass"))
    if text != unquote(part):
        raise MalformedPartitionKey(f"{segment.name}: {shown(text)} is spelled {shown(unquote(part))} here; rename it")
    return part


def level_names(pattern: PathPattern, segments: Sequence[Segment], parts: Mapping[str, str]) -> tuple[str, ...]:
    """The name of each level with these canonical parts, by segment; in the name of the files, `*` stays.

    Raises:
        MalformedPartitionKey: no path of the pattern has such a value.
    """
    texts = field_texts(pattern, segments, parts)
    names = tuple(write_name(level, texts) for level in pattern.levels)
    if _NO_NAME & set(names):
        raise MalformedPartitionKey("no folder can have this name")
    return names


def field_texts(pattern: PathPattern, segments: Sequence[Segment], parts: Mapping[str, str]) -> dict[Field, str]:
    """The text of each field with these canonical parts, by segment. Raises: as `level_names`."""
    by_name = {segment.name: segment for segment in segments}
    texts = {
        field: _text(by_name[field.name], field, parts[field.name])
        for level in pattern.levels
        for field in fields_of(level)
    }
    for segment in segments:
        if part_of(segment, pattern.fields(segment.name), texts) != parts[segment.name]:
            what = "is more exact than the pattern of the paths"
            raise MalformedPartitionKey(f"{segment.name}: {shown(parts[segment.name])} {what}")
    return texts


def _text(segment: Segment, field: Field, part: str) -> str:
    plain = unquote(part)
    if not field.format:
        if {"/", "\0"} & set(plain):
            raise MalformedPartitionKey(f"{segment.name}: {shown(plain)} cannot be part of a name")
        return plain
    value = None if part == NULL else segment.order(part)[1]
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return formatted(field.format, times_of(moment))
    widths = sum(4 if directive == "%Y" else 2 for directive in field.directives)
    text = f"{value:0{widths}d}" if isinstance(value, int) else plain
    if not re.fullmatch(field_expression(field), text):
        raise MalformedPartitionKey(f"{segment.name}: {shown(plain)} does not have the form {field.format}")
    return text


def _is_time(segment: Segment) -> bool:
    return segment.type.startswith(("DATE", "TIMESTAMP"))


def _why_no_digits(segment: Segment, written: str, field: Field) -> str | None:
    is_number = segment.type in SIGNED_BITS
    if is_number and "".join(field.directives) != field.format:
        return f"{written} is not a number; write it without text between the directives, as in {{{field.name}:%Y%m%d}}"
    if not is_number and segment.type != "VARCHAR":
        return f"{written}: a column of type {segment.type} has no date or time; write {{{field.name}}}"
    return None


def _why_no_moment(segment: Segment, written: str, directives: set[str]) -> str | None:
    day = f"{{{segment.name}:%Y-%m-%d}}"
    if missing := [each for each in _DAY if each not in directives]:
        return f"{written} does not determine the day: {' and '.join(missing)} is missing; write one such as {day}"
    clock = sorted(directives - set(_DAY))
    if clock and segment.type == "DATE":
        return f"{written}: a date has no {clock[0]}; write a field for it, as in {day}/{{hour:%H}}"
    for finer, coarser in _COARSER.items():
        if finer in directives and coarser not in directives:
            return f"{written} has {finer} without {coarser}; write one such as {{{segment.name}:%Y-%m-%dT%H%M%S}}"
    return None
