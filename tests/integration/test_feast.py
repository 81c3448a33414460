"""A point-in-time join by Feast itself, with its local provider, in an environment of its own (`make feast`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.tutorials import answered

PYTHON = Path(".venv-feast/bin/python").absolute()
PAGE = Path("docs/how-to/feast.md")


@pytest.mark.skipif(not PYTHON.exists(), reason="Feast needs an older pandas: `make feast` builds its environment")
def test_a_point_in_time_join_never_reads_past_safe_through():
    page = PAGE.read_text(encoding="utf-8")
    (promised,) = re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE)

    joined = answered(f"{page}\n```console\n$ {PYTHON} -W ignore join.py 2> errors.txt || cat errors.txt\n```\n")

    assert joined.rpartition("errors.txt\n")[2].removesuffix("```\n").splitlines() == promised.splitlines()
