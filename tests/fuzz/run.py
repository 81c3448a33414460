"""Give readers and writers of the gate a million inputs that nobody would write (`make fuzz`).

A finding is an exception that the code does not document, a broken property, an input that takes too long, or the end
of the process. Exit code 1 if there is one. The same seed and number of executions give the same inputs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.fuzz import contracts, footers, keys, messages
from tests.fuzz.campaign import Finding, run_round
from tests.fuzz.target import Target

TARGETS = (*contracts.TARGETS, *keys.TARGETS, *messages.TARGETS, *footers.TARGETS)
DEFAULT_EXECUTIONS = 1_000_000
DEFAULT_SEED = 20261201
_ROUND = 500  # hypothesis keeps what it tried, so one long search would need more and more memory


def shares(targets: Sequence[Target], executions: int) -> dict[str, int]:
    """Target -> its executions, by weight; at least one."""
    total = sum(target.weight for target in targets)
    return {target.name: max(1, executions * target.weight // total) for target in targets}


def fuzz(targets: Sequence[Target], *, executions: int, seed: int) -> list[Finding]:
    """The findings of all targets; a target ends with its first one."""
    findings = []
    for target in targets:
        wanted = shares(targets, executions)[target.name]
        if finding := _fuzz_one(target, wanted, seed):
            findings.append(finding)
    return findings


def main(arguments: Sequence[str] | None = None, targets: Sequence[Target] = TARGETS) -> int:
    """The exit code: 0 without a finding, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=DEFAULT_EXECUTIONS)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--only", default="", help="targets whose name contains this")
    given = parser.parse_args(arguments)
    chosen = [target for target in targets if given.only in target.name]
    print(f"seed {given.seed}", flush=True)
    findings = fuzz(chosen, executions=given.executions, seed=given.seed)
    for finding in findings:
        print(f"\n{finding.target}: {finding.what}\n  smallest input: {finding.smallest}")
    print(f"{len(findings)} finding{'s' if len(findings) != 1 else ''}")
    return 1 if findings else 0


def _fuzz_one(target: Target, wanted: int, seed: int) -> Finding | None:
    done, begin, said = 0, time.monotonic(), 0.0
    finding = None
    for number in range(-(-wanted // _ROUND)):
        result = run_round(target, examples=min(_ROUND, wanted - done), random_seed=seed + number)
        done, finding = done + result.executions, result.finding
        elapsed = time.monotonic() - begin
        if finding or done >= wanted or elapsed - said > 10:
            said = elapsed
            print(f"{target.name}: {done:,} of {wanted:,} executions, {done / elapsed:,.0f} a second", flush=True)
        if finding or done >= wanted:
            break
    return finding


if __name__ == "__main__":
    sys.exit(main())
