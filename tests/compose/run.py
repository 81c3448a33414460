"""`make compose-test`: start docker-compose.yaml with real containers, break it in every way that is named, look at it.

Needs a container engine and a compose command; without them it says why and ends with 0. `--write` puts what it found
into docs/reference/production.md. Everything that it starts is removed at the end; logs of a failure are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.compose import partitions, slack
from tests.compose.engine import EngineError, engine_problem, versions
from tests.compose.faults import FAULTS, Fault
from tests.compose.images import built
from tests.compose.report import Found, Messages, Round, page
from tests.compose.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/production.md"
_DAYS_A_ROUND = 3  # so that all are in the last 30 days: people are told of a backfill of those only


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where everything is as promised, and where nothing can be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults whose name contains this text")
    given = parser.parse_args(arguments)
    if problem := engine_problem():
        print(f"not run: {problem}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that everything is removed
    found = played([fault for fault in FAULTS if given.only in fault.name])
    print(page(found))
    if given.write:
        PAGE.write_text(page(found))
    return 1 if found.wrong else 0


def played(faults: Sequence[Fault]) -> Found:
    """Build, start, and play one round for each fault. Raises: EngineError, after the logs were kept."""
    print("building the image", flush=True)
    images = built(ROOT)
    shown = "Debian's PostgreSQL and Redis" if images.postgres == images.redis else f"{images.postgres}, {images.redis}"
    found = Found(versions(), shown, os.cpu_count() or 0, images.size_bytes, images.base_bytes, os.getloadavg()[0])
    with tempfile.TemporaryDirectory(prefix="partition-gate-") as scratch:
        folder = Path(scratch) / f"gate-test-{os.getpid()}"
        folder.mkdir()
        first = datetime.now(UTC).date() - timedelta(days=len(faults) * _DAYS_A_ROUND + 1)
        contracts = folder / "repository"
        partitions.write_contract(ROOT / "include/contracts/weather.odcs.yaml", contracts, first=first)
        stack = Stack(folder, checkout=ROOT, contracts=contracts, images=images)
        _with_logs(stack, lambda: _play(stack, faults, found, first=first))
    return found


def _with_logs(stack: Stack, play: Callable[[], None]) -> None:
    """Play, and remove everything whatever happens; keep the logs of a failure."""
    try:
        play()
    except BaseException:
        traceback.print_exc()
        _keep_logs(stack)
        raise
    finally:
        stack.remove()


def _keep_logs(stack: Stack) -> None:
    kept = Path(tempfile.mkdtemp(prefix="compose-test-logs-"))
    print(f"logs are kept: {', '.join(str(file) for file in stack.save_logs(kept))}", flush=True)


def _play(stack: Stack, faults: Sequence[Fault], found: Found, *, first: date) -> None:
    found.healthy_s = stack.start()
    print(f"healthy after {found.healthy_s:.0f} s", flush=True)
    stack.start_slack()
    partitions.wait_for_dag(stack)
    for number, fault in enumerate(faults):
        days = [first + timedelta(days=number * _DAYS_A_ROUND + day) for day in range(_DAYS_A_ROUND)]
        found.rounds.append(_tried_round(stack, fault, days, first=first))
        print(found.rounds[-1], flush=True)
    found.rows = _reconciled(stack, "--rows")[0]


def _tried_round(stack: Stack, fault: Fault, days: Sequence[date], *, first: date) -> Round:
    """The round; one that fails is wrong, its logs are kept, and the next one begins."""
    begin = time.monotonic()
    try:
        return _round(stack, fault, days, first=first)
    except EngineError as error:
        _keep_logs(stack)
        why = " ".join(str(error).split())
        return Round(fault.name, "-", len(days), time.monotonic() - begin, "not asked", Messages(), (why,))


def _round(stack: Stack, fault: Fault, days: Sequence[date], *, first: date) -> Round:
    before, edits_before = set(partitions.queued_messages(stack)), len(partitions.queued_edits(stack))
    partitions.land(stack, days, first=first)
    begin = time.monotonic()
    with ThreadPoolExecutor(1) as pool:  # beside it, because the first attempt begins before the command ends
        requested = pool.submit(partitions.backfill, stack, days)
        in_flight = fault.cause(stack)
        requested.result()
    partitions.wait_until_published(stack, days)
    seconds = time.monotonic() - begin
    stack.wait_for_health()
    said, wrong = _reconciled(stack)
    queued, edits = partitions.queued_messages(stack), partitions.queued_edits(stack)
    texts = slack.posted(stack.slack_port)
    arrived = Counter({message: len(posts) for message, posts in texts.items()})
    wrong += misdelivered(queued, arrived) + outdated(dict(edits), texts)
    expected = set(queued) - before
    sent = sum(arrived[message] for message in expected)
    messages = Messages(len(expected), sent, len(edits) - edits_before)
    return Round(fault.name, in_flight, len(days), seconds, said, messages, tuple(wrong))


def _reconciled(stack: Stack, *options: str) -> tuple[str, list[str]]:
    """What `gate reconcile` says in a few words, and what it should not have had to say."""
    try:
        answer = json.loads(stack.gate("reconcile", "--json", *options))
    except EngineError as error:
        return "failed", [str(error)]
    counts = {name: len(answer[name]) for name in ("repaired", "differences")} | {"messages sent": answer["sent"]}
    wrong = [f"reconcile: {count} {name}" for name, count in counts.items() if count]
    wrong += [] if answer["proof_holds"] else ["reconcile: rows are missing"]
    return ", ".join(wrong) or "nothing", wrong


def misdelivered(queued: Sequence[str], arrived: Counter[str]) -> list[str]:
    """Messages that did not arrive exactly once, and what arrived without having been queued."""
    wrong = [f"message {each[:12]} arrived {arrived[each]} times" for each in queued if arrived[each] != 1]
    return wrong + [f"nobody queued message {each[:12]}" for each in arrived if each not in set(queued)]


def outdated(newest: Mapping[str, str], texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Messages that do not show their newest text, given as MD5 by message."""
    first = {message: posts[0].encode() for message, posts in texts.items()}
    shown = {message: hashlib.md5(text, usedforsecurity=False).hexdigest() for message, text in first.items()}
    return [f"message {each[:12]} shows an old text" for each, digest in newest.items() if shown.get(each) != digest]


if __name__ == "__main__":
    sys.exit(main())
