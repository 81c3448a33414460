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
        shutil.copytree(folder, self._saved)

    def restore(self) -> Path:
        """The folder, as it was. Its files stay the same files with other bytes, because landed ones are known by
        their inode.
        """
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if not (self._saved / path.relative_to(self.folder)).exists():
                path.rmdir() if path.is_dir() else path.unlink()
        for saved in sorted(self._saved.rglob("*")):
            path = self.folder / saved.relative_to(self._saved)
            if saved.is_dir():
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(saved.read_bytes())
                shutil.copystat(saved, path)
        return self.folder
