"""Runs the queries of contracts in a separate process that can read only the files passed to it."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from partition_gate.adapters.gx.duckdb.query_process import (
    HIVE,
    KINDS,
    READY,
    QueryLimits,
    QueryRefused,
    Question,
    Reply,
    why_not_one_select,
)
from partition_gate.adapters.gx.duckdb.rewriting import Rewriting
from partition_gate.adapters.gx.duckdb.scan import Scanned
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.core.table import TableSchema
from partition_gate.gate.deadlines import LimitReached, within

Answer = bool | int | float | Decimal | str | None

_STARTS_WITHIN_S = 60.0
# DuckDB itself ends most queries at their limit and reports why; otherwise the process is killed.
_KILLED_AFTER_S = 1.0
_PROGRAM = """
import sys
sys.path[:] = {path!r}
from partition_gate.adapters.gx.duckdb.query_process import QueryLimits, main
main(QueryLimits.model_validate_json({limits!r}))
"""


class SqlRules:
    """Plans and runs queries one at a time, each within its limits. Starts its process at the first query, and again
    after a process was killed.
    """

    def __init__(self, limits: QueryLimits | None = None) -> None:
        self._limits = limits or QueryLimits()
        self._process: subprocess.Popen[bytes] | None = None

    def why_unplanned(self, table: TableSchema, query: str) -> str | None:
        """Why a query cannot run over the table (and its published rows), or None. Needs no data."""
        try:
            self._ask(Question(query=query, table=table))
        except QueryRefused as refused:
            return str(refused)
        return None

    def answer(self, connection: duckdb.DuckDBPyConnection, partition: Scanned, query: str) -> Answer:
        """The single value of a query over the partition (named like the dataset) and `<dataset>_published`.

        The query cannot access the network, settings or any files except those of the two. `connection` is used to
        fetch published files that are not local.

        Raises:
            QueryRefused: it is not a single SELECT, does not return a single value, fails, or exceeds a limit.
        """
        if refused := why_not_one_select(query):
            raise QueryRefused(refused)
        with TemporaryDirectory(prefix="gate-sql-") as folder:
            published = _local(connection, partition, Path(folder))
            table = partition.scan.table
            question = Question(query=query, table=table, partition=partition, published=published, folder=folder)
            return _value(self._ask(question))

    def rewrite(self, rewriting: Rewriting) -> int:
        """Write rows with new values, or the chosen ones, and return how many there are.

        Raises:
            QueryRefused: an expression reads something else, fails, or exceeds a limit.
        """
        return int(self._ask(rewriting).text)

    def close(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, question: Question | Rewriting) -> Reply:
        process = self._start()
        assert process.stdin is not None  # noqa: S101 -- a pipe
        assert process.stdout is not None  # noqa: S101 -- a pipe
        try:
            process.stdin.write(question.model_dump_json().encode() + b"\n")
            process.stdin.flush()
            line = within(self._limits.seconds + _KILLED_AFTER_S, process.stdout.readline)
        except LimitReached:
            self.close()
            raise QueryRefused(self._limits.too_long) from None
        except BrokenPipeError:
            line = b""
        if not line:  # the system killed it, because some allocations ignore DuckDB's limit
            self.close()
            raise QueryRefused(self._limits.too_large)
        reply = Reply.model_validate_json(line)
        if reply.refused is not None:
            raise QueryRefused(reply.refused)
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            program = _PROGRAM.format(path=sys.path, limits=self._limits.model_dump_json())
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            output = self._process.stdout
            try:
                is_ready = output is not None and within(_STARTS_WITHIN_S, output.readline) == READY
            except LimitReached:
                is_ready = False
            if not is_ready:
                self.close()
                raise QueryRefused("the process for queries did not start; free some memory, then run it again")
        return self._process


def _value(reply: Reply) -> Answer:
    if reply.kind == "null":
        return None
    return reply.text == "True" if reply.kind == "boolean" else KINDS[reply.kind](reply.text)


def _local(connection: duckdb.DuckDBPyConnection, partition: Scanned, folder: Path) -> tuple[str, ...]:
    """The published files; remote ones are fetched into the folder."""
    name = partition.scan.table.name
    paths = next((each.paths for each in partition.scan.references if each.dataset == name), ())
    if all("://" not in path for path in paths):
        return tuple(paths)
    fetched = folder / "published.parquet"
    published = select(["*"], read_parquet(paths, options=HIVE))
    connection.execute(f"COPY ({published}) TO {literal(str(fetched))} (FORMAT parquet)")
    return (str(fetched),)
