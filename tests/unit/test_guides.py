"""The guides name what exists, and the runbook has an answer to everything that can happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests import sizing

from partition_gate.alerts.assessment import END_OF_SUPPORT, ERRORED, HELD, MISSING, REJECTED, UNJUDGED
from partition_gate.apps.cli.main import app
from partition_gate.incidents.model import ProblemKind
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.drift import COMPARISON_FAILED
from partition_gate.settings import Settings
from partition_gate.watching.heartbeat import STOPPED
from partition_gate.watching.problems import UNREADABLE

PAGES = sorted([Path("README.md"), Path("CONTRIBUTING.md"), *Path("docs").rglob("*.md")])
RUNBOOK = Path("docs/runbook.md").read_text()
_FENCED = re.compile(r"^ *```[a-z]*\n(.*?)^ *```\s*?$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"^ {4}(gate .*)$", re.MULTILINE)
_INLINE = re.compile(r"`(gate [^`]+)`")
# Where a shell or a YAML file begins a command; `> gate` is a command in a loop of a tutorial.
_BEFORE = r"(?:^|[$>;({]|&&|\|\||\bdo|run:|entry:|-) *(?:[A-Z_]+=\S+ +)*"
_TYPED = re.compile(_BEFORE + r"\b(gate (?:[a-z-]|--?[a-z])[^\n#;&|>)}]*)", re.MULTILINE)
_HELP = {"-h", "--help"}
_LABELS = ("Means", "Who acts", "First command", "Way out", "Over when")


def commands(page: Path) -> list[str]:
    """What the page's code says to type, from `gate` on."""
    text = page.read_text()
    prose = _FENCED.sub("", text)
    blocks = (block.replace("\\\n", " ") for block in [*_FENCED.findall(text), *_INDENTED.findall(prose)])
    typed = [command.strip() for block in blocks for command in _TYPED.findall(block)]
    return [*typed, *(inline.replace("\n", " ") for inline in _INLINE.findall(prose))]


def mistakes(command: str) -> list[str]:
    """The parts of a command that `gate` does not have: the command itself, or options."""
    known = typer.main.get_command(app)
    words = command.split()[1:]
    while words and (found := getattr(known, "commands", {}).get(words[0])):
        known, words = found, words[1:]
    if hasattr(known, "commands") and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return [words[0]]
    options = {name for parameter in known.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(words)) if word not in options | _HELP]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_and_option_of_a_page_exists(page: Path):
    assert {command: wrong for command in commands(page) if (wrong := mistakes(command))} == {}


def test_commands_are_found_in_blocks_in_loops_and_in_text():
    assert len(commands(Path("README.md"))) > 30
    assert "gate run orders 2026-11-$day" in commands(Path("docs/tutorial.md"))
    assert "gate watch" in commands(Path("docs/tutorial-sla.md"))
    assert "gate freeze flights" in commands(Path("docs/reference/evolution.md"))
    assert "gate sweep --older-than 168" in commands(Path("docs/operations/retention.md"))


@pytest.mark.parametrize("command", ["gate bogus", "gate run flights --bogus", "gate incidents bogus 3", "gate -x"])
def test_a_command_that_does_not_exist_is_a_mistake(command: str):
    assert mistakes(command) != []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_setting_that_a_page_names_exists(page: Path):
    named = set(re.findall(r"\bGATE_[A-Z0-9]+(?:_[A-Z0-9]+)*\b", page.read_text()))

    assert {name for name in named if name.removeprefix("GATE_").lower() not in Settings.model_fields} == set()


@pytest.mark.parametrize("name", [*PartitionOutcome, *ProblemKind])
def test_the_runbook_has_a_section_for_every_outcome_and_kind_of_problem(name: str):
    assert dict(_sections()).get(name) == list(_LABELS)


def test_the_runbook_has_no_section_for_what_cannot_happen():
    assert {heading for heading, _ in _sections()} == {*PartitionOutcome, *ProblemKind}


@pytest.mark.parametrize(
    "cause",
    [MISSING, HELD, ERRORED, REJECTED, UNJUDGED, END_OF_SUPPORT, UNREADABLE, STOPPED, COMPARISON_FAILED],
)
def test_the_runbook_says_in_which_section_a_cause_is(cause: str):
    causes = RUNBOOK.split("| cause in the list of incidents |")[1].split("\n\n")[0]

    assert f"`{cause}`" in causes


def test_every_first_command_of_the_runbook_is_a_command():
    firsts = re.findall(r"^- \*\*First command\*\*: `(gate [^`]+)`", RUNBOOK, re.MULTILINE)

    assert len(firsts) == len(list(_sections()))
    assert [mistakes(command) for command in firsts] == [[]] * len(firsts)


def test_sizing_shows_what_the_benchmarks_measured():
    assert sizing.shown() == sizing.measured()


def _sections() -> Iterator[tuple[str, list[str]]]:
    """Each third-level heading of the runbook, with the labels below it."""
    for section in RUNBOOK.split("\n### ")[1:]:
        heading, _, text = section.partition("\n")
        yield heading, re.findall(r"^- \*\*(.+?)\*\*: ", text.split("\n## ")[0], re.MULTILINE)
