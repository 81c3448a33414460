"""Recovery functions run in a process of their own: what they may not do, and what is told of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.recovery import Recovery, RecoveryLimits, conforming
from partition_gate.core.errors import CannotAct

SECRET = "Erika Mustermann"
ROWS = pa.table(
    {
        "id": [7, 8],
        "person": [SECRET, SECRET],
        "_gate_rule_ids": [["id.minimum"], ["id.maximum"]],
        "_gate_reasons": [["x"], ["y"]],
        "_gate_position": [0, 3],
    }
)


class Bench:
    """A folder with one module, `fixes.orders`, and two quarantined rows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.limits = folder, RecoveryLimits(folder=folder / "recover", seconds=30, memory_mb=128)
        (self.limits.folder / "fixes").mkdir(parents=True)
        pq.write_table(ROWS, folder / "rows.parquet")

    def write(self, body: str, *, above: str = "", name: str = "fixes/orders.py") -> None:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        text = f"import pyarrow as pa\n{above}\n\ndef fix(rows):\n{lines}\n"
        (self.limits.folder / name).write_text(text)

    def recovered(self, body: str, *, above: str = "") -> pa.Table:
        self.write(body, above=above)
        return self.run()

    def run(self, name: str = "fixes.orders:fix") -> pa.Table:
        output = self.folder / "output.parquet"
        Recovery(self.limits).recover(name, self.folder / "rows.parquet", output, columns=("id", "person"))
        return pq.ParquetFile(output).read()

    def refused(self, body: str, *, above: str = "") -> str:
        with pytest.raises(CannotAct) as error:
            self.recovered(body, above=above)
        assert SECRET not in str(error.value)
        return str(error.value).removeprefix("--recover fixes.orders:fix: ")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


NEW_IDS = "return rows.set_column(0, 'id', pa.array({}))"


def test_rows_are_corrected_and_only_the_columns_of_the_producer_come_back(bench: Bench) -> None:
    answer = bench.recovered(NEW_IDS.format("[each + 1 for each in rows['id'].to_pylist()]"))

    assert answer.to_pydict() == {"id": [8, 9], "person": [SECRET, SECRET]}


def test_a_function_sees_why_each_row_failed(bench: Bench) -> None:
    answer = bench.recovered(NEW_IDS.format("[len(each[0]) for each in rows['_gate_rule_ids'].to_pylist()]"))

    assert answer["id"].to_pylist() == [10, 10]


def test_a_function_may_use_other_modules_of_its_folder(bench: Bench) -> None:
    (bench.limits.folder / "fixes" / "signs.py").write_text("def negated(each):\n    return -each\n")

    ids = "[negated(each) for each in rows['id'].to_pylist()]"
    answer = bench.recovered(NEW_IDS.format(ids), above="from fixes.signs import negated")

    assert answer["id"].to_pylist() == [-7, -8]


def test_no_environment_variable_reaches_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("GATE_LEDGER_URL", "postgresql://gate:a-secret@db/gate")
    monkeypatch.setenv("PYTHONPATH", str(bench.folder))
    kept = "sorted(each for each in os.environ if each.startswith(('AWS_', 'GATE_', 'PYTHON', 'HOME', 'PATH')))"

    answer = bench.recovered(NEW_IDS.format(f"[len({kept})] * 2"), above="import os")

    assert answer["id"].to_pylist() == [0, 0]


def test_what_it_prints_is_no_answer(bench: Bench) -> None:
    assert bench.recovered("print('rows')\nreturn rows").num_rows == 2


def test_a_function_that_hangs_is_ended(bench: Bench) -> None:
    bench.limits = bench.limits.model_copy(update={"seconds": 1})
    begin = time.monotonic()

    told = bench.refused("time.sleep(600)", above="import time")

    assert told == "it takes longer than 1 s (GATE_RECOVER_TIMEOUT_S); nothing was changed"
    assert time.monotonic() - begin < 15


def test_a_function_that_hides_the_end_of_its_time_is_ended_too(bench: Bench) -> None:
    bench.limits = bench.limits.model_copy(update={"seconds": 1, "grace_s": 3})

    told = bench.refused(
        "while True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass", above="import time"
    )

    assert told.startswith("it takes longer than 1 s")


def test_a_function_that_eats_memory_is_ended(bench: Bench) -> None:
    told = bench.refused("return [bytearray(1 << 20) for _ in range(100_000)]")

    assert told == "it needs more than 128 MB of memory (GATE_RECOVER_MEMORY_MB); nothing was changed"


FORBIDDEN = {
    "socket.create_connection(('127.0.0.1', 9))": "it tried to use the network (socket.",
    "subprocess.run(['true'])": "it tried to start or end a program (subprocess.Popen)",
    "os.system('true')": "it tried to start or end a program (os.system)",
    "os.fork()": "it tried to start or end a program (os.fork)",
    "open('kept.txt', 'w')": "it tried to write a file",
    "os.kill(os.getppid(), 0)": "it tried to start or end a program (os.kill)",
    "os.remove('x')": "it tried to change files (os.remove)",
    "open('/etc/passwd')": "it tried to read a file outside of its folder",
    "pq.write_table(rows, 'kept.parquet')": "[Errno 27]",
}


