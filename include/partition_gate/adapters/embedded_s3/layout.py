"""Files, ports and command line of the embedded object store."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from partition_gate.core.record import Record

# Below the kernel's ephemeral ports (32768 and up), so that no outgoing connection takes one of these.
_FIRST_BASE = 15_000
_LAST_BASE = 21_990
_STEP = 10
_ADMIN_GRPC_OFFSET = 10_000


class Layout(Record):
    """Paths of the server's files below the gate's home."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "object-store"

    @property
    def objects(self) -> Path:
        return self.folder / "data"

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials.json"

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def users(self) -> Path:
        """Locked (shared) by each process that uses the server."""
        return self.folder / "users.lock"

    @property
    def borrowed(self) -> Path:
        """Exists while the server must stop with its last user."""
        return self.folder / "borrowed"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "object-store.log"

    def prepare(self) -> None:
        """Create the folders; only our user can read the objects."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.objects.mkdir(exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)


class Ports(Record):
    """The server's ten ports, counted from `base`; all on 127.0.0.1."""

    base: int

    @classmethod
    def slot(cls, number: int) -> Ports:
        """The ports of a slot; numbers beyond the last slot wrap around."""
        return cls(base=_FIRST_BASE + number % cls.slots() * _STEP)

    @staticmethod
    def slots() -> int:
        return (_LAST_BASE - _FIRST_BASE) // _STEP + 1

    @property
    def master(self) -> int:
        return self.base

    @property
    def s3(self) -> int:
        return self.base + 6

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.s3}"

    @property
    def by_option(self) -> dict[str, int]:
        """The server's option -> port."""
        return {
            "master.port": self.master,
            "master.port.grpc": self.base + 1,
            "volume.port": self.base + 2,
            "volume.port.grpc": self.base + 3,
            "filer.port": self.base + 4,
            "filer.port.grpc": self.base + 5,
            "s3.port": self.s3,
            "s3.port.grpc": self.base + 7,
            "admin.port": self.base + 8,
            # The server's own worker expects the admin port here, whatever the option says.
            "admin.port.grpc": self.base + 8 + _ADMIN_GRPC_OFFSET,
        }

    def are_free(self) -> bool:
        return all(_is_free(port) for port in self.by_option.values())


class State(Record):
    """The process that serves a home. Its creation time (seconds since 1970) detects a reused process id."""

    pid: int
    process_created_at: float
    ports: Ports


class Credentials(Record):
    """The server's only identity, stored in the server's own format so that the secret is in one file."""

    access_key_id: str
    secret: SecretStr

    @classmethod
    def generate(cls) -> Credentials:
        return cls(access_key_id=f"GATE{secrets.token_hex(8).upper()}", secret=SecretStr(secrets.token_hex(20)))

    @classmethod
    def of_server_document(cls, document: dict[str, Any]) -> Credentials:
        pair = document["identities"][0]["credentials"][0]
        return cls(access_key_id=pair["accessKey"], secret=SecretStr(pair["secretKey"]))

    @property
    def secret_access_key(self) -> str:
        return self.secret.get_secret_value()

    def server_document(self) -> dict[str, Any]:
        pair = {"accessKey": self.access_key_id, "secretKey": self.secret_access_key}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        return {"identities": [{"name": "gate", "credentials": [pair], "actions": actions}]}


def command(program: Path, layout: Layout, ports: Ports, *, buckets: tuple[str, ...]) -> list[str]:
    """The server's command line: everything on 127.0.0.1, no telemetry, no console."""
    options: dict[str, object] = {
        "dir": layout.objects,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": layout.credentials,
        "bucket": ",".join(buckets),
        "s3.autoCreateBucket": "false",  # otherwise an upload creates a misspelt bucket
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        "volume.preStopSeconds": 0,
        **ports.by_option,
    }
    return [str(program), "mini", *(f"-{name}={value}" for name, value in options.items())]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
