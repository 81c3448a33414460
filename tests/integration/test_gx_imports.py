"""Great Expectations is imported without a search for garbage, and the process is left as it should be."""

from __future__ import annotations

import subprocess
import sys


def test_later_searches_for_garbage_leave_out_what_great_expectations_brought() -> None:
    ask = """
import gc
from partition_gate.adapters.gx.imports import lean_imports
with lean_imports():
    import great_expectations
before = gc.get_freeze_count()
with lean_imports():
    more = [[]]
print(before > 100_000, gc.get_freeze_count() == before, gc.isenabled())
"""

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert ran.stdout.strip() == "True True True", ran.stderr


def test_an_import_that_fails_leaves_the_search_for_garbage_on() -> None:
    ask = """
import gc
from partition_gate.adapters.gx.imports import lean_imports
try:
    with lean_imports():
        import no_such_package
except ModuleNotFoundError:
    print(gc.isenabled())
"""

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert ran.stdout.strip() == "True", ran.stderr


def test_the_process_ends_without_complaint_of_leaks() -> None:
    ask = """
from partition_gate.adapters.gx.imports import lean_imports
with lean_imports():
    import partition_gate.adapters.gx.validator
"""

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
