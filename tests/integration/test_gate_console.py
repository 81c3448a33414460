"""`gate console`: the pages over real HTTP, for this machine only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.commands import COLD, gate


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {**os.environ, "GATE_HOME": str(tmp_path)}
    command = [*COLD, "console", "--port", "0"]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[0]
        process.kill()


def test_the_console_answers_this_machine_and_its_monitoring_and_ends_on_ctrl_c(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = served

    with urllib.request.urlopen(address, timeout=30) as page:  # noqa: S310  # loopback
        assert (page.status, "Partition Gate" in page.read().decode()) == (200, True)
    for path, told in (("metrics", "partition_gate_datasets "), ("health", '"status":"warning"')):
        with urllib.request.urlopen(address + path, timeout=30) as answer:  # noqa: S310  # loopback
            assert (answer.status, told in answer.read().decode()) == (200, True)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(address, headers={"Host": "evil.example"}), timeout=30)  # noqa: S310
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_a_port_that_is_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]

        done = gate("console", "--port", f"{port}", environment={**os.environ, "GATE_HOME": str(tmp_path)})

    assert (done.returncode, f"port {port} cannot be used" in " ".join(done.stderr.split())) == (2, True)
