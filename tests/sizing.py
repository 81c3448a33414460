"""The figures of docs/operations/sizing.md, taken from the pages that the benchmarks write.

`python -m tests.sizing` writes them into the page, after `make bench` has written new ones.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path("docs/operations/sizing.md")
_BENCHMARKS = Path("docs/reference/benchmarks.md")
_GROWTH = Path("docs/reference/benchmarks_growth.md")
_PUBLISH = "Partition Gate: verdict, split and publish"
_BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)


def shown() -> str:
    """The figures that the page shows."""
    found = _BLOCK.search(PAGE.read_text())
    assert found is not None
    return found[0]


def measured() -> str:
    """CPU seconds and memory by rows, and what a process of its own costs, as Markdown."""
    small, clean = (_row(_section(_BENCHMARKS, name), _PUBLISH) for name in ("small", "clean"))
    growth = [_row(_GROWTH.read_text(), _PUBLISH, variant) for variant in ("clean", "dirty")]
    few, many = (
        " | ".join(f"{row[f'{rows} rows, s']} s, {row[f'peak MB, {size}']} MB" for row in growth)
        for rows, size in (("5,000,000", "few"), ("50,000,000", "many"))
    )
    return f"""
| rows | clean | dirty |
|--:|---|---|
| 10,000 | {small["work s"]} s, {small["peak MB"]} MB | not measured |
| 5,000,000 | {few} |
| 50,000,000 | {many} |

For 5,000,000 clean rows, the whole process took {clean["process s"]} s, and the work in it {clean["work s"]} s.

"""


def _section(page: Path, name: str) -> str:
    return page.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def _row(text: str, *labels: str) -> dict[str, str]:
    """The first table row that begins with these cells, by the names of the columns."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line] for line in lines]
    found = next(row for row in table if row[: len(labels)] == list(labels))
    return dict(zip(table[0], found, strict=True))


if __name__ == "__main__":
    PAGE.write_text(_BLOCK.sub(lambda _: measured(), PAGE.read_text()))
