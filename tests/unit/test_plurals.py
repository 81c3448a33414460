"""No message says "1 rows": the code has compared each number before a plural with 1, or it cannot be 1."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path("include/partition_gate")
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "testing" not in path.parts)
TEMPLATES = sorted(PACKAGE.rglob("*.html"))
NOUNS = (
    *(
        "attempt",
        "byte",
        "change",
        "character",
        "check",
        "clause",
        "column",
        "commit",
        "contract",
        "copy",
        "dataset",
        "entry",
    ),
    *("day", "difference", "error", "file", "folder", "hour", "incident", "key", "line", "message", "minute", "month"),
    *("mutation", "null", "partition", "period", "point", "problem", "query", "report", "row", "rule", "second", "set"),
    *("table", "test", "time", "try", "value", "version", "warning", "week"),
)
PLURAL = re.compile(
    r" (?:[a-z]+ )?(?:" + "|".join(f"{noun.removesuffix('y')}ies|{noun}s" for noun in NOUNS) + r")(?![\w/-])"
)
# Numbers that cannot be 1, by the beginning of the text in which they stand. Constants are in upper case.
NEVER_ONE = {
    "{relation} rows SEMI JOIN": "SQL: the alias of a table",
    "{table.name}: {split.rows_passing} passing and": "a defect of ours, told to the developers with both numbers",
    "the ledger {database.shown} has tables of version": "a number of a version",
    "{sign}{size * 100:.2f} points": "a number with two decimals",
    "{bounds.words} rows per partition": "bounds in words, such as `between 1 and 5`",
    "{bounds.words} bytes per partition": "bounds in words",
    "Guess: half the smallest to twice the largest": "two numbers, `5 to 9`",
    "Guess: the most common distance between": "a distance needs two keys",
    "{shown}… ({length:,} characters)": "a text that was cut, so it is long",
    "has {len(name):,} characters; write at most": "a name that is too long",
    "the number has {len(text):,} characters": "a number that is too long",
    "the file has {len(text):,} characters; shorten": "a file that is too long",
    "{minutes // (24 * 60):,} days": "only from two days on",
    "column {self.column}: {self.null_count} nulls in": "a defect of ours, told to the developers",
    "{displayed(combined.dataset)}: {displayed(which)}": "a title of counters",
}


def suspects(tree: ast.AST, parents: tuple[ast.AST, ...] = ()) -> Iterator[str]:
    """Each f-string in which a number of unknown size stands right before a plural."""
    if isinstance(tree, ast.JoinedStr) and not any(map(_compares_with_one, parents)):
        for before, number, after in zip([None, *tree.values], tree.values, tree.values[1:], strict=False):
            if _is_unknown(number) and PLURAL.match(_text(after)) and not _text(before).endswith(" of "):
                yield ast.unparse(tree).lstrip("f\"'")
                break
    for child in ast.iter_child_nodes(tree):
        yield from suspects(child, (*parents, tree))


def _text(part: ast.AST | None) -> str:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""


def _is_unknown(part: ast.AST) -> bool:
    """A number other than a constant. What is a whole (`3 of {rows} rows`) may be 1."""
    if not isinstance(part, ast.FormattedValue):
        return False
    return not (isinstance(part.value, ast.Name) and part.value.id.isupper())


def _compares_with_one(node: ast.AST) -> bool:
    if not isinstance(node, ast.IfExp | ast.If):
        return False
    compared = (part for part in ast.walk(node.test) if isinstance(part, ast.Compare))
    constants = (one.value for part in compared for one in ast.walk(part) if isinstance(one, ast.Constant))
    return 1 in constants


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_number_before_a_plural_is_not_one(path: Path):
    found = suspects(ast.parse(path.read_text()))
    assert [text for text in found if not text.startswith(tuple(NEVER_ONE))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_number_before_a_plural_in_a_page_is_not_one(path: Path):
    assert re.findall(r"\{\{[^}]*\}\}" + PLURAL.pattern, path.read_text()) == []


@pytest.mark.parametrize(
    "code",
    ['f"{n} rows"', 'f"in {n:,} other files"', 'f"{len(x)} entries"', 'f"{n} rows" if n > 5 else ""'],
)
def test_a_message_without_a_comparison_is_found(code: str):
    assert len(list(suspects(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code", ['f"{n} rows" if n > 1 else "1 row"', 'f"{n} of {m} rows"', 'f"{MOST} rows"', 'f"{n} rowset"']
)
def test_a_message_with_a_comparison_is_not_found(code: str):
    assert list(suspects(ast.parse(code))) == []


def test_no_exception_is_left_over():
    texts = [text for path in SOURCES for text in suspects(ast.parse(path.read_text()))]
    assert [known for known in NEVER_ONE if not any(text.startswith(known) for text in texts)] == []
