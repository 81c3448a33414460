"""What Great Expectations seldom uses is loaded when it is used, and works then."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
from partition_gate.adapters.gx.deferred import lean_imports
with lean_imports():
    import partition_gate.adapters.gx.validator
loaded = [name for name in ("scipy.stats._stats_py", "altair.vegalite", "jsonschema.validators") if name in sys.modules]
from scipy import stats
print(loaded, round(float(stats.entropy([1, 1])), 3), "scipy.stats._stats_py" in sys.modules)
import jsonschema
try:
    jsonschema.validate(1, {"type": "string"})
except jsonschema.ValidationError as error:
    print(error.message)
"""


def test_statistics_charts_and_json_schemas_are_imported_by_their_first_use() -> None:
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines() == ["[] 0.693 True", "1 is not of type 'string'"], ran.stderr


def test_packages_that_are_loaded_already_stay_as_they_are() -> None:
    ask = """
import altair
from partition_gate.adapters.gx.deferred import lean_imports
with lean_imports():
    print(altair.Chart)
"""

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert "Chart" in ran.stdout, ran.stderr


def test_later_searches_for_garbage_leave_out_what_great_expectations_brought() -> None:
    ask = """
import gc
from partition_gate.adapters.gx.deferred import lean_imports
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
from partition_gate.adapters.gx.deferred import lean_imports
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
from partition_gate.adapters.gx.deferred import lean_imports
with lean_imports():
    import partition_gate.adapters.gx.docs
"""

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
