"""The container engine of this host, and its compose command: Docker Compose 2, or docker-compose 1.29."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

COMPOSE_COMMANDS = (("docker", "compose"), ("docker-compose",))
_LIMIT_S = 600
_SHOWN_LINES = 15


class EngineError(Exception):
    """A command of the engine failed; the message has the command and the end of its output."""


def engine_problem() -> str:
    """Why containers cannot be run here; empty if they can."""
    if shutil.which("docker") is None:
        return "the command `docker` is not installed"
    if _version(("docker", "version", "--format", "{{.Server.Version}}")) is None:
        return f"no container engine answers at {os.environ.get('DOCKER_HOST', '/var/run/docker.sock')}"
    if compose_command() is None:
        return "neither `docker compose` nor `docker-compose` is installed"
    return ""


def compose_command() -> tuple[str, ...] | None:
    """The first compose command that answers."""
    return next((command for command in COMPOSE_COMMANDS if _version((*command, "version")) is not None), None)


def versions() -> str:
    """`Docker 28.1.0, Docker Compose version v2.36.0`."""
    engine = _version(("docker", "version", "--format", "{{.Server.Version}}"))
    compose = _version((*(compose_command() or ()), "version")) or ""
    return f"Docker {engine}, {compose.splitlines()[0].partition(', build')[0]}"


def run(
    *command: str,
    limit_s: float = _LIMIT_S,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> str:
    """What the command prints. Raises: EngineError, if it fails or takes longer than `limit_s`."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=limit_s,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        output = f"{error.stdout.decode(errors='replace')}\n{error.stderr.decode(errors='replace')}"
        raise EngineError(f"{_shown(command)} ended with {error.returncode}:\n{_end_of(output)}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{_shown(command)} took longer than {limit_s:.0f} s") from error
    return done.stdout.decode(errors="replace")


def docker(*arguments: str, limit_s: float = _LIMIT_S) -> str:
    """What `docker ...` prints, without the last line end."""
    return run("docker", *arguments, limit_s=limit_s).strip()


def image_size_bytes(image: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def _version(command: Sequence[str]) -> str | None:
    try:
        return run(*command, limit_s=30).strip() or None
    except (EngineError, OSError):
        return None


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)[:200]


def _end_of(output: str) -> str:
    return "\n".join([line for line in output.splitlines() if line.strip()][-_SHOWN_LINES:])
