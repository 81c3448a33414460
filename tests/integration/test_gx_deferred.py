"""What Great Expectations seldom uses is loaded when it is used, and works then."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
from partition_gate.adapters.gx.deferred import defer_imports
defer_imports()
import partition_gate.adapters.gx.validator
loaded = [name for name in ("scipy.stats._stats_py", "altair.vegalite") if name in sys.modules]
from scipy import stats
print(loaded, round(float(stats.entropy([1, 1])), 3), "scipy.stats._stats_py" in sys.modules)
"""


def test_statistics_and_charts_are_imported_by_their_first_use() -> None:
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)

    assert ran.stdout.strip() == "[] 0.693 True", ran.stderr


def test_packages_that_are_loaded_already_stay_as_they_are() -> None:
    ask = "import altair; from partition_gate.adapters.gx.deferred import defer_imports as d; d(); print(altair.Chart)"

    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)

    assert "Chart" in ran.stdout, ran.stderr
