"""Reading YAML: what can hide, multiply or change content is refused at once, with the line."""

from __future__ import annotations

import codecs
import gc
import time

import pytest

from partition_gate.core.errors import ContractError
from partition_gate.core.strict_yaml.reading import MAX_BYTES, decoded, dotted, load_document, parse

BOMB = "a: &a [x, x]\n" + "\n".join(f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True))

HOSTILE = {
    "an alias bomb": (BOMB, "anchors and aliases are not allowed"),
    "an anchor": ("a: &x 1\n", r"a: YAML anchors .*\(line 1\)"),
    "an alias of itself": ("&a [*a]", "anchors and aliases"),
    "a tag of Python": ("a: !!python/object:os.system {}\n", r"a: YAML tags are not allowed.*\(line 1\)"),
    "a tag of our own": ("b: 1\na: !secret x\n", r"a: YAML tags are not allowed.*\(line 2\)"),
    "a standard tag": ("a: !!str 1\n", "tags are not allowed"),
    "a directive": ("%TAG ! tag:evil,2000:\n---\na: 1\n", "directives .* are not allowed"),
    "a duplicate key": ("id: 1\nid: 2\n", r"id: the key 'id' is a duplicate; remove one of them \(line 2\)"),
    "a duplicate key below": ("a:\n  b: 1\n  c: 2\n  b: 3\n", r"a\.b: the key 'b' is a duplicate.*\(line 4\)"),
    "a duplicate key in quotes": ('a: 1\n"a": 2\n', "is a duplicate"),
    "a merge key": ("a:\n  <<: {b: 1}\n", "the key '<<' is not read as text"),
    "a number as key": ("1: x\n", "the key '1' is not read as text; quote it"),
    "a truth value as key": ("on: x\n", "the key 'on' is not read as text"),
    "a list as key": ("? [a]\n: 1\n", "a key is a list or a mapping"),
    "a second document": ("a: 1\n---\nb: 2\n", r"a second document begins .*\(line 2\)"),
    "deep lists": ("a: " + "[" * 100_000, "deeper than 40 levels"),
    "deep mappings": ("{a: " * 100_000, "deeper than 40 levels"),
    "deep blocks": ("- " * 100_000, "deeper than 40 levels"),
    "very many values": ("a: [" + "1," * 450_000 + "]", "more than 100,000 values"),
    "a file of 10 MB": ("a: " + "x" * 10_000_000, "10,000,003 characters"),
    "a null byte": ("a: 1\nb: \x00\n", r"control character U\+0000; remove it \(line 2\)"),
    "an escape character": ("a: \x1b[31m\n", r"control character U\+001B"),
    "a byte order mark within": ("a: 1\n\ufeffb: 2\n", r"control character U\+FEFF"),
    "a tab as indentation": ("a:\n\t- 1\n", r"indent with spaces, not tabs \(line 2\)"),
    "a huge whole number": ("a: " + "9" * 5_000, "the number has 5,000 characters"),
    "a huge exponent": ("a: 1.0e+999\n", "is not the number it looks like"),
    "infinity": ("a: .inf\n", "is not the number it looks like"),
    "no number": ("a: .nan\n", "is not the number it looks like"),
    "an octal number": ("a: 010\n", "010 is not the number it looks like"),
    "a number of base 60": ("a: 17:30\n", "17:30 is not the number it looks like"),
    "a number with underscores": ("a: 1_000\n", "1_000 is not the number it looks like"),
    "an open bracket": ("a: [1\n", r"not valid YAML: .*\(line 2\)"),
    "an open quote": ("a: 'x\n", "not valid YAML"),
    "two colons": ("a: b: c\n", r"not valid YAML: mapping values .*quote the value"),
    "nothing": ("", "the file is empty"),
    "a list": ("- 1\n", "the file is a list, not a mapping"),
    "a word": ("contract\n", "the file is a single value, not a mapping"),
}


@pytest.mark.parametrize(("text", "sentence"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_before_it_costs_anything(text, sentence):
    # Each is refused in about a second; reading one whole would take minutes or all memory.
    assert _refusal_s(text, sentence) < 20


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (codecs.BOM_UTF8 + b"a: 1", "byte order mark; save it as UTF-8 without BOM"),
        ("a: 1".encode("utf-16"), "byte order mark"),
        (b"a: 1\nb: \xff\xfe\n", r"byte 9 is not UTF-8; save the file as UTF-8 \(line 2\)"),
        (b"x" * (MAX_BYTES + 1), "larger than 1,000,000 bytes"),
    ],
    ids=["utf-8 mark", "utf-16", "latin-1", "too large"],
)
def test_bytes_that_are_no_plain_utf8_are_refused(raw, sentence):
    with pytest.raises(ContractError, match=sentence):
        decoded(raw, path="orders.odcs.yaml")


def test_all_traps_of_a_file_are_told_at_once():
    _, findings = parse("a: &x 1\nb: !!str 2\nb: 3\nc: 010\n")

    assert [(finding.place, finding.line) for finding in findings] == [("a", 1), ("b", 2), ("b", 3), ("c", 4)]


def test_dates_stay_text_and_numbers_stay_numbers():
    text = "a: 2026-01-31\nb: 2026-01-31T10:00:00Z\nc: -1.5e+3\nd: 0\ne: '010'\n"

    mapping = load_document(text, path="x").mapping

    assert mapping == {"a": "2026-01-31", "b": "2026-01-31T10:00:00Z", "c": -1500.0, "d": 0, "e": "010"}


def test_every_place_has_its_line_and_a_missing_one_that_of_its_parent():
    document = load_document("a:\n  - b: 1\n    c: {d: 2}\n  -\n    e: [1,\n      2]\n", path="x")

    lines = {place: document.line(place) for place in ("a", "a[0].c.d", "a[1].e[1]", "a[0].nothing", "a[7].x")}

    assert lines == {"a": 1, "a[0].c.d": 3, "a[1].e[1]": 6, "a[0].nothing": 2, "a[7].x": 1}


def test_a_place_has_one_spelling():
    assert dotted(("schema", 0, "properties", 3, "name")) == "schema[0].properties[3].name"


def _refusal_s(text: str, sentence: str) -> float:
    """CPU seconds until the file is refused with this sentence."""
    gc.disable()
    begin = time.process_time()
    try:
        with pytest.raises(ContractError, match=sentence) as error:
            load_document(text, path="orders.odcs.yaml")
        seconds = time.process_time() - begin
    finally:
        gc.enable()
    assert str(error.value).startswith("orders.odcs.yaml: ")
    return seconds
