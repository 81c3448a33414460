"""What the installed package says of itself, and what it says that it needs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from tests.site_packages import PROJECT, closure
from typer.testing import CliRunner

import partition_gate
from partition_gate.apps.cli.main import EXTRAS, app

PACKAGE = Path("include/partition_gate")
EXTRA = PROJECT["optional-dependencies"]
STATED = [Requirement(text) for text in (*PROJECT["dependencies"], *(each for own in EXTRA.values() for each in own))]
RANGES = {canonicalize_name(each.name): each for each in STATED if each.name != "partition-gate"}
PINNED = {
    canonicalize_name(each.name): each
    for line in Path("requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
    for each in [Requirement(line)]
}


def test_the_command_prints_the_version():
    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.output) == (0, f"gate {partition_gate.__version__}\n")


def test_the_package_s_metadata_has_the_same_version():
    assert version("partition-gate") == partition_gate.__version__


def test_the_package_carries_its_types():
    assert files("partition_gate").joinpath("py.typed").is_file()


def test_the_repository_pins_what_the_package_requires_and_nothing_else():
    assert set(PINNED) == set(RANGES)


@pytest.mark.parametrize("name", sorted(PINNED))
def test_what_the_repository_is_tested_with_is_in_the_range_of_the_package(name: NormalizedName):
    pinned, stated = PINNED[name], RANGES[name]

    (tested,) = (each.version for each in pinned.specifier)
    assert stated.specifier.contains(tested)
    assert pinned.extras == stated.extras


def test_great_expectations_alone_is_pinned_because_its_private_names_are_used():
    exact = {name for name, each in RANGES.items() if any(part.operator == "==" for part in each.specifier)}

    assert exact == {"great-expectations"}


def test_all_installs_every_extra():
    (everything,) = (Requirement(text) for text in EXTRA["all"])

    assert everything.extras == set(EXTRA) - {"all"}


def test_every_package_that_the_code_imports_is_in_the_base_or_names_its_extra():
    imported = {name for path in sorted(PACKAGE.rglob("*.py")) for name in _imported(path)}
    own = {"partition_gate", *sys.stdlib_module_names}
    of_base = closure(PROJECT["dependencies"])
    distributions = packages_distributions()

    in_base = {name for name in imported if of_base & {canonicalize_name(each) for each in distributions.get(name, ())}}
    assert (imported - own - in_base) | {"psycopg"} == set(EXTRAS)  # SQLAlchemy imports this one, by the URL


@pytest.mark.parametrize(("package", "extra"), EXTRAS.items())
def test_the_extra_that_a_command_asks_for_installs_the_package(package: str, extra: str):
    installed = {canonicalize_name(name) for name in closure(_requirements(extra))}

    assert installed & {canonicalize_name(name) for name in packages_distributions()[package]}


def test_the_base_brings_none_of_the_packages_of_an_extra():
    in_base = {canonicalize_name(name) for name in closure(PROJECT["dependencies"])}

    assert (
        in_base & {canonicalize_name(name) for package in EXTRAS for name in packages_distributions()[package]} == set()
    )


def _requirements(extra: str) -> list[str]:
    """The requirements of an extra, with those of the extras in it."""
    found = []
    for text in EXTRA[extra]:
        each = Requirement(text)
        is_own = each.name == "partition-gate"
        found += [line for own in each.extras for line in _requirements(own)] if is_own else [text]
    return found


def _imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (re.split(r"\.", name)[0] for name in names)
