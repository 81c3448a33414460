"""Guesses the layout of a lake from the names of its folders and files. Pure: it lists through a function."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment
from partition_gate.core.path_pattern import parse_pattern
from partition_gate.core.path_values import why_unfit

DATE, HOUR, FOLDER = "dt", "hour", "folder"
_DIGITS = {
    "%Y": r"(?:19|20)\d\d",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%d": r"(?:0[1-9]|[12]\d|3[01])",
    "%H": r"(?:[01]\d|2[0-3])",
}
# How names write a date, the most exact first: `20261129` also begins like a year.
_DATES = ("%Y-%m-%dT%H", "%Y%m%dT%H", "%Y%m%d%H", "%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y-%m", "%Y")
_DAYS = tuple(each for each in _DATES if "%d" in each)
# What a folder names, if the folders above it name this much of a time.
_NEXT = {"%Y": "%m", "%Y%m": "%d", "%Y%m%d": "%H"}
_CODE = re.compile(r"[A-Z]{2,3}|\d{1,4}|[a-z]{2}|[a-z]{2}(?:-[a-z]+)+-\d")
_PARQUET = ".parquet"


class Children(NamedTuple):
    """The names of the folders, and of the Parquet files, directly in a folder; without hidden and temporary ones."""

    folders: Sequence[str]
    files: Sequence[str]


ListChildren = Callable[[str], Children]


class Form(NamedTuple):
    """How names are written: the text before a date, the format of the date, and the text behind it."""

    before: str
    format: str
    behind: str = ""

    @property
    def expression(self) -> str:
        return re.escape(self.before) + _expression(self.format) + re.escape(self.behind)

    @property
    def level(self) -> str:
        """The form in the words of a pattern: a date, and its hour if it has one."""
        day, hour, _ = self.format.partition("%H")
        between = "T" if day.endswith("T") else ""
        clock = f"{between}{{{HOUR}:%H}}" if hour else ""
        return f"{self.before}{{{DATE}:{day.removesuffix('T')}}}{clock}{self.behind}"


def guess_patterns(root: str, children: ListChildren) -> dict[str, str]:
    """The patterns of the paths below a folder, each with the name of its table (empty if there is only one).

    Empty if the names show no date, or are Hive segments. It follows the newest folder of each level. Names that are
    unlike most names of their level do not matter: the pattern refuses them by name.
    """
    levels: list[str] = []
    known, folder = "", root
    while not (found := children(folder)).files:
        level = _folder_level(found.folders, known)
        if level is None:
            return {}
        levels.append(level.text)
        known += level.directives
        folder = f"{folder}/{max(name for name in found.folders if re.fullmatch(level.expression, name))}"
    if not levels:
        return _file_patterns(found.files)
    if "%d" not in known and (dated := _file_patterns(found.files)):
        return {"": "/".join((*levels, next(iter(dated.values()))))}
    pattern = _by_month("/".join((*levels, f"*{_ending(found.files)}")))
    return {"": re.sub(rf"\}}/\{{{DATE}:(?=%[md]\}})", "/", pattern)} if known else {}


def is_part_of_date(name: str) -> bool:
    """Whether a folder's name is a date, or one of its parts (`2026`, `11`, `day-2026.11.29`)."""
    return bool(re.fullmatch(r"\d\d?", name)) or _form(name, _DATES, r"\D*") is not None


def is_code(name: str) -> bool:
    """Whether a folder's name is like a region's or a shop's (`EU`, `us-east-1`, `17`), rather than a table's."""
    return bool(_CODE.fullmatch(name))


def renamed(pattern: str, columns: Iterable[str]) -> str:
    """The pattern with names for our fields that no column of the files has, so that no value contradicts another."""
    ours = {DATE: ("partition_date", "landed_on"), HOUR: ("hh", "h"), FOLDER: ("group", "partition_folder")}
    taken = {column.casefold() for column in columns}
    for name, replacements in ours.items():
        if name in taken and (free := [each for each in replacements if each not in taken]):
            pattern = re.sub(rf"\{{{name}(?={':' if name != FOLDER else ''})", f"{{{free[0]}", pattern)
    return pattern


