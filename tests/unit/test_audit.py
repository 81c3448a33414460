"""`make audit`: silence of the service is never taken for safety."""

from __future__ import annotations

import json

import pytest
from deploy.audit import judged

SAFE = {"name": "rich", "version": "15.0.0", "vulns": []}
VULNERABLE = {"name": "jinja2", "version": "3.1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}]}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found on PyPI and could not be audited: yarl (1.25.1)"}


def answer(*packages: object) -> dict[str, str]:
    return {"requirements.lock": json.dumps({"dependencies": packages})}


def test_packages_without_a_known_vulnerability_pass():
    assert judged(answer(SAFE)) == (0, ["no known vulnerability in requirements.lock"])


def test_a_vulnerability_is_named_with_its_package_and_its_fix():
    assert judged(answer(SAFE, VULNERABLE)) == (1, ["requirements.lock: jinja2 3.1.0: PYSEC-1; fixed in 3.1.6"])


@pytest.mark.parametrize("answers", [answer(SAFE, SKIPPED), answer(), {"requirements.lock": ""}])
def test_packages_that_could_not_be_looked_up_are_not_safe(answers: dict[str, str]):
    code, lines = judged(answers)

    assert (code, len(lines)) == (2, 1)
    assert "could not be asked about every package" in lines[0]
