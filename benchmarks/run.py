"""`make bench`: CPU seconds of Partition Gate and of others on one partition, as a table, and in the reference."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTENDERS = Path(__file__).parent / "contenders"
REFERENCE = ROOT / "docs/reference/benchmarks.md"
VARIANTS = ("clean", "unordered", "dirty")
SMALL = "small"
SMALL_ROWS = 10_000
LONGEST_RUN_S = 600


@dataclass(frozen=True)
class Contender:
    """A script of `contenders/`, what people call it, the packages of its own environment, and what it is held against.

    `shows_rows`: it gives the failing rows with all their reasons; the others give counts. `variants` are those that it
    runs on.
    """

    script: str
    name: str
    against: str
    shows_rows: bool
    packages: tuple[str, ...] = ()
    variants: tuple[str, ...] = (*VARIANTS, SMALL)


CONTENDED = (
    Contender("hand_sql", "one hand-written DuckDB statement", "hand_sql", shows_rows=True),
    Contender("gate", "Partition Gate: verdict and failing rows", "hand_sql", shows_rows=True),
    Contender("gate_task", "the same as a task forked with everything imported", "hand_sql", shows_rows=True),
    Contender("hand_counts", "hand-written DuckDB, counts only", "hand_sql", shows_rows=False),
    Contender("polars_lazy", "Polars, lazy", "hand_sql", shows_rows=True, packages=("polars",)),
    Contender("soda_v4", "Soda v4", "hand_sql", shows_rows=False, packages=("soda-duckdb>=4",)),
    Contender(
        "datacontract_cli", "datacontract-cli", "hand_sql", shows_rows=False, packages=("datacontract-cli[duckdb]",)
    ),
    Contender(
        "gx_pandas",
        "Great Expectations on pandas",
        "hand_sql",
        shows_rows=False,
        packages=("great-expectations==1.24.1", "pandas", "pyarrow"),
    ),
    Contender(
        "gx_pandas_rows",
        "Great Expectations on pandas, with all failing rows",
        "hand_sql",
        shows_rows=True,
        packages=("great-expectations==1.24.1", "pandas", "pyarrow"),
    ),
    Contender("hand_load", "hand-written statement, and a copy as Parquet", "hand_load", shows_rows=True),
    Contender("gate_load", "Partition Gate: verdict, split and publish", "hand_load", shows_rows=True),
    Contender("gate_load_uncounted", "the same, without the counters of columns", "hand_load", shows_rows=True),
    Contender(
        "gate_s3", "Partition Gate: from S3, published to S3", "hand_load", shows_rows=True, variants=("clean", "dirty")
    ),
)


@dataclass
class Measured:
    """The runs of one contender on one variant."""

    work_s: list[float] = field(default_factory=list)
    process_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)


def main() -> None:
    asked = _asked()
    asked.folder.mkdir(parents=True, exist_ok=True)
    files = {variant: partition(asked.folder, asked.rows, variant) for variant in VARIANTS}
    files[SMALL] = partition(asked.folder, SMALL_ROWS, "clean")
    contended = [one for one in CONTENDED if not asked.only or one.script in asked.only]
    pythons = {one.script: _python(one, asked.folder) for one in contended}
    measured = {(one.script, variant): Measured() for one in contended for variant in files}
    for number in range(asked.runs):
        print(f"round {number + 1} of {asked.runs}", file=sys.stderr, flush=True)
        for one, variant in _in_turn(contended, number):
            if (python := pythons[one.script]) is not None:
                run(python, one, files[variant], measured[one.script, variant])
    report = _report(asked, contended, measured, files)
    print(report)
    if not asked.only:
        REFERENCE.write_text(report)


def _in_turn(contended: list[Contender], number: int) -> list[tuple[Contender, str]]:
    """Every contender on each of its variants, in another order each round: a busy minute of the machine hits all of
    them, and none always comes after one that leaves much to be written to disk.
    """
    every = [(one, variant) for one in contended for variant in one.variants]
    return sorted(every, key=lambda one: sha256(f"{number} {one[0].script} {one[1]}".encode()).digest())


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / ".gate/bench")
    parser.add_argument("--only", nargs="*", default=[], help="scripts to run; nothing is written to the reference")
    return parser.parse_args()


def partition(folder: Path, rows: int, variant: str) -> Path:
    path = (folder / f"orders-{rows}-{variant}.parquet").resolve()
    if not path.exists():
        draft = path.with_suffix(".draft")
        subprocess.run([sys.executable, CONTENDERS / "orders.py", str(rows), variant, str(draft)], check=True)
        draft.rename(path)
    return path


def _python(contender: Contender, folder: Path) -> Path | None:
    """The interpreter of the contender's own environment; None where its packages cannot be installed."""
    if not contender.packages:
        return Path(sys.executable)
    environment = (folder / "peers" / re.sub(r"\W+", "-", " ".join(contender.packages))).resolve()
    python, done = environment / "bin/python", environment / "installed"
    if not done.exists():
        uv = Path(sys.executable).with_name("uv")
        try:
            subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, environment], check=True)
            install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python]
            subprocess.run([*install, *contender.packages, "duckdb"], check=True)
        except subprocess.CalledProcessError:
            print(f"{contender.name} cannot be installed here and is left out", file=sys.stderr)
            return None
        done.touch()
    return python