def patterned_location(root: str, pattern: str) -> Location:
    """The location with a pattern; a field has the type that its formats allow: a date, a number of a time, or text.

    Raises:
        ValueError: the pattern is wrong.
    """
    layout = parse_pattern(pattern)
    segments = []
    for name in layout.names:
        directives = {each for field in layout.fields(name) for each in field.directives}
        kind = "DATE" if directives >= {"%Y", "%m", "%d"} else "INTEGER" if len(directives) == 1 else "VARCHAR"
        segments.append(Segment(name=name, type=kind))
        if why := why_unfit(segments[-1], layout.fields(name)):
            raise ValueError(why)
    return Location(root=root, segments=tuple(segments), pattern=pattern, layout=layout)


class _Level(NamedTuple):
    """A level of folders: its text in the pattern, the expression of its names, and the directives that it adds."""

    text: str
    expression: str
    directives: str = ""


def _folder_level(names: Sequence[str], known: str) -> _Level | None:
    """How the folders of a level are named; None if that says nothing."""
    hive = Counter(name.partition("=")[0] for name in names if "=" in name)
    if known and hive:
        name = hive.most_common(1)[0][0]
        return _Level(f"{name}={{{name}}}", f"{re.escape(name)}=.+")
    directive = _NEXT.get(known)
    if directive and sum(bool(re.fullmatch(_DIGITS[directive], name)) for name in names) * 2 > len(names):
        return _Level(f"{{{HOUR if directive == '%H' else DATE}:{directive}}}", _DIGITS[directive], directive)
    if not known and (form := _usual(names, _DATES, r"\D*")):
        return _Level(form.level, form.expression, "".join(re.findall("%.", form.format)))
    if known and len(names) == 1 and _is_plain(names[0]):
        return _Level(names[0], re.escape(names[0]))
    return None


def _file_patterns(names: Sequence[str]) -> dict[str, str]:
    """The pattern of the files of each table, by the text before the date, which names the table if there are more."""
    forms = [form for name in names if (form := _form(name, _DAYS, r"\D*|.*?\D"))]
    patterns = {}
    for before in dict.fromkeys(form.before for form in forms if _is_plain(form.before)):
        own = [form for form in forms if form.before == before]
        format_ = Counter(form.format for form in own).most_common(1)[0][0]
        behind = sorted({form.behind for form in own if form.format == format_})
        patterns[re.sub(r"[^A-Za-z0-9]+$", "", before)] = Form(before, format_, _behind(behind)).level
    return {"": next(iter(patterns.values()))} if len(patterns) == 1 else patterns


def _form(name: str, formats: Sequence[str], before: str) -> Form | None:
    for format_ in formats:
        if match := re.fullmatch(f"({before}){_expression(format_)}(|\\D.*)", name):
            return Form(match[1], format_, match[2])
    return None


def _usual(names: Sequence[str], formats: Sequence[str], before: str) -> Form | None:
    """The form of more than half of the names."""
    forms = Counter(form for name in names if (form := _form(name, formats, before)))
    usual, count = forms.most_common(1)[0] if forms else (None, 0)
    return usual if usual and count * 2 > len(names) and _is_plain(usual.before + usual.behind) else None


def _behind(texts: Sequence[str]) -> str:
    """What stands behind the dates: the only text, else `*` behind a common separator."""
    if len(texts) == 1 and _is_plain(texts[0]):
        return texts[0]
    first = {text[:1] for text in texts}
    separator = first.pop() if len(first) == 1 else ""
    return f"{separator if separator in {'-', '_'} else ''}*{_ending(texts)}"


def _ending(names: Sequence[str]) -> str:
    return _PARQUET if all(name.endswith(_PARQUET) for name in names) else ""


def _expression(format_: str) -> str:
    return "".join(_DIGITS.get(piece, re.escape(piece)) for piece in re.split("(%.)", format_))


def _is_plain(text: str) -> bool:
    """Whether a pattern can have this text as it is."""
    return not text or (not set("{}*?[]\\") & set(text) and not parse_pattern(text).names)


def _by_month(pattern: str) -> str:
    """If no level names the day, the year and the month are values of their own."""
    if "%d" in pattern:
        return pattern
    parts = {"%Y": "{year:%Y}", "%m": "{month:%m}"}
    return re.sub(rf"\{{{DATE}:([^}}]*)\}}", lambda match: re.sub("%.", lambda each: parts[each[0]], match[1]), pattern)
