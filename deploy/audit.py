"""Asks whether a vulnerability is known in a locked package: `audit.py PIP-AUDIT LOCK-FILE...` (`make audit`).

Exit code 0 if none is known, 1 if there are some, 2 if not every package could be looked up: pip-audit itself ends
with 0 for packages about which the service did not answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_OPTIONS = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "15", "--format", "json")


def audited(program: str, lock: str) -> str:
    """What pip-audit writes about a lock file: JSON, or nothing if it could not do its work."""
    command = [program, *_OPTIONS, "--requirement", lock]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def judged(answers: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code and the lines to print, from pip-audit's answer about each lock file."""
    vulnerable: list[str] = []
    unknown = 0
    for lock, answer in answers.items():
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"] if answer.strip() else []
        unknown += not packages
        for package in packages:
            unknown += "skip_reason" in package
            vulnerable += [f"{lock}: {_line(package, found)}" for found in package.get("vulns", ())]
    if unknown:
        why = "the vulnerability service could not be asked about every package; try again where it can be reached"
        return 2, [*vulnerable, why]
    return (1, vulnerable) if vulnerable else (0, [f"no known vulnerability in {', '.join(answers)}"])


def main(arguments: Sequence[str]) -> int:
    """Prints what is known, and returns the exit code."""
    program, *locks = arguments
    code, lines = judged({lock: audited(program, lock) for lock in locks})
    print("\n".join(lines))
    return code


def _line(package: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    fixed = f"fixed in {', '.join(found['fix_versions'])}" if found.get("fix_versions") else "there is no fix yet"
    return f"{package['name']} {package['version']}: {found['id']}; {fixed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
