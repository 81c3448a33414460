"""Make each change of the table in a copy of the package and run the tests that must fail (`make mutate`).

Prints a line a mutation and exits 1 when one survives. Each is tried in a fork of a process that has imported the
libraries, which takes longer than most tests; nothing of the package itself is imported before the fork.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
# pytest: 1 says that tests failed; everything else, that they could not be run.
TESTS_FAILED = 1
_LIBRARIES = ("great_expectations", "pandas", "pyarrow.parquet", "duckdb", "deltalake", "sqlalchemy", "hypothesis")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every mutation was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutations whose harm or file contains this text")
    only = parser.parse_args(arguments).only
    chosen = [mutation for mutation in MUTATIONS if only in f"{mutation.harm} {mutation.file}"]
    for library in _LIBRARIES:
        importlib.import_module(library)
    with TemporaryDirectory(prefix="mutations-") as scratch:
        caught = _try([_copied(Path(scratch) / str(number)) for number in range(WORKERS)], chosen)
    print(f"{caught} of {len(chosen)} mutations caught")
    return 0 if caught == len(chosen) else 1


class _Trial(NamedTuple):
    """A mutation that is made in a tree, whose file had this text, and when its tests began."""

    mutation: Mutation
    tree: Path
    original: str
    began: float


def _try(trees: list[Path], mutations: Sequence[Mutation]) -> int:
    """How many were caught; as many at the same time as there are trees."""
    left, running, caught = list(mutations)[::-1], dict[int, _Trial](), 0
    while left or running:
        while left and trees:
            trial = _made(left.pop(), trees.pop())
            running[_begin(trial)] = trial
        pid, status = os.wait()
        trial = running.pop(pid)
        caught += _told(trial, os.waitstatus_to_exitcode(status))
        trees.append(trial.tree)
    return caught


def _made(mutation: Mutation, tree: Path) -> _Trial:
    file = _file(mutation, tree)
    original = file.read_text()
    file.write_text(original.replace(mutation.old, mutation.new))
    return _Trial(mutation, tree, original, time.monotonic())


def _told(trial: _Trial, answer: int) -> bool:
    """Undo the mutation and print what came of it; whether it was caught."""
    _file(trial.mutation, trial.tree).write_text(trial.original)
    word = {TESTS_FAILED: "caught", 0: "SURVIVED"}.get(answer, f"NOT RUN ({answer})")
    print(
        f"{word:10} {time.monotonic() - trial.began:5.1f} s  {trial.mutation.file}: {trial.mutation.harm}", flush=True
    )
    return answer == TESTS_FAILED


def _file(mutation: Mutation, tree: Path) -> Path:
    return tree / "include" / "partition_gate" / mutation.file


def _begin(trial: _Trial) -> int:
    """Run its tests in a fork; the process's id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        answer = 2
        try:
            answer = _answer(trial)
        finally:
            os._exit(answer)
    return pid


def _answer(trial: _Trial) -> int:
    """pytest's exit code in the tree, in a process that has imported nothing of it yet."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.chdir(trial.tree)
    os.environ |= {"PYTHONPATH": str(trial.tree / "include"), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tests", "partition_gate"}]:
        del sys.modules[name]
    sys.path[:] = [str(trial.tree / "include"), str(trial.tree), *(path for path in sys.path if _is_foreign(path))]
    importlib.invalidate_caches()
    imported_before = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(
        pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", *imported_before, "-k", trial.mutation.only, trial.mutation.tests]
        )
    )


def _is_foreign(path: str) -> bool:
    return Path(path).resolve() not in {ROOT, ROOT / "include"}


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


if __name__ == "__main__":
    sys.exit(main())
