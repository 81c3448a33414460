"""`gate new`: makes the folder of a project, with an example that can be run at once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from partition_gate import __version__
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.core.names import name_problem
from partition_gate.gate.local_folders import writing_below
from partition_gate.settings import load_settings
from partition_gate.wiring import clock

# A file of the project -> its template. Templates have no names that tools look for in our own repository.
FILES = {
    ".env.example": "env.example",
    ".github/workflows/contracts.yml": "workflow.yml",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "contracts/orders.odcs.yaml": "orders.odcs.yaml",
    "dags/gate.py": "gate.py.txt",
    "dags/gate_left_out.py": "gate_left_out.py.txt",
    "docker-compose.yaml": "docker-compose.yaml",
    "partition-gate.toml": "partition-gate.toml",
    "requirements.txt": "requirements.txt",
}
_PLACEHOLDER = re.compile(r"@([a-z]+)@")
_KEPT = {".git"}  # a clone of an empty repository is an empty folder
# 100 orders of a day, 14 minutes apart: one has a negative amount, and one an unknown status.
_ORDERS = """
SELECT 1001 + i AS order_id, 'customer' || (i * 7 % 61) || '@example.org' AS email,
    CASE WHEN i = 72 THEN 'lost' ELSE ['open', 'paid', 'shipped'][1 + i % 3] END AS status,
    CASE WHEN i = 40 THEN -19.9 ELSE round((1 + i * 37 % 400) * 1.15, 2) END::DOUBLE AS amount,
    to_timestamp($midnight + i * 840) AS ordered_at
FROM range(100) AS numbers(i)
"""

Project = Annotated[Path, typer.Argument(metavar="PROJECT", help="A new or empty folder; its name is the project's.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(new)


def new(project: Project) -> None:
    """Make a project: a contract with its suite and a day of data, DAGs, a CI workflow and a compose file.

    Exit codes: 0 made, 2 the folder is not empty or has no valid name, 3 it cannot be written.
    """
    folder = project.absolute()
    name = folder.resolve().name
    if problem := name_problem(name):
        raise typer.BadParameter(f"{name!r} {problem}", param_hint="PROJECT")
    if folder.exists() and not _is_empty(folder):
        raise typer.BadParameter(f"{project} is not an empty folder: choose another one", param_hint="PROJECT")
    day = clock(load_settings()).now().date() - timedelta(days=1)
    texts = dict(rendered(name, day=day))
    with writing_below(project, setting="PROJECT"):
        _write(folder, texts, day)
    steps = f"  cd {shlex.quote(str(project))}\n  gate run orders {day}"
    typer.echo(f"made {project}; next:\n\n{steps}\n\nIts README.md has the other steps.")


def rendered(name: str, *, day: date) -> Iterator[tuple[str, str]]:
    """Each file of a project with its text. `name` is a valid name, `day` that of the example's partition."""
    values = {"project": name, "compose": name.lower().replace(".", "-"), "version": __version__, "day": str(day)}
    templates = files("partition_gate.apps.cli").joinpath("project_templates")
    for path, template in FILES.items():
        yield path, _filled(templates.joinpath(template).read_text(encoding="utf-8"), values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= _KEPT


def _write(folder: Path, texts: Mapping[str, str], day: date) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    contracts = ContractFolder(folder / "contracts", folder / "expectations")
    for path in contracts.paths():
        contracts.write_suites(path)
    _write_orders(folder / "landing" / "orders" / f"dt={day}" / "part-0.parquet", day)


def _write_orders(path: Path, day: date) -> None:
    import duckdb

    path.parent.mkdir(parents=True)
    midnight = datetime.combine(day, time(), UTC).timestamp()
    with duckdb.connect() as connection:
        connection.sql(_ORDERS, params={"midnight": midnight}).write_parquet(str(path))
