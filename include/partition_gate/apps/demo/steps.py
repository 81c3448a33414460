"""Progress of long work: bars in a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Step:
    """One part of the work. `done` may be called any number of times."""

    def __init__(self, console: Console, progress: Progress | None, text: str, total: int) -> None:
        self._console, self._progress, self._text, self._total = console, progress, text, total
        self._task = progress.add_task(text, total=total) if progress else None
        self._printed, self._began = -1, time.monotonic()

    def done(self, count: int) -> None:
        """Show that `count` of the total are done."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=count)
        elif count != self._printed:
            self._console.print(f"{self._text}: {count}/{self._total} after {time.monotonic() - self._began:.0f} s")
        self._printed = count

    def note(self, text: str) -> None:
        """Print a message next to the progress."""
        self._console.print(text)

    def finish(self) -> None:
        """Show that everything is done."""
        self.done(self._total)


class Steps:
    """The parts of the work, in the order in which they start."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console, self._progress = console, progress

    def begin(self, text: str, *, total: int = 1) -> Step:
        """Start the next part. It is shown as running until `finish`."""
        step = Step(self._console, self._progress, text, total)
        step.done(0)
        return step


@contextmanager
def shown_on(console: Console) -> Iterator[Steps]:
    """Show steps on this console. The bars remain after the block ends."""
    if not console.is_terminal:
        yield Steps(console, None)
        return
    text = TextColumn("{task.description}")
    with Progress(
        SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        yield Steps(console, progress)
