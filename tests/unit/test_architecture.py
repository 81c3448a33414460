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
PACKAGE = "include/partition_gate"
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


def test_no_module_is_a_fragment():
    """A module of less than 50 lines that only its neighbour imports belongs there; a port may be short."""
    modules = {_name(path): path for path in SOURCES if path.is_relative_to(PACKAGE) and path.stem != "__init__"}
    importers: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for imported in _imported(path) & modules.keys():
            importers[imported].add(name)

    alone = {name: by for name, by in importers.items() if len(by) == 1 and not name.startswith("partition_gate.ports")}
    fragments = [
        name
        for name, (importer,) in alone.items()
        if _room(importer) == _room(name) and modules[name].read_text().count("\n") < 50
    ]
    assert fragments == []


def _name(path: Path) -> str:
    return ".".join(path.relative_to("include").with_suffix("").parts)


def _room(module: str) -> str:
    return module.rpartition(".")[0]


def _imported(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {name for node in nodes for name in (node.module or "", *(f"{node.module}.{a.name}" for a in node.names))}


def test_every_folder_of_the_package_is_a_package():
    """import-linter does not see folders without `__init__.py`, and would check nothing in them."""
    folders = {path.parent for path in SOURCES if path.is_relative_to(PACKAGE)}

    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_test_mocks_our_own_code():
    words = ("Magic" + "Mock(", "mock." + "patch", "monkeypatch." + "setattr")
    guilty = [str(p) for p in Path("tests").rglob("*.py") if any(word in p.read_text() for word in words)]

    assert guilty == []


def test_only_settings_reads_the_environment():
    # The demo, and the benchmark of backfills, hand their own environment on to Airflow and read no setting from it.
    allowed = {"loading.py", "run.py", "backfill.py"}
    guilty = [str(p) for p in SOURCES if "os.environ" in p.read_text() and p.name not in allowed]

    assert guilty == []
