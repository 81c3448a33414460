"""Writes docs/reference/licences.md: the licence of every package that requirements.lock installs (`make licences`).

A package states its licence in one of three fields of its metadata: an SPDX expression (PEP 639), classifiers, or text.
"""

from __future__ import annotations

import re
from email.message import Message
from importlib.metadata import metadata
from pathlib import Path
from typing import NamedTuple, cast

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs/reference/licences.md"
_PINNED = re.compile(r"^[A-Za-z0-9].*==.*?(?= \\$)", re.MULTILINE)
_CLASSIFIER = "License :: "
_FORBIDDEN = re.compile(
    r"AGPL|Affero|SSPL|Server Side Public|Non-?Commercial|\bNC\b|Commons Clause|BUSL|Business Source|Proprietary",
    re.IGNORECASE,
)
_LONGEST = 120
_HEAD = """# Licences

Written by `make licences`. Do not edit.

What each package of `requirements.lock` states about its licence, for Python 3.11 on Linux. A test refuses a package
that states none, or one that forbids or restricts use in a company (AGPL, SSPL, non-commercial, business source).
Partition Gate itself is under the Apache License 2.0.

| package | version | licence |
|---|---|---|
"""


class Package(NamedTuple):
    """An installed package; `licence` is empty if it states none."""

    name: str
    version: str
    licence: str


def packages(lock: str) -> list[Package]:
    """The packages of a lock file that this Python and platform install, in order of their names.

    Raises:
        PackageNotFoundError: one is not installed.
    """
    pinned = (Requirement(line) for line in _PINNED.findall(lock))
    chosen = (each for each in pinned if each.marker is None or each.marker.evaluate())
    return [
        Package(each.name, str(each.specifier).removeprefix("=="), licence(cast("Message", metadata(each.name))))
        for each in chosen
    ]


def licence(stated: Message) -> str:
    """The licence in a package's metadata, as it is stated; empty if it states none."""
    if expression := str(stated.get("License-Expression") or ""):
        return expression
    classifiers = [str(each) for each in stated.get_all("Classifier") or () if str(each).startswith(_CLASSIFIER)]
    named = [each.rpartition(" :: ")[2] for each in classifiers if not each.endswith("OSI Approved")]
    text = str(stated.get("License") or "").strip().partition("\n")[0][:_LONGEST]
    return "; ".join(named) or (text if text.upper() != "UNKNOWN" else "")


def problems(found: list[Package]) -> list[str]:
    """One line for each package that has no licence, or one that forbids or restricts use in a company."""
    unknown = [f"{each.name} {each.version} states no licence" for each in found if not each.licence]
    forbidden = [
        f"{each.name} {each.version}: {each.licence}; use another package"
        for each in found
        if _FORBIDDEN.search(each.licence)
    ]
    return [*unknown, *forbidden]


def page(found: list[Package]) -> str:
    """The page."""
    rows = (f"| {each.name} | {each.version} | {each.licence.replace('|', '/')} |\n" for each in found)
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(packages(LOCK.read_text())))
