"""`make bench FIFTY=1`: what ten times the rows cost, in CPU seconds and memory, as a table, and in the reference."""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from run import CONTENDED, ROOT, VARIANTS, Measured, partition, run

REFERENCE = ROOT / "docs/reference/benchmarks_growth.md"
TIMES = 10
HEAD = "| what | variant | {few:,} rows, s | range | {many:,} rows, s | range | ratio | peak MB, few | peak MB, many |"
SCRIPTS = ("gate", "gate_load")


def main() -> None:
    asked = _asked()
    asked.folder.mkdir(parents=True, exist_ok=True)
    contended = [one for one in CONTENDED if one.script in SCRIPTS]
    sizes = (asked.rows, asked.rows * TIMES)
    files = {(variant, rows): partition(asked.folder, rows, variant) for variant in VARIANTS for rows in sizes}
    measured = {(one.script, *place): Measured() for one in contended for place in files}
    for number in range(asked.runs):
        print(f"round {number + 1} of {asked.runs}", file=sys.stderr, flush=True)
        for one in contended:
            for place, file in files.items():
                run(Path(sys.executable), one, file, measured[one.script, *place])
    lines = [HEAD.format(few=sizes[0], many=sizes[1]), "|---|---|--:|---|--:|---|--:|--:|--:|"]
    for one in contended:
        for variant in VARIANTS:
            few, many = (measured[one.script, variant, rows] for rows in sizes)
            lines.append(_line(one.name, variant, few, many))
    report = "\n".join([*_introduction(asked.runs), *lines]) + "\n"
    print(report)
    REFERENCE.write_text(report)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / ".gate/bench")
    return parser.parse_args()


def _introduction(runs: int) -> list[str]:
    return [
        "# Growth",
        "",
        "Written by `make bench FIFTY=1`; not edited by hand.",
        "",
        f"CPU seconds of the work, as in [benchmarks](benchmarks.md): medians of n = {runs} rounds, with the range, "
        f"the files warm where memory holds them. `ratio` is of the many rows to the few; {TIMES} is linear. Of the "
        "peak memory it is the largest.",
        "",
    ]


def _line(name: str, variant: str, few: Measured, many: Measured) -> str:
    cells = [name, variant]
    for measured in (few, many):
        cells += [f"{statistics.median(measured.work_s):.2f}", f"{min(measured.work_s):.2f}-{max(measured.work_s):.2f}"]
    ratio = statistics.median(many.work_s) / statistics.median(few.work_s)
    cells += [f"{ratio:.1f}", f"{max(few.peak_mb):.0f}", f"{max(many.peak_mb):.0f}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
