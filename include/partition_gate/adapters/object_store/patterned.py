"""Which paths are partitions, and which files are theirs, if a location has a layout: shared by all stores. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol

from partition_gate.adapters.object_store.listing import is_ignored, printable
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT, LandedKeys, Location
from partition_gate.core.path_pattern import (
    ANY,
    Ambiguous,
    Field,
    Level,
    PathPattern,
    Start,
    begins_and_ends,
    fields_of,
    first_name,
    known_day,
    read_name,
    write_name,
)
from partition_gate.core.path_values import field_texts, part_of


class Names(NamedTuple):
    """Names in a folder, in any order; `earlier` has some of those that come before `Start.first`, if there are any.

    `has_unread`: not all of them.
    """

    names: Iterable[str]
    earlier: Iterable[str] = ()
    has_unread: bool = False


class NamesIn(Protocol):
    """The names of the folders, or else of the files, directly in a folder that begin as asked for."""

    def __call__(self, folder: str, start: Start, *, is_folder: bool) -> Names: ...


def patterned_keys(location: Location, layout: PathPattern, names_in: NamesIn, since: date | None = None) -> LandedKeys:
    """Partition keys below a location with this layout. `since`: as in the port.

    Calls `names_in` once for each folder on a level with fields. A name that begins and ends like its level, but has no
    key, is returned as refused; hidden names, and those of other things, are ignored.
    """
    tree = _Tree(location, layout, names_in, since)
    paths: Iterable[_Path] = [_Path("", {}, {})]
    for number, level in enumerate(layout.levels):
        if any(fields_of(level)):
            paths = [deeper for path in paths for deeper in tree.below(path, number)]
        elif number < len(layout.levels) - 1:
            paths = [path.down(write_name(level, {})) for path in paths]
    keys = {"/".join(path.parts[name] for name in location.names) or SNAPSHOT for path in paths}
    return LandedKeys(
        keys=tuple(sorted(keys, key=location.order)),
        refused=tuple(sorted(tree.refused.items())),
        has_earlier=tree.has_earlier,
        has_unread=tree.has_unread,
    )


class Wanted(NamedTuple):
    """The names of a partition's files: what all begin with, which are data, and whether a folder may have such a name.

    `*.parquet` is expected to match files only, while `*` matches every folder too.
    """

    prefix: str
    is_data: Callable[[str], bool]
    only_files: bool


def wanted_files(location: Location, key: str) -> Wanted:
    """The names of a partition's files in its folder, with a layout or without. Raises: MalformedPartitionKey."""
    glob = location.files(key)
    is_named = _named_by(location, location.layout, key) if location.layout else partial(fnmatchcase, pat=glob)
    prefix, form = (glob.partition(ANY)[0], _form(location.layout.levels[-1])) if location.layout else ("", glob)
    return Wanted(prefix, lambda name: not is_ignored(name, wanted=form) and is_named(name), not form.endswith(ANY))


def _named_by(location: Location, layout: PathPattern, key: str) -> Callable[[str], bool]:
    level, kinds = layout.levels[-1], _kinds(location)
    texts = field_texts(layout, location.segments, location.parts(key))
    own = {field: texts[field] for field in fields_of(level)}

    def is_named(name: str) -> bool:
        try:
            return read_name(level, name, kinds) == own
        except Ambiguous:
            return False

    return is_named


class _Path(NamedTuple):
    """A path relative to the root, with the texts of its fields, and the canonical parts that they determine."""

    path: str
    texts: Mapping[Field, str]
    parts: Mapping[str, str]

    def down(self, name: str) -> _Path:
        return self._replace(path=f"{self.path}/{name}".lstrip("/"))


class _Tree:
    """The paths of a location: which were refused and why, and whether some of days before `since` were left out."""

    def __init__(self, location: Location, layout: PathPattern, names_in: NamesIn, since: date | None) -> None:
        self._location, self._layout, self._names_in = location, layout, names_in
        self._since, self._kinds = since.isoformat() if since else "", _kinds(location)
        self.refused: dict[str, str] = {}
        self.has_earlier = self.has_unread = False

    def below(self, parent: _Path, number: int) -> Iterator[_Path]:
        """The paths of the next level that fit the pattern."""
        level, is_folder = self._layout.levels[number], number < len(self._layout.levels) - 1
        start = first_name(level, parent.texts, self._kinds, self._since)
        found_names = self._names_in(f"{self._location.root}/{parent.path}".rstrip("/"), start, is_folder=is_folder)
        self.has_unread |= found_names.has_unread
        known: dict[tuple[str, ...], _Path] = {}  # a partition may have many files, each of which has its key
        for name in chain(found_names.earlier, found_names.names):
            if is_ignored(name, wanted=_form(level)) or (texts := self._texts(parent, level, name)) is None:
                continue
            own = tuple(texts[field] for field in fields_of(level))
            if own not in known and (found := self._found(parent.down(name), number, {**parent.texts, **texts})):
                known[own] = found
        yield from known.values()

    def _texts(self, parent: _Path, level: Level, name: str) -> dict[Field, str] | None:
        """The texts in a name; None if it is refused, of an earlier day, or of something else."""
        why = f"the name does not fit {self._layout.text}; rename it, or correct partitionPattern"
        try:
            texts = read_name(level, name, self._kinds)
        except Ambiguous:
            texts, why = None, f"the name fits {self._layout.text} in two ways; write more of its text into the pattern"
        if texts is None or any(parent.texts.get(field, text) != text for field, text in texts.items()):
            if begins_and_ends(level, name):
                self._refuse(parent.down(name).path, why)
            return None
        day = known_day({**parent.texts, **texts})
        if self._since and day and day < self._since[: len(day)]:
            self.has_earlier = True
            return None
        return texts

    def _found(self, path: _Path, number: int, texts: Mapping[Field, str]) -> _Path | None:
        """The path with the parts that are known now; None if their texts are no values."""
        parts, layout = dict(path.parts), self._layout
        try:
            for segment in self._location.segments:
                if layout.complete_at(segment.name) == number:
                    parts[segment.name] = part_of(segment, layout.fields(segment.name), texts)
        except MalformedPartitionKey as error:
            self._refuse(path.path, str(error))
            return None
        return path._replace(texts=texts, parts=parts)

    def _refuse(self, path: str, why: str) -> None:
        self.refused[printable(path)] = why


def _form(level: Level) -> str:
    """The level with `*` for each field."""
    return "".join(token if isinstance(token, str) else ANY for token in level)


def _kinds(location: Location) -> dict[str, str]:
    return {segment.name: segment.type for segment in location.segments}
