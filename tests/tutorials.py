"""Runs the commands of a tutorial in one shell, and compares or writes what they answer.

A tutorial's `console` blocks hold commands (`$ `, continued with `> `) and their answers. `python -m tests.tutorials
PAGE` writes today's answers into the page.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.commands import server

ROOT = Path(__file__).resolve().parents[1]
# The folder in the page, as paths are part of the answers. It is the reader's, so another one takes its place; its name
# is as long, so that tables are as wide.
_FOLDER = re.compile(r"/tmp/(gate-\w+)")
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"^\$ .*(?:\n> ?.*)*", re.MULTILINE)
_DURATION = re.compile(r"in \d+\.\d s\b")
_PROCESS = re.compile(r"run by [^\s/]+/\d+/\d+\.\d\d")
_END = "end of the answer"


def answered(page: str, *, places: Mapping[str, str] | None = None) -> str:
    """The page with what its commands answer now. Durations and processes are the same for every run.

    `places`: text of the page -> what takes its place while the commands run, such as the address of a server.
    """
    commands = [command for block in _BLOCK.findall(page) for command in _COMMAND.findall(block)]
    named = next(match[1] for match in map(_FOLDER.search, commands) if match)
    name = f"gate-{secrets.token_hex(8)[: len(named) - len('gate-')]}"
    places = {named: name, **(places or {})}
    typed = [_replaced(_typed(command), places) for command in commands]
    shown = {there: here for here, there in places.items()}
    answers = (_replaced(answer, shown) for answer in _run(typed, Path("/tmp") / name))

    def block(match: re.Match[str]) -> str:
        parts = (f"{command}\n{next(answers)}" for command in _COMMAND.findall(match[1]))
        return f"```console\n{''.join(parts)}```"

    return _BLOCK.sub(block, page)


def _replaced(text: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


def _typed(command: str) -> str:
    first, *more = command.split("\n")
    return "\n".join([first[2:], *(line[2:] for line in more)])


def _run(commands: list[str], folder: Path) -> Iterator[str]:
    """The answers of commands that work in this folder, which is removed afterwards."""
    script = "\n".join(f"{command}\necho '{_END}'" for command in commands)
    try:
        with TemporaryDirectory() as programs:
            _write_program(Path(programs) / "gate")
            done = subprocess.run(
                ["bash"],
                input=script,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
                env=_environment(programs),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    yield from map(_steady, done.stdout.split(f"{_END}\n"))


def _steady(answer: str) -> str:
    """Without what differs from run to run, and without the spaces that tables end with."""
    answer = _PROCESS.sub("run by host/4711/0.00", _DURATION.sub("in 0.5 s", answer))
    lines = answer.splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _write_program(path: Path) -> None:
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/commands.py" ask "{server()}" "$@"\n')
    path.chmod(0o755)


def _environment(programs: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATE_")}
    path = os.pathsep.join([programs, str(Path(sys.executable).parent), kept["PATH"]])
    return {**kept, "PATH": path, "LOGNAME": "ana", "COLUMNS": "110", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(answered(Path(name).read_text()))
