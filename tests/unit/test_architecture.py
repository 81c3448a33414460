"""The house's budgets: small files, small functions, few parameters, no mocks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = sorted(
    path
    for folder in ("include/partition_gate", "dags", "plugins", "benchmarks")
    for path in Path(folder).rglob("*.py")
    if "migrations" not in path.parts
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in given if argument.arg not in {"self", "cls"}]


def test_there_are_sources_to_look_at():
    assert len(SOURCES) > 40


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_keeps_to_its_budgets(path):
    assert path.read_text().count("\n") <= 350, "more than 350 lines"
    too_long = [f.name for f in functions(path) if body_lines(f) > 25]
    too_many = [f.name for f in functions(path) if len(parameters(f)) > 6]
    assert (too_long, too_many) == ([], [])


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_module_is_named_by_the_field(path):
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "manager", "processor", "handler"}


def test_every_folder_of_the_package_is_a_package():
    """import-linter does not see folders without `__init__.py`, and would check nothing in them."""
    folders = {path.parent for path in SOURCES if path.is_relative_to("include/partition_gate")}

    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_test_mocks_our_own_code():
    words = ("Magic" + "Mock(", "mock." + "patch", "monkeypatch." + "setattr")
    guilty = [str(p) for p in Path("tests").rglob("*.py") if any(word in p.read_text() for word in words)]

    assert guilty == []


def test_only_settings_reads_the_environment():
    # The demo hands its own environment on to Airflow; it reads no setting from it.
    allowed = {"settings.py", "run.py", "embedded_s3.py"}
    guilty = [str(p) for p in SOURCES if "os.environ" in p.read_text() and p.name not in allowed]

    assert guilty == []
