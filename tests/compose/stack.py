"""The services of docker-compose.yaml in a folder of their own, with their own project name, ports and secrets."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from deploy import make_secrets
from tests.compose import slack
from tests.compose.engine import EngineError, compose_command, docker, run
from tests.compose.images import GATE, Images

from partition_gate.testing.slack_server import SlackServer

COPIED = ("docker-compose.yaml", "deploy")
SERVICES = (
    *("postgres", "redis", "object-store", "init"),
    *("api-server", "scheduler", "dag-processor", "triggerer", "worker-1", "worker-2", "watch"),
)
HEALTHY_LIMIT_S = 600
_POLL_S = 1.0
_HEALTH = "{{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}"
_STATE = f"{{{{.State.Status}}}}, {_HEALTH}, {{{{.State.ExitCode}}}}"
# Over the network, because the socket of some images trusts everybody and that of others nobody.
_PSQL = 'PGPASSWORD="$(cat /run/secrets/postgres_password)" exec psql -h 127.0.0.1 -U airflow -d "$0" -qtAF "|"'


class Stack:
    """`folder` becomes the project's: compose file, `.env`, secrets; contracts are mounted from `contracts`."""

    def __init__(self, folder: Path, *, checkout: Path, contracts: Path, images: Images) -> None:
        self.folder, self.name = folder, folder.name.lower()
        self.object_store_port, self.slack_port = _free_port(), _free_port()
        for name in COPIED:
            source = checkout / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets/slack_token").write_text(SlackServer.token)
        (folder / "secrets/slack_token").chmod(0o444)
        make_secrets.write(folder / "secrets")
        settings = {
            **images.environment,
            "AIRFLOW_PORT": _free_port(),
            "OBJECT_STORE_PORT": self.object_store_port,
            "CONTRACTS_FOLDER": contracts,
            "CONTRACTS_PATH": "contracts",
            "GATE_SLACK_API_URL": f"http://slack:{slack.PORT}/api/",
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def compose(self, *arguments: str, limit_s: float = 600) -> str:
        """What the compose command prints. Raises: EngineError."""
        command = (*(compose_command() or ()), "--project-name", self.name, *arguments)
        return run(*command, cwd=self.folder, limit_s=limit_s)

    def gate(self, *arguments: str, limit_s: float = 300) -> str:
        """What a `gate` command prints, as docs/how-to/compose.md runs it. Raises: EngineError."""
        return self.compose("run", "--rm", "--no-deps", "-T", "watch", "gate", *arguments, limit_s=limit_s)

    def container(self, service: str) -> str:
        """The id of the service's container, also of one that does not run."""
        labels = {"project": self.name, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        found = docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()
        if len(found) != 1:
            raise EngineError(f"{len(found)} containers of {service}; expected one")
        return found[0]

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def query(self, database: str, sql: str) -> list[list[str]]:
        """The rows of a query in PostgreSQL, as text. Raises: EngineError, also while it restarts."""
        script = f'{_PSQL} -c "$1"'
        answer = docker("exec", self.container("postgres"), "sh", "-c", script, database, sql, limit_s=30)
        return [line.split("|") for line in answer.splitlines()]

    def psql_command(self, database: str) -> tuple[str, ...]:
        """The command of a session that executes what it reads."""
        return ("docker", "exec", "-i", self.container("postgres"), "sh", "-c", _PSQL, database)

    def start(self) -> float:
        """Create and start everything; seconds until all is healthy. Raises: EngineError."""
        begin = time.monotonic()
        self.compose("up", "--detach")
        wait_until(lambda: not self.ailing(), limit_s=HEALTHY_LIMIT_S, what=lambda: f"unhealthy: {self.ailing()}")
        return time.monotonic() - begin

    def start_slack(self) -> None:
        """Start the Slack, which is no part of the project, so that it does not stop with it."""
        mount = f"{Path(slack.__file__).resolve()}:/opt/slack.py:ro"
        where = (
            f"--network={self.name}_default",
            "--network-alias=slack",
            f"--publish=127.0.0.1:{self.slack_port}:8000",
        )
        docker(
            "run", "--detach", f"--name={self.name}-slack", *where, f"--volume={mount}", GATE, "python", "/opt/slack.py"
        )

    def ailing(self) -> list[str]:
        """The services that are not as they must be, with their state."""
        states = {service: self._state(service) for service in SERVICES}
        return [f"{service}: {state}" for service, state in states.items() if state not in _wanted(service)]

    def wait_for_health(self, *, limit_s: float = HEALTHY_LIMIT_S) -> None:
        """Raises: EngineError, if a service is not healthy in time."""
        wait_until(lambda: not self.ailing(), limit_s=limit_s, what=lambda: f"unhealthy: {self.ailing()}")

    def save_logs(self, folder: Path) -> list[Path]:
        """Write the log of each service to `folder`; the files, those of ailing services first."""
        folder.mkdir(parents=True, exist_ok=True)
        ailing = {each.partition(":")[0] for each in self.ailing()}
        files = []
        for service in sorted(SERVICES, key=lambda name: name not in ailing):
            files.append(folder / f"{service}.log")
            try:
                files[-1].write_text(self.compose("logs", "--no-color", service))
            except EngineError as error:
                files[-1].write_text(str(error))
        return files

    def remove(self) -> None:
        """Remove containers, networks and volumes of the project."""
        for container in docker("ps", "--all", "--quiet", f"--filter=name=^{self.name}-slack$").split():
            docker("rm", "--force", container)
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")

    def _state(self, service: str) -> str:
        try:
            return docker("inspect", "--format", _STATE, self.container(service))
        except EngineError:
            return "no container"


def _wanted(service: str) -> tuple[str, ...]:
    if service == "init":
        return ("exited, unchecked, 0",)
    return ("running, healthy, 0", "running, unchecked, 0")


def wait_until(is_so: Callable[[], bool], *, limit_s: float, what: Callable[[], str]) -> float:
    """Seconds until it is so; an engine that does not answer counts as not yet. Raises: EngineError with `what()`."""
    begin = time.monotonic()
    while time.monotonic() - begin < limit_s:
        if _holds(is_so):
            return time.monotonic() - begin
        time.sleep(_POLL_S)
    raise EngineError(f"after {limit_s:.0f} s: {what()}")


def _holds(is_so: Callable[[], bool]) -> bool:
    try:
        return is_so()
    except (EngineError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
