"""Checks what `make release` has built: `check_release.py FOLDER`. Exit code 0 if both files may be published.

The metadata is read by the rules of PyPI (PEP 566, PEP 639), the archives must hold the package whole and nothing that
only this checkout has, and the changelog must have a section of the version.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).parents[1]
PACKAGE = "include/partition_gate"


def problems(folder: Path) -> list[str]:
    """What is wrong with the files in a folder; empty if nothing is."""
    wheels, archives = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if (len(wheels), len(archives)) != (1, 1):
        return [f"{folder}: has {len(wheels)} wheels and {len(archives)} sdists; remove the folder and build again"]
    version = wheels[0].name.split("-")[1]
    with zipfile.ZipFile(wheels[0]) as wheel, tarfile.open(archives[0]) as sdist:
        in_wheel = set(wheel.namelist())
        root = f"partition_gate-{version}/"
        in_sdist = {name.removeprefix(root) for name in sdist.getnames()}
        metadata = wheel.read(f"partition_gate-{version}.dist-info/METADATA")
    return [*_metadata(metadata, version), *_contents(in_wheel, in_sdist), *_changelog(version)]


def _metadata(text: bytes, version: str) -> list[str]:
    try:
        found = Metadata.from_email(text, validate=True)
    except ExceptionGroup as errors:
        return [f"METADATA: {error}" for error in errors.exceptions]
    wrong = []
    if str(found.version) != version:
        wrong.append(f"METADATA: version {found.version}, but the file is of {version}")
    if found.description_content_type != "text/markdown" or not found.description:
        wrong.append("METADATA: the README is missing, or is not told to be Markdown; see `readme` in pyproject.toml")
    if not found.license_expression or not found.requires_python:
        wrong.append("METADATA: the license or the Python version is missing; see pyproject.toml")
    return wrong


def _contents(in_wheel: set[str], in_sdist: set[str]) -> list[str]:
    below = ROOT / PACKAGE
    files = {str(path.relative_to(ROOT)) for path in below.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    wrong = [f"sdist: lacks {name}" for name in sorted(files - in_sdist)]
    wrong += [f"wheel: lacks {name}" for name in sorted({name.removeprefix("include/") for name in files} - in_wheel)]
    needed = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    return wrong + [f"sdist: lacks {name}" for name in sorted(needed - in_sdist)]


def _changelog(version: str) -> list[str]:
    heading = re.compile(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}$", re.MULTILINE)
    if heading.search((ROOT / "CHANGELOG.md").read_text()):
        return []
    return [f"CHANGELOG.md: has no section `## [{version}] - YYYY-MM-DD`; write it, or raise __version__"]


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]))
    print("\n".join(found) or "both files may be published")
    sys.exit(1 if found else 0)
