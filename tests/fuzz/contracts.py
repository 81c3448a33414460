"""Contract files: documents of the standard with a few things changed, and any text at all."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from tests.corpus.mutations import parts
from tests.fuzz.target import Target

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.reports import FORMATS
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Level

_FILES = sorted([*Path("tests/corpus").glob("*.odcs.yaml"), Path("tests/corpus/orders.yaml")])
_TEXTS = tuple(file.read_text(encoding="utf-8") for file in _FILES)
_DOCUMENTS: tuple[dict[str, Any], ...] = tuple(yaml.safe_load(text) for text in _TEXTS)
_KNOWN = Known(name="c", datasets={"customers": frozenset({"id"})})
_ENVIRONMENTS = (None, "prod", "dev", "")
# Values that are of another type, at a limit, or special for something that reads them.
_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 10**400, 0.1, float("nan"), float("inf"), [], {}, [[]], [{}], [None], {"a": {}}),
    *(
        "",
        " ",
        "\0",
        "\u202e",
        "\ufeff",
        "é",
        "😀",
        "x" * 300,
        "~",
        ".",
        "..",
        "/",
        "//",
        "*",
        "{",
        "}",
        "{}",
        "{dt:%Y}",
    ),
    *("{a}{b}", "{dt:%Y/%m/%d}/*", "http://[", "s3://", "s3://b/{dt}", "https://u:p@h", "file:///../..", "a@b", "#c"),
    *(
        "2026-01-01",
        "2026-13-45",
        "P1D",
        "PT0S",
        "R/P1D",
        "0 0 * * *",
        "60 25 * * *",
        "* * 31 2 *",
        "1e999",
        "-0",
        "5%",
    ),
    *(
        "DECIMAL(99,99)",
        "DECIMAL(",
        "STRUCT(a INT)",
        "MAP(",
        "INT[]",
        "(",
        "(?<=a)",
        "a{99999}",
        "[",
        "\\",
        "${x}",
        "{{",
    ),
    *(
        "SELECT 1",
        "SELECT",
        "DROP TABLE x",
        "--",
        "'",
        '"',
        "a.b",
        "a.b.c.d",
        "schema[0].properties[0]",
        "Europe/Paris",
    ),
)
_odd = st.sampled_from(_ODD) | st.text(max_size=12) | st.integers() | st.floats()


def _every_place(value: Any, path: str = "") -> Iterator[str]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        inner = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")
        yield inner
        yield from _every_place(member, inner)


_PLACES = tuple(tuple(_every_place(document)) for document in _DOCUMENTS)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A contract of the corpus with one to four places replaced, removed, repeated, moved or renamed."""
    number = draw(st.integers(0, len(_DOCUMENTS) - 1))
    document = copy.deepcopy(_DOCUMENTS[number])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(_PLACES[number]))
        found = _holder(document, place)
        if found is not None:
            _change(draw, found, _value(document, draw(st.sampled_from(_PLACES[number]))))
    return yaml.safe_dump(document, allow_unicode=draw(st.booleans()), sort_keys=False)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Any text, characters of YAML, or a contract of the corpus with a few pieces cut out or put in."""
    soup = st.text("ab:-[]{}&*!|>'\"#%@`\n\t ?,~<=.0", max_size=80)
    if draw(st.booleans()):
        return draw(st.text(max_size=200) | soup)
    text = draw(st.sampled_from(_TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.text(max_size=6) | soup) + text[start + draw(st.integers(0, 40)) :]
    return text


def check_text(text: str) -> None:
    """Reading returns a contract or a sentence, lint and reading agree, and each report can hold what lint found."""
    contract, findings = examine(text, path="c.yaml", folder="/c", environment=None, known=_KNOWN)
    if contract is None and not any(finding.level is Level.ERROR for finding in findings):
        raise AssertionError("refused without a sentence")
    for report in FORMATS.values():
        report([LintedFile(path="c.yaml", contract=None, findings=findings)])
    for environment in _ENVIRONMENTS if contract else (None,):
        _check_reading(text, environment, is_accepted=contract is not None)


TARGETS = (
    Target("changed contracts", documents(), check_text, weight=2),
    Target("text of contracts", texts(), check_text, weight=6),
)


def _check_reading(text: str, environment: str | None, *, is_accepted: bool) -> None:
    try:
        read = read_contract(text, path="c.yaml", folder="/c", environment=environment)
    except ContractError as error:
        if not str(error).startswith("c.yaml"):
            raise AssertionError(f"the file is not named: {error}") from error
        if environment is None and is_accepted:
            raise AssertionError("lint accepts what reading refuses") from error
    else:
        for dataset in read.datasets:
            compiled(dataset)


def _holder(document: Any, place: str) -> tuple[Any, Any] | None:
    """What holds the value at a place, and its key there; None if an earlier change removed it."""
    *parents, last = parts(place)
    for part in parents:
        document = _member(document, part)
    return (document, last) if _has(document, last) else None


def _value(document: Any, place: str) -> Any:
    found = _holder(document, place)
    return None if found is None else copy.deepcopy(found[0][found[1]])


def _member(holder: Any, key: Any) -> Any:
    return holder[key] if _has(holder, key) else None


def _has(holder: Any, key: Any) -> bool:
    if isinstance(holder, dict):
        return key in holder
    return isinstance(holder, list) and isinstance(key, int) and key < len(holder)


def _change(draw: st.DrawFn, found: tuple[Any, Any], other: Any) -> None:
    holder, key = found
    match draw(st.sampled_from(("replace", "replace", "remove", "move", "repeat", "rename"))):
        case "remove":
            del holder[key]
        case "move":
            holder[key] = other
        case "repeat" if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case "rename" if isinstance(holder, dict):
            holder[draw(st.text(max_size=8) | st.sampled_from(("name", "id", "value", "items")))] = holder.pop(key)
        case _:
            holder[key] = draw(_odd)
