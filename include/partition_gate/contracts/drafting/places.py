"""What to say of a path from which no contract can be drafted: what is there, what should be, and which command works.

Pure: it lists through a function.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from partition_gate.contracts.drafting.layouts import Children, ListChildren, guess_patterns, is_part_of_date
from partition_gate.core.display import counted, listed

_NAMED = 3
_DEEPEST, _MOST_LISTED = 4, 200
_EXPECTED = "the folder that contains the partitions of a table, or a folder with such a folder for each table"


def why_inside(root: str, children: ListChildren) -> str | None:
    """What to say of a folder that is one partition, or a year or month of them; None if it is not.

    The names of its last folders are a date, and the folder above them has a layout by dates.
    """
    names = root.split("/")
    for depth in range(1, min(_DEEPEST, len(names) - 1) + 1):
        lake, inside = "/".join(names[:-depth]), names[-depth:]
        if not all(map(is_part_of_date, inside)) or not lake.removeprefix("s3:").strip("/"):
            return None
        pattern = next(iter(guess_patterns(lake, children).values()), "") if re.search(r"\d{4}", inside[0]) else ""
        if "%d" in pattern or (pattern and depth > 1):
            what = f"{'/'.join(inside)} of the paths {pattern}"
            return _told(f"{root} is inside of a table: it is {what}", children(root), [lake])
    return None


def why_nothing(root: str, children: ListChildren) -> str:
    """What to say of a folder in which, and in whose folders, there is no table."""
    lakes = list(dict.fromkeys(_lakes_below(root, children)))
    return _told(f"{root}: there is no Parquet file in it, nor in its folders", children(root), lakes)


def why_no_path(root: str, pattern: str, children: ListChildren, *, has_segments: bool) -> str:
    """What to say of a `--pattern` that fits no file. `has_segments`: the folders are Hive segments."""
    found = _sample(root, children)
    lines = [f"--pattern {shlex.quote(pattern)} fits no Parquet file below {root}"]
    lines.append(f"  found: {found}" if found else "  found: no Parquet file")
    lines.append(f"  expected: paths like {pattern}, from {root} on")
    guesses = list(guess_patterns(root, children).values())
    if has_segments or guesses:
        read = "Hive segments" if has_segments else ", ".join(guesses)
        lines.append(f"  run: gate init {shlex.quote(root)}   (without --pattern, the paths are read as {read})")
    elif found:
        lines.append("  run it with a pattern that fits: docs/reference/landing.md shows how patterns are written")
    else:
        lines.append("  run it with the folder that has the files")
    return "\n".join(lines)


def _told(what: str, found: Children, lakes: Sequence[str]) -> str:
    lines = [what, f"  found: {_contents(found)}", f"  expected: {_EXPECTED}"]
    lines += [f"  run: gate init {shlex.quote(lake)}" for lake in lakes[:_NAMED]]
    if len(lakes) > _NAMED:
        lines.append(f"  and {counted(len(lakes) - _NAMED, 'more folder')}")
    return "\n".join(lines if lakes else [*lines, "  run: gate init with the folder that has the Parquet files"])


def _contents(found: Children) -> str:
    kinds = (("folder", found.folders), ("Parquet file", found.files))
    parts = [
        f"{len(names):,} {noun}{'' if len(names) == 1 else 's'} ({listed(names, _NAMED)})"
        for noun, names in kinds
        if names
    ]
    return " and ".join(parts) or "no folder and no Parquet file (names that begin with _ or . do not count)"


def _lakes_below(root: str, children: ListChildren) -> Iterator[str]:
    """The folders from which a contract can be drafted: that of a table, or the one above if it has several tables."""
    level = [root]
    listings = 0
    for _ in range(_DEEPEST):
        inner: list[str] = []
        for folder in level:
            below = [f"{folder}/{name}" for name in children(folder).folders if "=" not in name]
            listings += len(below)
            if listings > _MOST_LISTED:
                return
            tables = [each for each in below if _is_table(each, children)]
            if folder != root:  # the tables in the folders of the root have no file
                yield from [folder] if len(tables) > 1 else tables
            inner += [each for each in below if each not in tables]
        level = inner


def _is_table(folder: str, children: ListChildren) -> bool:
    found = children(folder)
    return bool(found.files) or any("=" in name for name in found.folders) or bool(guess_patterns(folder, children))


def _sample(root: str, children: ListChildren) -> str:
    """The path of one file, below the last folder of each level; empty if there is none."""
    path, folder = "", root
    for _ in range(2 * _DEEPEST):
        found = children(folder)
        if found.files or not found.folders:
            return f"{path}{found.files[0]}" if found.files else ""
        path += f"{found.folders[-1]}/"
        folder = f"{root}/{path}".rstrip("/")
    return ""
