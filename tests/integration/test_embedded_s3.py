"""The embedded object store, as real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import obstore
import psutil
import pytest
from obstore.store import S3Store

from partition_gate.adapters.embedded_s3.layout import Layout, State
from partition_gate.adapters.embedded_s3.server import EmbeddedS3, ensure_running, stop
from partition_gate.adapters.embedded_s3.users import running

ENSURE = """
import pathlib, sys
from partition_gate.adapters.embedded_s3.server import ensure_running
server = ensure_running(pathlib.Path(sys.argv[1]))
print(server.pid, server.started_here)
"""
USE = """
import pathlib, sys, time
from partition_gate.adapters.embedded_s3.users import running
with running(pathlib.Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    stop(tmp_path / "home")


def test_it_serves_reads_and_writes(home: Path) -> None:
    server = ensure_running(home)

    obstore.put(bucket(server), "a.txt", b"hello")

    assert read(server, "a.txt") == b"hello"


def test_it_refuses_requests_without_our_credentials(home: Path) -> None:
    server = ensure_running(home)

    with pytest.raises(obstore.exceptions.PermissionDeniedError):
        obstore.put(bucket(server, secret="another"), "a.txt", b"hello")


def test_a_second_call_finds_the_running_server(home: Path) -> None:
    first = ensure_running(home)

    second = ensure_running(home)

    assert (second.pid, second.endpoint_url, second.started_here) == (first.pid, first.endpoint_url, False)


def test_two_processes_that_call_at_once_share_one_server(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    calls = [
        subprocess.Popen([sys.executable, "-c", ENSURE, home], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]

    answers = [call.communicate(timeout=60)[0].split() for call in calls]

    assert len({pid for pid, _ in answers}) == 1
    assert sorted(started for _, started in answers) == ["False", "True"]


def test_it_outlives_the_process_that_started_it_and_is_stopped_by_another(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(
        [sys.executable, "-c", ENSURE, home], capture_output=True, text=True, env=environment, check=True
    )
    pid = int(answer.stdout.split()[0])
    assert psutil.pid_exists(pid)

    assert stop(home)

    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_written_survives_a_sudden_end_right_after_the_write(home: Path, sign: signal.Signals) -> None:
    server = ensure_running(home)
    for number in range(30):
        obstore.put(bucket(server), f"{number}.bin", bytes([number]) * 300_000)
    os.killpg(server.pid, sign)
    os.waitpid(server.pid, 0)

    again = ensure_running(home)

    assert again.started_here
    assert [read(again, f"{number}.bin") for number in range(30)] == [bytes([n]) * 300_000 for n in range(30)]


def test_url_and_credentials_stay_the_same_over_a_restart(home: Path) -> None:
    before = ensure_running(home)
    stop(home)

    after = ensure_running(home)

    assert after.pid != before.pid
    assert after.endpoint_url == before.endpoint_url
    assert after.secret_access_key == before.secret_access_key


def test_a_state_file_of_another_process_is_stale(home: Path) -> None:
    state = home / "object-store" / "state.json"
    first = ensure_running(home)
    stop(home)
    document = json.loads(state.read_text())
    state.write_text(json.dumps({**document, "pid": os.getpid()}))

    second = ensure_running(home)

    assert second.started_here
    assert second.pid not in {first.pid, os.getpid()}


def test_two_homes_run_at_once_and_do_not_see_each_other(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        obstore.put(bucket(one), "a.txt", b"one")

        assert one.endpoint_url != two.endpoint_url
        with pytest.raises(FileNotFoundError):
            read(two, "a.txt")


def test_every_port_listens_on_the_loopback_only(home: Path) -> None:
    server = ensure_running(home)

    listening = [c for c in psutil.Process(server.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]

    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_the_credentials_file_is_private_and_the_command_line_holds_no_secret(home: Path) -> None:
    server = ensure_running(home)

    mode = (home / "object-store" / "credentials.json").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600
    assert server.secret_access_key not in " ".join(psutil.Process(server.pid).cmdline())
    assert server.secret_access_key not in repr(server)


def test_running_stops_only_what_it_started(home: Path) -> None:
    ours = ensure_running(home)

    with running(home):
        pass

    assert psutil.pid_exists(ours.pid)


def test_nothing_is_left_when_running_ends(home: Path) -> None:
    with running(home) as server:
        pid = server.pid

    assert not psutil.pid_exists(pid)


def test_the_last_user_stops_it_not_the_one_that_started_it(home: Path) -> None:
    with running(home) as second:
        with ExitStack() as first:
            first.enter_context(running(home))
        obstore.put(bucket(second), "a.txt", b"hello")
        assert read(second, "a.txt") == b"hello"

    assert not psutil.pid_exists(second.pid)


def test_a_server_whose_starter_leaves_first_stays_for_the_others(home: Path) -> None:
    starter, other = ExitStack(), ExitStack()
    server = starter.enter_context(running(home))
    other.enter_context(running(home))

    starter.close()
    obstore.put(bucket(server), "a.txt", b"hello")
    other.close()

    assert not psutil.pid_exists(server.pid)


def test_a_server_whose_only_user_was_killed_ends(home: Path) -> None:
    with a_user(home) as (user, pid):
        user.kill()
        user.wait()

        assert ends(pid)


def test_a_server_whose_starter_was_killed_before_it_was_ready_ends(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    state = Layout(home=home).state
    with subprocess.Popen([sys.executable, "-c", USE, home], stdout=subprocess.DEVNULL, env=environment) as user:
        while not state.exists():
            time.sleep(0.005)
        user.kill()
        user.wait()

    assert ends(State.model_validate_json(state.read_bytes()).pid)


def test_a_server_whose_starter_was_killed_stays_for_the_others(home: Path) -> None:
    with a_user(home) as (user, pid):
        with running(home) as server:
            user.kill()
            user.wait()
            assert not ends(pid, within_s=3)  # a guard that did not wait for us would have stopped it by then
            obstore.put(bucket(server), "a.txt", b"hello")
            assert (server.pid, read(server, "a.txt")) == (pid, b"hello")

        assert ends(pid)


def test_no_guard_is_left_when_running_ends(home: Path) -> None:
    with running(home):
        guards = [process for process in psutil.process_iter() if str(home) in command_of(process)]
    psutil.wait_procs(guards, timeout=5)

    assert [process for process in psutil.process_iter() if str(home) in command_of(process)] == []


def test_own_data_is_put_there_as_the_docs_say(home: Path, tmp_path: Path) -> None:
    page = Path("docs/how-to/s3.md").read_text(encoding="utf-8")
    code = page.partition("<!-- embedded")[2].partition("```python\n")[2].partition("```")[0]
    (tmp_path / "orders.parquet").write_bytes(b"PAR1")
    environment = {**os.environ, "GATE_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)

    with running(home) as server:
        assert read(server, "orders/dt=2026-11-29/part-0.parquet") == b"PAR1"


def test_it_is_ready_within_a_few_seconds(home: Path) -> None:
    ensure_running(home)
    stop(home)
    began = time.monotonic()

    ensure_running(home)

    assert time.monotonic() - began < 8


@contextmanager
def a_user(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that uses the server until it ends, and the server's pid."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", USE, home], stdout=subprocess.PIPE, text=True, env=environment
    ) as user:
        assert user.stdout is not None
        try:
            yield user, int(user.stdout.readline())
        finally:
            user.kill()


def ends(pid: int, *, within_s: float = 15) -> bool:
    give_up_at = time.monotonic() + within_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.05)
    return True


def command_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def bucket(server: EmbeddedS3, *, secret: str | None = None) -> S3Store:
    return S3Store(
        "landing",
        endpoint=server.endpoint_url,
        access_key_id=server.access_key_id,
        secret_access_key=secret or server.secret_access_key,
        region=server.region,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def read(server: EmbeddedS3, key: str) -> bytes:
    return bytes(obstore.get(bucket(server), key).bytes())
