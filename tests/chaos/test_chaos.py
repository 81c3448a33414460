"""The fast part of the chaos suite, and that it would notice if a safeguard were gone.

Each runs in a new process: what other tests have loaded into this one (threads of deltalake) does not survive a fork.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos.scenarios import SAFEGUARDS
from tests.chaos.tally import Tally

Found = dict[str, Tally]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Each scenario with and without its safeguard."""
    shown = python("tests.chaos.scenarios", str(tmp_path_factory.mktemp("chaos")))
    assert shown.returncode == 0, shown.stderr
    return {name: Tally(**values) for name, values in json.loads(shown.stdout.splitlines()[-1]).items()}


def python(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_a_danger_that_is_made_on_purpose_does_no_harm(found: Found, safeguard: str) -> None:
    assert found[safeguard].faults == found[safeguard].tried
    assert found[safeguard].is_clean, found[safeguard]


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_the_same_danger_does_harm_without_its_safeguard(found: Found, safeguard: str) -> None:
    assert not found[f"no {safeguard}"].is_clean


def test_a_small_part_of_the_suite_is_clean() -> None:
    shown = python("tests.chaos.run", "--only", "kills", "--scale", "0.03")

    assert shown.returncode == 0, shown.stdout
