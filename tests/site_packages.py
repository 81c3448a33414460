"""Folders of packages made of links to those of this environment: without some distribution, or only some of them.

A process that starts with `python -S` and has such a folder in PYTHONPATH sees no other packages.
"""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(sysconfig.get_path("purelib"))
PYTHON = (sys.executable, "-S")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def site_without_the_gate(folder: Path) -> Path:
    """Every package of this environment except ours, however it is installed."""
    ours = ("partition_gate", "__editable__")
    return _linked(folder, (path.name for path in SITE.iterdir() if not path.name.startswith(ours)))


def site_of(folder: Path, requirements: Iterable[str]) -> Path:
    """What pip would install for these requirements, in the versions of this environment."""
    names: set[str] = set()
    for each in closure(requirements):
        files = distribution(each).files or ()
        names |= {file.parts[0] for file in files} - {"..", "__pycache__"}
    return _linked(folder, names)


def closure(requirements: Iterable[str]) -> set[str]:
    """The names of the distributions that these requirements need, directly or not."""
    found: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        known = found.get(wanted.name)
        if known is None or not wanted.extras <= known:
            found[wanted.name] = (known or set()) | wanted.extras
            waiting += _needed(wanted)
    return set(found)


def entry_points(folder: Path) -> Path:
    """A folder with the metadata of our package as an installation has it: its version and entry points."""
    info = folder / "partition_gate-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: partition-gate\nVersion: 0\n")
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    lines = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in own.items()) for group, own in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return folder


def _needed(wanted: Requirement) -> Iterator[Requirement]:
    for text in distribution(wanted.name).requires or ():
        each = Requirement(text)
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
            yield each


def _linked(folder: Path, names: Iterable[str]) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).symlink_to(SITE / name)
    return folder
