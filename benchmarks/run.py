"""`make bench`: CPU seconds of Partition Gate and of other tools on one partition. Prints and writes the tables."""

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
SCRIPTS = Path(__file__).parent / "contenders"
REFERENCE = ROOT / "docs/reference/benchmarks.md"
VARIANTS = ("clean", "unordered", "dirty")
SMALL = "small"
SMALL_ROWS = 10_000
LONGEST_RUN_S = 600


@dataclass(frozen=True)
class Contender:
    """A script of `contenders/`, its displayed name, and the packages of its own environment.

    `baseline`: the script that the ratios compare with. `shows_rows`: the script returns the failing rows with all
    their reasons; the others return counts. `variants`: the partitions that it runs on.
    """

    script: str
    name: str
    baseline: str
    shows_rows: bool
    packages: tuple[str, ...] = ()
    variants: tuple[str, ...] = (*VARIANTS, SMALL)


CONTENDERS = (
    Contender("hand_sql", "one hand-written DuckDB statement", "hand_sql", shows_rows=True),
    Contender("gate", "Partition Gate: verdict and failing rows", "hand_sql", shows_rows=True),
    Contender("gate_task", "the same, in a task forked after all imports", "hand_sql", shows_rows=True),
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
    Contender("gate_load_uncounted", "the same, without column counters", "hand_load", shows_rows=True),
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
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    files = {variant: partition(options.folder, options.rows, variant) for variant in VARIANTS}
    files[SMALL] = partition(options.folder, SMALL_ROWS, "clean")
    contenders = [contender for contender in CONTENDERS if not options.only or contender.script in options.only]
    pythons = {contender.script: _python(contender, options.folder) for contender in contenders}
    measured = {(contender.script, variant): Measured() for contender in contenders for variant in files}
    for number in range(options.runs):
        print(f"round {number + 1} of {options.runs}", file=sys.stderr, flush=True)
        for contender, variant in _shuffled(contenders, number):
            if (python := pythons[contender.script]) is not None:
                run(python, contender, files[variant], measured[contender.script, variant])
    report = _report(options, contenders, measured, files)
    print(report)
    if not options.only:
        REFERENCE.write_text(report)


def _shuffled(contenders: list[Contender], number: int) -> list[tuple[Contender, str]]:
    """Every contender on each of its variants, in another order each round.

    So a busy minute of the machine affects all of them, and none always runs after one that leaves a lot of data to be
    written to disk.
    """
    runs = [(contender, variant) for contender in contenders for variant in contender.variants]
    return sorted(runs, key=lambda run: sha256(f"{number} {run[0].script} {run[1]}".encode()).digest())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / ".gate/bench")
    parser.add_argument("--only", nargs="*", default=[], help="run these scripts only, and do not write the page")
    return parser.parse_args()


def partition(folder: Path, rows: int, variant: str) -> Path:
    path = (folder / f"orders-{rows}-{variant}.parquet").resolve()
    if not path.exists():
        draft = path.with_suffix(".draft")
        subprocess.run([sys.executable, SCRIPTS / "orders.py", str(rows), variant, str(draft)], check=True)
        draft.rename(path)
    return path


def _python(contender: Contender, folder: Path) -> Path | None:
    """The interpreter of the contender's own environment; None if its packages cannot be installed."""
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
            print(f"{contender.name} cannot be installed here and is skipped", file=sys.stderr)
            return None
        done.touch()
    return python


def run(python: Path, contender: Contender, file: Path, measured: Measured) -> None:
    environment = ["env", f"PYTHONPATH={ROOT / 'include'}", "GX_ANALYTICS_ENABLED=False"]
    process = subprocess.run(
        [*environment, python, SCRIPTS / f"{contender.script}.py", str(file)],
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN_S,
        check=False,
    )
    if process.returncode:
        raise SystemExit(f"{contender.name} on {file.name}:\n{process.stderr[-2000:]}")
    result = json.loads(process.stdout.splitlines()[-1])
    for name in ("work_s", "process_s", "peak_mb"):
        getattr(measured, name).append(result[name])


def _report(
    options: argparse.Namespace,
    contenders: list[Contender],
    measured: dict[tuple[str, str], Measured],
    files: dict[str, Path],
) -> str:
    sizes = ", ".join(
        f"{variant} {file.stat().st_size / 1e6:.0f} MB" for variant, file in files.items() if variant != SMALL
    )
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Do not edit.",
        "",
        f"One partition of {options.rows:,} rows and 11 columns ({sizes}), 15 checks, the file in the page cache, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. Each measurement is the CPU time of all threads "
        f"(`getrusage`) in a new process; medians of n = {options.runs} rounds, each in another order, with the range. "
        "`work` starts after all imports; `process` is the whole process. For a task, which Airflow forks from a "
        "process with everything imported, `process` starts at the fork. Each `ratio` compares with the hand-written "
        "statement on the same variant, within this run. The variants: `clean` has ordered keys, `unordered` has "
        "scattered keys, `dirty` has scattered keys and nine rules that one row in 1000 breaks, `small` is `clean` "
        f"with {SMALL_ROWS:,} rows. For larger partitions see [growth](benchmarks_growth.md).",
    ]
    for variant in files:
        lines += ["", f"## {variant}", "", *_table(contenders, measured, variant)]
    return "\n".join(lines) + "\n"


def _table(contenders: list[Contender], measured: dict[tuple[str, str], Measured], variant: str) -> list[str]:
    lines = [
        "| what | failing rows | work s | range | ratio | process s | ratio | peak MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for contender in [contender for contender in contenders if variant in contender.variants]:
        runs, base = measured[contender.script, variant], measured.get((contender.baseline, variant), Measured())
        if not runs.work_s:
            lines.append(f"| {contender.name} | not installable here | | | | | | |")
            continue
        shown = "all, with reasons" if contender.shows_rows else "no"
        cells = [contender.name, shown, f"{statistics.median(runs.work_s):.2f}"]
        cells += [f"{min(runs.work_s):.2f}-{max(runs.work_s):.2f}", _ratio(runs.work_s, base.work_s)]
        cells += [f"{statistics.median(runs.process_s):.2f}", _ratio(runs.process_s, base.process_s)]
        lines.append(f"| {' | '.join([*cells, f'{max(runs.peak_mb):.0f}'])} |")
    return lines


def _ratio(seconds: list[float], base: list[float]) -> str:
    return f"{statistics.median(seconds) / statistics.median(base):.2f}" if base else ""


if __name__ == "__main__":
    main()
