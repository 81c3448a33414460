"""`make bench FIFTY=1`: the cost of ten times as many rows, in CPU seconds and memory. Prints and writes the table."""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from run import CONTENDERS, ROOT, VARIANTS, Measured, partition, run

REFERENCE = ROOT / "docs/reference/benchmarks_growth.md"
TIMES = 10
HEAD = "| what | variant | {few:,} rows, s | range | {many:,} rows, s | range | ratio | peak MB, few | peak MB, many |"
MEASURED_SCRIPTS = ("gate", "gate_load")


def main() -> None:
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    contenders = [contender for contender in CONTENDERS if contender.script in MEASURED_SCRIPTS]
    sizes = (options.rows, options.rows * TIMES)
    files = {(variant, rows): partition(options.folder, rows, variant) for variant in VARIANTS for rows in sizes}
    measured = {(contender.script, *case): Measured() for contender in contenders for case in files}
    for number in range(options.runs):
        print(f"round {number + 1} of {options.runs}", file=sys.stderr, flush=True)
        for contender in contenders:
            for case, file in files.items():
                run(Path(sys.executable), contender, file, measured[contender.script, *case])
    lines = [HEAD.format(few=sizes[0], many=sizes[1]), "|---|---|--:|---|--:|---|--:|--:|--:|"]
    for contender in contenders:
        for variant in VARIANTS:
            few, many = (measured[contender.script, variant, rows] for rows in sizes)
            lines.append(_line(contender.name, variant, few, many))
    report = "\n".join([*_introduction(options.runs), *lines]) + "\n"
    print(report)
    REFERENCE.write_text(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / ".gate/bench")
    return parser.parse_args()


def _introduction(runs: int) -> list[str]:
    return [
        "# Growth",
        "",
        "Written by `make bench FIFTY=1`. Do not edit.",
        "",
        f"CPU seconds for the work, as in [benchmarks](benchmarks.md): medians of n = {runs} rounds, with the range. "
        "The files are in the page cache as far as they fit into memory. `ratio` compares the larger number of rows "
        f"with the smaller one; {TIMES} is linear. Peak memory is the maximum of all rounds.",
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
