"""Incidents told through a Slack that fails, by senders that are killed: each root, each end, exactly once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos.processes import Process
from tests.chaos.services import Service, outbox_id, serve_slack
from tests.chaos.tally import Tally

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.gate.notify import DeliveryTimes, notify
from partition_gate.testing.builders import a_problem, an_assessment
from partition_gate.testing.slack_server import Fault, SlackServer

CHANNEL = {"#orders": "C0ORDERS01"}
FAULTY = 0.45
SENDERS = 2
LIMIT_S = 600
# The client waits 1 s; the times keep their order, only faster.
TIMES = DeliveryTimes(
    lease=timedelta(seconds=4),
    settling=timedelta(seconds=1.5),
    first_wait=timedelta(seconds=0.05),
    longest_wait=timedelta(seconds=1),
)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def play(folder: Path, rng: random.Random, *, count: int, kills: int) -> Tally:
    """`count` incidents open, are told, and are resolved, while two senders are killed `kills` times each."""
    url, stop = f"sqlite:///{folder / 'ledger.sqlite'}", folder / "over"
    migrate(url)
    ledger, tally = SqlLedger(url), Tally(part="messages of incidents", tried=kills * SENDERS)
    # Two hours apart, so that each has a thread of its own.
    moments = [datetime.now(UTC) - timedelta(hours=2 * (count - number)) for number in range(count)]
    # Without silence, which costs each sender its whole limit; `bad conditions` has it.
    never = (Fault.SILENT, Fault.DRIPPING)
    serve = serve_slack(CHANNEL, rate=FAULTY, seed=rng.randrange(1 << 30), never=never, slow_s=1.3)
    slack = Service(serve, folder, "slack")
    for number, moment in enumerate(moments):
        ledger.assess(an_assessment(a_problem(blocks=True), dataset=f"dataset_{number}"), now=moment)
    senders = _Senders(url, slack.address["GATE_SLACK_API_URL"], folder, stop)
    for round_ in range(kills):
        time.sleep(rng.uniform(0.05, 0.6))
        tally.faults += senders.kill_and_start_again()
        _resolve(ledger, range(round_, count, kills))
    stop.touch()
    tally.hung += senders.wait()
    _compare(ledger, slack.stop(), count, tally)
    return tally


def _resolve(ledger: SqlLedger, numbers: range) -> None:
    """End those incidents; one that nobody was told of yet ends untold."""
    for number in numbers:
        done = an_assessment(dataset=f"dataset_{number}", in_order=frozenset({"missing"}), notices=())
        ledger.assess(done, now=datetime.now(UTC))


class _Senders:
    """Processes that announce and deliver until everything is told and `stop` exists."""

    def __init__(self, url: str, slack_url: str, folder: Path, stop: Path) -> None:
        self._arguments, self._folder = (url, slack_url, stop), folder
        self._started = 0
        self._running = [self._start() for _ in range(SENDERS)]

    def kill_and_start_again(self) -> int:
        """How many were at work when they were killed."""
        at_work = 0
        for sender in self._running:
            at_work += not sender.has_ended()
            sender.kill()
        self._running = [self._start() for _ in range(SENDERS)]
        return at_work

    def wait(self) -> int:
        """How many did not end in time."""
        return sum(sender.ended(limit_s=LIMIT_S).hung for sender in self._running)

    def _start(self) -> Process:
        self._started += 1
        return Process(lambda: _send(*self._arguments), log=self._folder / f"sender-{self._started}.log")


def _send(url: str, slack_url: str, stop: Path) -> None:
    ledger, notifier = SqlLedger(url), SlackNotifier(SlackServer.token, base_url=slack_url, timeout_s=1)
    while not stop.exists() or ledger.unsent() or ledger.unannounced():
        notify(ledger, notifier, _Clock(), times=TIMES)
        time.sleep(0.02)


def _compare(ledger: SqlLedger, posts: list[dict[str, Any]], count: int, tally: Tally) -> None:
    """Every thread that was told has one root, which says that it is over, and one reply that says so."""
    arrived = Counter(outbox_id(post) for post in posts)
    tally.doubled += sum(times - 1 for times in arrived.values())
    queued = {entry.message.id for entry in ledger.messages() if not entry.message.is_edit}
    tally.lost += len(queued - arrived.keys())
    roots = {post["ts"]: str(post["text"]) for post in posts if "thread_ts" not in post}
    ended = Counter(post["thread_ts"] for post in posts if "is resolved" in str(post["text"]))
    tally.wrong += list(_not_over(roots, ended))
    if active := len(ledger.incidents()):
        tally.wrong.append(f"{active} of {count} incidents are still open")


def _not_over(roots: dict[str, str], ended: Counter[str]) -> Iterator[str]:
    for ts, text in roots.items():
        if not text.startswith("Resolved: ") or ended[ts] != 1:
            yield f"the thread {ts} says {text[:40]!r}, and {ended[ts]} times that it is over"
