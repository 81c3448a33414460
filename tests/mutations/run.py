"""Make each change of the table in a copy of the package and run the tests that must fail (`make mutate`).

Prints a line a mutation and exits 1 when one survives.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
# pytest: 1 says that tests failed; everything else, that they could not be run.
TESTS_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every mutation was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutations whose harm or file contains this text")
    only = parser.parse_args(arguments).only
    chosen = [mutation for mutation in MUTATIONS if only in f"{mutation.harm} {mutation.file}"]
    with TemporaryDirectory(prefix="mutations-") as scratch:
        copies: Queue[Path] = Queue()
        for number in range(WORKERS):
            copies.put(_copied(Path(scratch) / str(number)))
        with ThreadPoolExecutor(WORKERS) as pool:
            caught = list(pool.map(lambda mutation: _is_caught(mutation, copies), chosen))
    print(f"{sum(caught)} of {len(chosen)} mutations caught")
    return 0 if all(caught) else 1


def _copied(into: Path) -> Path:
    """A copy of the tree with everything that tests read."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, names.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def _is_caught(mutation: Mutation, copies: Queue[Path]) -> bool:
    tree = copies.get()
    begin = time.monotonic()
    try:
        answer = _answer(mutation, tree)
    finally:
        copies.put(tree)
    word = {TESTS_FAILED: "caught", 0: "SURVIVED"}.get(answer, f"NOT RUN ({answer})")
    print(f"{word:10} {time.monotonic() - begin:5.1f} s  {mutation.file}: {mutation.harm}", flush=True)
    return answer == TESTS_FAILED


def _answer(mutation: Mutation, tree: Path) -> int:
    """pytest's exit code with the mutation made."""
    file = tree / "include" / "partition_gate" / mutation.file
    original = file.read_text()
    file.write_text(original.replace(mutation.old, mutation.new))
    try:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", mutation.only, mutation.tests],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree / "include"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        ).returncode
    finally:
        file.write_text(original)


if __name__ == "__main__":
    sys.exit(main())
