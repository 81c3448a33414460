"""Who can read what runs leave below GATE_HOME: rows in quarantine, reports, the ledger, messages."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.test_gate_run import KEY, Desk

from partition_gate.home import make_private
from partition_gate.settings import load_settings


class Home(Desk):
    """A desk after a run that published some rows and put one into quarantine."""

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder)
        self.environment = environment
        file = self.landing / f"dt={KEY}" / "part-0.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(pa.table({"id": list(range(100)), "amount": [-1.0] + [1.5] * 99}), file)
        self.write_contract()
        self.gate("run", str(self.contract), KEY)

    def readable_by_others(self) -> set[str]:
        """The first names below the home that another user can look into."""
        names = {path.relative_to(self.home).parts[0] for path in _open_to_others(self.home)}
        return {"warehouse" if name.startswith("warehouse.duckdb") else name for name in names}


def _open_to_others(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        mode = path.stat().st_mode
        if path.is_dir() and mode & stat.S_IXOTH:
            yield from _open_to_others(path)
        elif path.is_file() and mode & (stat.S_IROTH | stat.S_IRGRP):
            yield path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_others_can_read_published_tables_only(home: Home) -> None:
    assert list((home.home / "quarantine").rglob("*.parquet"))
    assert home.readable_by_others() == {"warehouse"}


def test_what_an_earlier_version_left_open_is_closed(home: Home) -> None:
    for path in (home.home / "quarantine", home.home / "ledger.sqlite"):
        path.chmod(0o755)

    home.gate("status")

    assert home.readable_by_others() == {"warehouse"}


def test_a_shared_home_is_as_open_as_the_umask(tmp_path: Path) -> None:
    shared = Home(tmp_path, GATE_SHARED_HOME="1")

    assert {"quarantine", "ledger.sqlite", "docs"} <= shared.readable_by_others()


def test_a_folder_that_a_setting_names_keeps_its_permissions(tmp_path: Path) -> None:
    own = tmp_path / "held"
    own.mkdir(mode=0o755)

    make_private(load_settings({"GATE_HOME": str(tmp_path / "home"), "GATE_QUARANTINE_URI": str(own)}))

    assert stat.S_IMODE(own.stat().st_mode) == 0o755
    assert not (tmp_path / "home" / "quarantine").exists()
