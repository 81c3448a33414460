"""A folder as it was when it was made, for each test of a file.

A state that takes several commands to make is made once. It is put back at the same path, because ledgers, views and
contracts name files by their paths.
"""

from __future__ import annotations

import shutil
from pathlib import Path


class Snapshot:
    """The present content of a folder. `restore` brings it back, and removes what came since."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._saved = folder.with_name(f"{folder.name}-saved")
        shutil.copytree(folder, self._saved, symlinks=True)

    def restore(self) -> Path:
        """The folder, as it was."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._saved, self.folder, symlinks=True)
        return self.folder
