"""`make release`: both files of a version are complete, and what is wrong with them is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from deploy import check_release
from tests.site_packages import ROOT

MODULE = "partition_gate/gate/pipeline.py"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def rewritten(built: Path, into: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The files with another wheel: each of its files after a change; None leaves it out."""
    shutil.copytree(built, into)
    (wheel,) = into.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            if (changed := change(name, content)) is not None:
                archive.writestr(name, changed)
    return into


def test_the_files_of_this_version_may_be_published(built: Path):
    assert check_release.problems(built) == []


def test_a_module_that_is_missing_is_named(built: Path, tmp_path: Path):
    folder = rewritten(built, tmp_path / "dist", lambda name, content: None if name == MODULE else content)

    assert check_release.problems(folder) == [f"wheel: lacks {MODULE}"]


def test_metadata_that_pypi_refuses_is_named(built: Path, tmp_path: Path):
    def spoilt(name: str, content: bytes) -> bytes:
        return content.replace(b"License-Expression: Apache-2.0", b"License-Expression: Apache-3.0")

    found = check_release.problems(rewritten(built, tmp_path / "dist", spoilt))

    assert [each.partition(":")[0] for each in found] == ["METADATA"]


def test_files_of_two_versions_are_refused(built: Path, tmp_path: Path):
    shutil.copytree(built, tmp_path / "dist")
    (tmp_path / "dist" / "partition_gate-0.0.9-py3-none-any.whl").write_bytes(b"")

    (problem,) = check_release.problems(tmp_path / "dist")
    assert "has 2 wheels and 1 sdists" in problem
