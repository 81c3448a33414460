"""Progress of long work: bars in a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Step:
    """One part of the work. `done` may be told as often as one likes."""

    def __init__(self, console: Console, progress: Progress | None, text: str, total: int) -> None:
        self._console, self._progress, self._text, self._total = console, progress, text, total
        self._task = progress.add_task(text, total=total) if progress else None
        self._told, self._began = -1, time.monotonic()

    def done(self, count: int) -> None:
        """Say that `count` of the total are done."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=count)
        elif count != self._told:
            self._console.print(f"{self._text}: {count}/{self._total} after {time.monotonic() - self._began:.0f} s")
        self._told = count

    def note(self, text: str) -> None:
        """Say something beside the progress."""
        self._console.print(text)

    def finish(self) -> None:
        """Say that all of it is done."""
        self.done(self._total)


class Steps:
    """The parts of the work, in the order in which they begin."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console, self._progress = console, progress

    def begin(self, text: str, *, total: int = 1) -> Step:
        """The next part; it shows as running until `finish`."""
        step = Step(self._console, self._progress, text, total)
        step.done(0)
        return step


@contextmanager
def shown_on(console: Console) -> Iterator[Steps]:
    """Steps on this console; the bars stay when the block is left."""
    if not console.is_terminal:
        yield Steps(console, None)
        return
    text = TextColumn("{task.description}")
    with Progress(
        SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        yield Steps(console, progress)
