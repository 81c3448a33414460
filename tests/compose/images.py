"""The images: bases from the registry or, where none can be reached, stand-ins from Debian; and our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.compose.engine import EngineError, docker, image_size_bytes, run

GATE = "partition-gate:0.1.0"
PYTHON, POSTGRES, REDIS = "python:3.11-slim", "postgres:17", "redis:8"
STAND_IN_PYTHON, STAND_IN_SERVICES = "partition-gate-test-python:bookworm", "partition-gate-test-services:bookworm"
_PULL_LIMIT_S = 300
_BUILD_LIMIT_S = 3600
_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
# What lets a build reach package indexes behind a proxy of this host: its certificates, and where pip looks.
_OF_HOST = ("etc/ssl/certs/ca-certificates.crt", "etc/pip.conf")


@dataclass(frozen=True)
class Images:
    """The images of one run. `base_bytes` is the part of `size_bytes` that is Debian with Python."""

    base: str
    postgres: str
    redis: str
    size_bytes: int
    base_bytes: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables of docker-compose.yaml that name them."""
        return {
            "GATE_IMAGE": GATE,
            "BASE_IMAGE": self.base,
            "POSTGRES_IMAGE": self.postgres,
            "REDIS_IMAGE": self.redis,
        }


def built(project: Path) -> Images:
    """Get the bases and build our image from the checkout `project`. Raises: EngineError."""
    base, postgres, redis = _bases(project)
    # The network of the host, so that a proxy which listens on it is reached.
    _build(project, GATE, "--build-arg", f"BASE={base}", "--network", "host")
    return Images(base, postgres, redis, image_size_bytes(GATE), image_size_bytes(base))


def _bases(project: Path) -> tuple[str, str, str]:
    """Python, PostgreSQL, Redis: those that are there, else from the registry, else stand-ins."""
    if all(_is_there(image) or _is_pulled(image) for image in (PYTHON, POSTGRES, REDIS)):
        return PYTHON, POSTGRES, REDIS
    if not _is_there(STAND_IN_PYTHON):
        _import_debian(STAND_IN_PYTHON)
    folder = project / "tests/compose"
    file = ("--file", str(folder / "Dockerfile.services"))
    _build(folder, STAND_IN_SERVICES, *file, "--build-arg", f"BASE={STAND_IN_PYTHON}", "--network", "host")
    return STAND_IN_PYTHON, STAND_IN_SERVICES, STAND_IN_SERVICES


def _is_there(image: str) -> bool:
    try:
        return bool(docker("image", "inspect", "--format", "{{.Id}}", image))
    except EngineError:
        return False


def _is_pulled(image: str) -> bool:
    try:
        docker("pull", "--quiet", image, limit_s=_PULL_LIMIT_S)
    except EngineError as error:
        print(f"not pulled: {error}".splitlines()[0], flush=True)
        return False
    return True


def _build(context: Path, image: str, *arguments: str) -> None:
    run("docker", "build", "--tag", image, *arguments, str(context), limit_s=_BUILD_LIMIT_S)


def _import_debian(image: str) -> None:
    """Debian 12 with its Python 3.11 as an image. Raises: EngineError, if debootstrap cannot be used."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise EngineError("no registry can be reached, and a stand-in needs debootstrap and root")
    with tempfile.TemporaryDirectory(prefix="compose-base-") as folder:
        root = Path(folder) / "root"
        run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(root), limit_s=_BUILD_LIMIT_S)
        for package in (root / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()
        for name in _OF_HOST:
            if (Path("/") / name).is_file():
                shutil.copy(Path("/") / name, root / name)
        changes = ("--change", "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "--change", 'CMD ["bash"]')
        archive = ("tar", "-C", str(root), "--exclude=./proc", "--exclude=./sys", "--exclude=./dev", "-c", ".")
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as packed:
            subprocess.run(("docker", "import", *changes, "-", image), stdin=packed.stdout, check=True)
