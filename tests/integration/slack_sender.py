"""A worker for the kill test: drains an outbox until nothing is left. Arguments: ledger URL, Slack URL."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.gate.notify import DeliveryTimes, notify
from partition_gate.testing.slack_server import SlackServer

# The test's slow answers take 1.3 s and the client waits 1 s: the times keeps its promises, only faster.
TIMES = DeliveryTimes(
    lease=timedelta(seconds=4),
    settling=timedelta(seconds=1.5),
    first_wait=timedelta(seconds=0.05),
    longest_wait=timedelta(seconds=1),
)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


if __name__ == "__main__":
    ledger = SqlLedger(sys.argv[1])
    notifier = SlackNotifier(SlackServer.token, base_url=sys.argv[2], timeout_s=1)
    while any(entry.state != "sent" for entry in ledger.messages()):
        notify(ledger, notifier, SystemClock(), times=TIMES)
        time.sleep(0.02)
