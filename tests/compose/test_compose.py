"""The proof with real containers (COMPOSE_TEST=1), and, always, that it would notice what it looks for."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.compose.engine import EngineError, engine_problem, run
from tests.compose.report import HEALTHY_WITHIN_S, Found, Messages, Round, page
from tests.compose.run import PAGE, main, misdelivered, outdated
from tests.compose.stack import wait_until


def why_not() -> str:
    """Why the proof is not run here; empty if it is."""
    if os.environ.get("COMPOSE_TEST") != "1":
        return "not run: it takes 20 minutes; `make compose-test`, or COMPOSE_TEST=1, runs it"
    return f"not run: {engine_problem()}" if engine_problem() else ""


def a_round(**changed: object) -> Round:
    given = {"fault": "none", "in_flight": "-", "partitions": 6, "seconds": 40.4, "reconcile": "nothing"}
    return Round(**{**given, "messages": Messages(expected=3, sent=3, edits=4), **changed})  # type: ignore[arg-type]


def found(**changed: object) -> Found:
    given = {
        "versions": "Docker 1",
        "images": "i",
        "cores": 2,
        "image_bytes": 1_400_000_000,
        "base_bytes": 1,
        "load": 0.1,
    }
    return Found(**{**given, **changed})  # type: ignore[arg-type]


def test_the_stack_keeps_its_promises_while_its_parts_break() -> None:
    if reason := why_not():
        pytest.skip(reason)

    assert main([]) == 0


def test_a_message_that_did_not_arrive_is_noticed() -> None:
    assert misdelivered(["told", "lost"], Counter({"told": 1})) == ["message lost arrived 0 times"]


def test_a_message_that_arrived_twice_is_noticed() -> None:
    assert misdelivered(["told"], Counter({"told": 2})) == ["message told arrived 2 times"]


def test_a_message_that_nobody_queued_is_noticed() -> None:
    assert misdelivered([], Counter({"stray": 1})) == ["nobody queued message stray"]


def test_an_edit_that_did_not_arrive_is_noticed() -> None:
    newest = {"root": hashlib.md5(b"new", usedforsecurity=False).hexdigest()}

    assert outdated(newest, {"root": ["new"]}) == []
    assert outdated(newest, {"root": ["old"]}) == ["message root shows an old text"]


def test_what_is_wrong_names_its_fault() -> None:
    assert found(rounds=[a_round(wrong=("reconcile: 1 differences",))]).wrong == ["none: reconcile: 1 differences"]


def test_a_slow_start_is_wrong() -> None:
    assert found(healthy_s=HEALTHY_WITHIN_S + 1).wrong == ["healthy after 181 s, wanted within 180 s"]


def test_the_page_has_a_row_for_each_fault() -> None:
    text = page(found(rounds=[a_round(), a_round(fault="PostgreSQL restarted", in_flight="1 attempt: 1 staged")]))

    assert "| none | - | 6 | 40 | nothing | 3 | 3 | 4 |" in text
    assert "| PostgreSQL restarted | 1 attempt: 1 staged | 6 | 40 | nothing | 3 | 3 | 4 |" in text


def test_the_page_says_what_is_not_as_promised() -> None:
    text = page(found(rounds=[a_round(wrong=("message 1 arrived 0 times",))]))

    assert "| not as promised | none: message 1 arrived 0 times |" in text


def test_the_page_in_the_repository_says_what_the_command_would_write() -> None:
    before, _, after = page(found()).partition("Docker 1")
    text = PAGE.read_text()

    assert text.startswith(before)
    assert text.endswith(after.rpartition("|\n\n*In flight*")[2])


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(EngineError, match=r"after 0 s: no container"):
        wait_until(lambda: True, limit_s=0, what=lambda: "no container")


def test_a_command_that_fails_is_shown_with_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"ls absent ended with 2:\nls: cannot access 'absent'"):
        run("ls", "absent", cwd=tmp_path)


def test_without_an_engine_it_says_why_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")

    assert main([]) == 0
    assert capsys.readouterr().out == "not run: the command `docker` is not installed\n"
