"""A dataset with a long history in ledger, landing and its Delta table, and what it costs to go on from there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.transaction import AddAction
from fastapi.testclient import TestClient
from sqlalchemy import bindparam, create_engine, insert, update

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from timing import cpu_s
from watch import TODAY, WatchedInstallation

from partition_gate.adapters.ledger.schema import fences, settlements
from partition_gate.adapters.warehouse_delta import layout
from partition_gate.apps.web.app import create_app
from partition_gate.apps.web.ledger_console import LedgerConsole
from partition_gate.core.record import canonical_json
from partition_gate.gate.look import WatchPlan
from partition_gate.gate.watch import watch
from partition_gate.judging.attempt import Publication
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.wiring import mask_key, open_ports

_YESTERDAY = TODAY - timedelta(days=1)
_PAGES = {
    "page: datasets": "/",
    "page: a dataset": "/datasets/orders_0",
    "page: a partition": f"/partitions/orders_0/{_YESTERDAY}",
}


def pages() -> list[str]:
    """The pages that are measured."""
    return list(_PAGES)


class LongHistory:
    """One dataset with `count` published partitions, one a day until yesterday.

    The first partition is judged and published by a run. The others are recorded by inserts into the ledger and by one
    commit of Delta's writer, with the files, records and transactions that their runs would leave, and a checkpoint.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._installation = WatchedInstallation(folder, 1, count)
        (self._name,) = self._installation.names
        self._before = [TODAY - timedelta(days=count + back) for back in range(1, 1_000)]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._ports = self._stack.enter_context(open_ports(self._installation.settings))
        self.judge()
        self._compiled = self._ports.contracts.load(self._name)
        self._installation.record([self._compiled], self._ports)
        self._record_dates()
        self._publish_all()
        self._ports.warehouse.refresh_view(self._compiled.published)
        self.judge()
        self.watch()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def judge(self) -> float:
        """CPU seconds of the run of one partition, from landing to its report."""
        key = self._before.pop(0).isoformat()
        before = cpu_s()
        done = self._installation.judge(self._name, key, self._ports)
        if done.outcome is not PartitionOutcome.PUBLISHED:
            raise SystemExit(f"{self._name} {key} was not published: {done.why}")
        self._newest = key
        return cpu_s() - before

    def watch(self) -> float:
        """CPU seconds of one pass of the watch."""
        before = cpu_s()
        watch([self._compiled], (), plan=WatchPlan(pass_limit=timedelta(hours=1)), ports=self._ports)
        return cpu_s() - before

    def pages(self) -> Sequence[Callable[[], float]]:
        """CPU seconds of each page of `pages`, after a first request."""
        ports, settings = self._ports, self._installation.settings
        warehouse, key = ports.warehouse, mask_key(settings)
        console = LedgerConsole(
            ports.ledger, lambda: warehouse, ports.contracts, docs=ports.docs, mask_key=key, clock=ports.clock
        )
        browser = TestClient(create_app(console))
        for path in _PAGES.values():
            if (status := browser.get(path).status_code) != 200:
                raise SystemExit(f"{path}: {status}")
        return [lambda path=path: _cost_of_page(browser, path) for path in _PAGES.values()]  # type: ignore[misc]

    def _record_dates(self) -> None:
        """The fence of each partition, and the day on which it was settled: reports are by month."""
        engine = create_engine(f"sqlite:///{self._installation.settings.home / 'ledger.sqlite'}")
        own = [{"dataset": self._name, "partition_key": f"{day}", "fence": 1} for day in self._installation.days]
        with engine.begin() as connection:
            connection.execute(insert(fences), own)
            on_its_day = update(settlements).where(settlements.c.partition_key == bindparam("key"))
            on_its_day = on_its_day.where(settlements.c.dataset == self._name).values(settled_at=bindparam("moment"))
            connection.execute(
                on_its_day, [{"key": f"{day}", "moment": _morning(day)} for day in self._installation.days]
            )
        engine.dispose()

    def _publish_all(self) -> None:
        template = self._ports.warehouse.current(self._name, self._newest)
        if template is None:
            raise SystemExit(f"{self._name} {self._newest} is not published")
        root = self._installation.settings.home / "warehouse" / self._name
        table = DeltaTable(root)
        added, transactions = [], []
        for day in map(str, self._installation.days):
            own = {"partition_key": day, "attempt_id": f"{self._name}-{day}-1", "idempotency_key": day, "fence": 1}
            added.append(self._write(root, template.model_copy(update=own)))
            name = f"gate/{self._name}/{day}"
            transactions += [Transaction(name, 1), Transaction(f"{name}@version", table.version() + 1)]
        properties = CommitProperties(app_transactions=transactions)
        columns = table.metadata().partition_columns
        table.create_write_transaction(added, "append", table.schema(), columns, commit_properties=properties)
        DeltaTable(root).create_checkpoint()

    def _write(self, root: Path, published: Publication) -> AddAction:
        """The file and the record of a partition; the files share their bytes on disk."""
        key, attempt = published.partition_key, published.attempt_id
        (path,) = layout.staged_paths(("dt",), key, attempt, count=1)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(self._installation.file)
        record = canonical_json(published.model_dump(mode="json", exclude={"table_version"}))
        (root / layout.record_path(attempt)).write_text(record)
        return AddAction(path, self._installation.file.stat().st_size, {"dt": key}, 0, True, '{"numRecords":1000}')  # noqa: FBT003 -- positional in the class


def _morning(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(3), tzinfo=UTC)


def _cost_of_page(browser: TestClient, path: str) -> float:
    before = cpu_s()
    browser.get(path)
    return cpu_s() - before