def test_what_it_may_not_do_is_refused_one_by_one(bench: Bench) -> None:
    lines = ["told = []"]
    for forbidden in FORBIDDEN:
        lines += ["try:", f"    {forbidden}", "    told.append('done')", "except OSError as error:"]
        lines.append("    told.append(str(error))")
    lines.append("return rows.set_column(1, 'person', pa.array([chr(10).join(told)] * 2))")

    answer = bench.recovered("\n".join(lines), above="import os, socket, subprocess\nimport pyarrow.parquet as pq")

    told = answer["person"].to_pylist()[0].splitlines()
    assert [each.startswith(what) for each, what in zip(told, FORBIDDEN.values(), strict=True)] == [True] * len(
        FORBIDDEN
    ), told


def test_what_it_was_refused_is_told(bench: Bench) -> None:
    told = bench.refused("open('/etc/passwd')")

    assert told == "it tried to read a file outside of its folder in line 5 of fixes/orders.py; nothing was changed"


def test_an_error_is_told_by_its_kind_and_line_and_never_by_its_text(bench: Bench) -> None:
    told = bench.refused("raise ValueError(rows['person'].to_pylist()[0])")

    assert told == "it raised ValueError in line 5 of fixes/orders.py; nothing was changed"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (
            ROWS.append_column("persn", ROWS["person"]),
            "the quarantined rows have no column persn; did you mean 'person'",
        ),
        (ROWS.drop_columns(["person"]), "its answer lacks person; return every column that it was given"),
        (
            pa.concat_tables([ROWS, ROWS]).drop_columns(["_gate_position"]),
            "4 rows came out of 2; return each row once, in the order",
        ),
        (ROWS.slice(0, 1), "1 row came out of 2; return each row once, in the order"),
        (ROWS.take([1, 0]), "2 rows came out of 2; return each row once, in the order"),
        (ROWS.set_column(0, "id", pa.array(["a", SECRET])), "id is string in its answer and was int64, and a value"),
        (ROWS.append_column("id", ROWS["id"]), "two columns of its answer have one name"),
    ],
    ids=["another column", "a missing column", "more rows", "fewer rows", "another order", "another type", "a twin"],
)
def test_another_table_than_the_same_rows_is_refused(answer: pa.Table, what: str) -> None:
    with pytest.raises(CannotAct) as error:
        conforming(answer, ROWS, ("id", "person"), "--recover f")

    assert str(error.value).startswith(f"--recover f: {what}")
    assert SECRET not in str(error.value)


def test_types_that_fit_are_cast_back() -> None:
    answer = conforming(ROWS.set_column(0, "id", pa.array([7.0, 8.0])), ROWS, ("id", "person"), "")

    assert answer.schema.field("id").type == pa.int64()


def test_something_else_than_a_table_is_refused(bench: Bench) -> None:
    assert bench.refused("return None").startswith("it returned NoneType; return a pyarrow.Table")


def test_a_module_that_cannot_be_imported_is_told(bench: Bench) -> None:
    told = bench.refused("return rows", above="import not_installed")

    assert told == "it cannot be imported (ModuleNotFoundError) in line 2 of fixes/orders.py; nothing was changed"


def test_a_process_that_ends_without_an_answer_is_told(bench: Bench) -> None:
    told = bench.refused("os._exit(0)", above="import os")

    assert told.startswith("it ended without an answer; it may use 30 s and 128 MB")


def test_a_file_outside_of_the_folder_is_never_run(bench: Bench) -> None:
    outside = bench.folder / "outside.py"
    outside.write_text("def fix(rows):\n    return rows\n")
    (bench.limits.folder / "linked.py").symlink_to(outside)

    with pytest.raises(CannotAct, match=r"linked\.py is not in .*recover; add it"):
        bench.run("linked:fix")


@pytest.mark.parametrize(
    "name", ["../outside:fix", "/tmp/outside:fix", "fixes..orders:fix", "fixes.orders", "a:b:c", ""]
)
def test_a_name_that_is_no_module_and_function_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(CannotAct, match="does not name a function: write module:function"):
        bench.run(name)


def test_a_function_that_does_not_exist_is_refused(bench: Bench) -> None:
    with pytest.raises(CannotAct, match=r"missing\.py is not in .*recover; add it, or set GATE_RECOVER_FOLDER"):
        bench.run("missing:fix")


_CALLER = """
import sys
from pathlib import Path
from partition_gate.adapters.gx.recovery import Recovery, RecoveryLimits

folder = Path(sys.argv[1])
rows, output = folder / "rows.parquet", folder / "output.parquet"
limits = RecoveryLimits(folder=folder / "recover", seconds=300, memory_mb=128)
Recovery(limits).recover("fixes.orders:fix", rows, output, columns=("id", "person"))
"""


def test_a_function_ends_with_the_process_that_called_it(bench: Bench) -> None:
    bench.write("time.sleep(600)", above="import time")
    with subprocess.Popen([sys.executable, "-c", _CALLER, str(bench.folder)]) as caller:
        child = _awaited(lambda: _limited_child(caller.pid))
        caller.kill()

    assert _awaited(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child))


def _awaited(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found
    return found


def _limited_child(pid: int) -> int:
    """The child that runs the function; 0 as long as there is none. Its limits are set just before."""
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            limits = Path(f"/proc/{child}/limits").read_text()
            if any(line.split()[:4] == ["Max", "file", "size", "0"] for line in limits.splitlines()):
                return int(child)
    return 0


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