def run(python: Path, contender: Contender, file: Path, measured: Measured) -> None:
    environment = ["env", f"PYTHONPATH={ROOT / 'include'}", "GX_ANALYTICS_ENABLED=False"]
    ran = subprocess.run(
        [*environment, python, CONTENDERS / f"{contender.script}.py", str(file)],
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN_S,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(f"{contender.name} on {file.name}:\n{ran.stderr[-2000:]}")
    last = json.loads(ran.stdout.splitlines()[-1])
    for name in ("work_s", "process_s", "peak_mb"):
        getattr(measured, name).append(last[name])


def _report(
    asked: argparse.Namespace,
    contended: list[Contender],
    measured: dict[tuple[str, str], Measured],
    files: dict[str, Path],
) -> str:
    sizes = ", ".join(
        f"{variant} {file.stat().st_size / 1e6:.0f} MB" for variant, file in files.items() if variant != SMALL
    )
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; not edited by hand.",
        "",
        f"One partition of {asked.rows:,} rows and 11 columns ({sizes}), 15 checks, the file warm in the page cache, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. CPU seconds of all threads (`getrusage`) in a "
        f"process of its own; medians of n = {asked.runs} rounds, each in another order, with the range. `work` begins "
        "when everything is imported, `process` is the whole process; of a task, which Airflow forks from a process "
        "that has everything imported, from the fork. Each `ratio` is, within this run, to the hand-written statement "
        "on the same variant. Ordered keys: clean. Scattered keys: unordered. Scattered keys and nine rules broken by "
        "one row in 1000 each: dirty. Small: clean, but "
        f"{SMALL_ROWS:,} rows. How it grows with the rows is in [growth](benchmarks_growth.md).",
    ]
    for variant in files:
        lines += ["", f"## {variant}", "", *_table(contended, measured, variant)]
    return "\n".join(lines) + "\n"


def _table(contended: list[Contender], measured: dict[tuple[str, str], Measured], variant: str) -> list[str]:
    lines = [
        "| what | failing rows | work s | range | ratio | process s | ratio | peak MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in [one for one in contended if variant in one.variants]:
        runs, base = measured[one.script, variant], measured.get((one.against, variant), Measured())
        if not runs.work_s:
            lines.append(f"| {one.name} | not installable here | | | | | | |")
            continue
        cells = [one.name, "all, with reasons" if one.shows_rows else "no", f"{statistics.median(runs.work_s):.2f}"]
        cells += [f"{min(runs.work_s):.2f}-{max(runs.work_s):.2f}", _ratio(runs.work_s, base.work_s)]
        cells += [f"{statistics.median(runs.process_s):.2f}", _ratio(runs.process_s, base.process_s)]
        lines.append(f"| {' | '.join([*cells, f'{max(runs.peak_mb):.0f}'])} |")
    return lines


def _ratio(seconds: list[float], base: list[float]) -> str:
    return f"{statistics.median(seconds) / statistics.median(base):.2f}" if base else ""


if __name__ == "__main__":
    main()
