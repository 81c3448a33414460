"""Files, keys and contracts that nobody means well with: each ends with a sentence and the right exit code."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tests.chaos.processes import Ended
from tests.chaos.tally import Tally
from tests.chaos.world import CANARY, DATASET, World

from partition_gate.wiring import open_ports

PUBLISHED, FAILED, USAGE, COULD_NOT_JUDGE = 0, 1, 2, 3
LIMIT_S = 60
KEYS = (
    *("", " ", ".", "..", "/", "//", "~", "%", "%2", "%ZZ", "=", "dt=2026-01-01", "2026-1-5", "2026-13-45", "20260101"),
    *("0000-00-00", "10000-01-01", "infinity", "epoch", "now", "1e2", "+7", "007", "0x10", "NaN", "null", "None"),
    *("2026-01-01/", "2026-01-01/07", "2026-01-01T00:00:00", "2026-01-01 ", "2026-02-30", "-2026-01-01"),
    *(
        "__HIVE_DEFAULT_PARTITION__",
        "../../etc/passwd",
        "2026-01-01;DROP TABLE orders",
        "' OR 1=1 --",
        '"',
        "\\",
        "$HOME",
    ),
    *("\x1b[31mred", "a\nb", "a\tb", "\u202eabc", "\u0000", "ü", "日本", "😀", "x" * 240, "x" * 5000, "--help", "-1"),
)
HOSTILE_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        10**30,
        1e308,
        "",
        " ",
        "\x1b[31m",
        "../../../evil",
        "a" * 5000,
        "\u202e",
        "'; DROP TABLE x; --",
    ),
    *(
        [],
        {},
        [[]],
        {"a": {"b": []}},
        ["x"] * 100,
        "{object}",
        "%s%n",
        "(a|aa|aaa){900}c",
        "^(((a{1000}){1000}){1000})$",
    ),
)


@dataclass
class Hostile:
    """Commands in one world, each held against the exit codes that it may have."""

    world: World
    rng: random.Random
    tally: Tally

    def files(self, *, count: int) -> None:
        """Parquet files with flipped, cut, doubled or foreign bytes."""
        for number in range(count):
            key = f"2026-03-{number % 28 + 1:02}"
            path = self.world.folder / "landing" / f"dt={key}" / "part-0.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._bytes())
            self._run(("run", DATASET, key), {PUBLISHED, FAILED, COULD_NOT_JUDGE}, f"file {number} at {key}")
            self._nothing_unjudged(f"file {number} at {key}")

    def keys(self, *, count: int) -> None:
        """Keys that people type: nothing is recorded for one that is none."""
        typed = [*KEYS, *(self._typed() for _ in range(max(0, count - len(KEYS))))][:count]
        for key in typed:
            if "\0" not in key:  # no command line can hold it
                self._run(("run", "--", DATASET, key), {USAGE}, f"key {key[:80]!r}")

    def contracts(self, *, count: int) -> None:
        """Contracts with one or two parts replaced, removed or doubled: linted, and used."""
        known = yaml.safe_load((self.world.folder / "contracts" / f"{DATASET}.odcs.yaml").read_text())
        for number in range(count):
            changed = copy.deepcopy(known)
            for _ in range(self.rng.choice((1, 1, 2))):
                self._spoil(changed)
            path = self.world.folder / "hostile" / f"{number}.odcs.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(changed))
            self._run(("lint", str(path)), {PUBLISHED, FAILED, USAGE}, f"lint of {path}")
            self._run(("run", "--dry-run", str(path), "2026-03-01"), {0, 1, 2, 3}, f"run of {path}")

    def end(self) -> Tally:
        """What must hold after all of it."""
        if self._gate("reconcile").code != 0:
            self.tally.wrong.append("gate reconcile is not clean")
        odd = self._recorded() - {f"2026-03-{day:02}" for day in range(1, 29)}
        self.tally.wrong += [f"recorded for a key that is none: {key!r}" for key in sorted(odd)]
        self.tally.found_in(self.world.leaks())
        return self.tally

    def _run(self, arguments: tuple[str, ...], codes: set[int], what: str) -> None:
        ended = self._gate(*arguments)
        self.tally.tried += 1
        self.tally.faults += 1
        self.tally.hung += ended.hung
        if ended.code not in codes:
            self.tally.wrong.append(f"{what}: ended with {ended}, not with one of {sorted(codes)}")

    def _gate(self, *arguments: str) -> Ended:
        return self.world.gate(*arguments, limit_s=LIMIT_S)

    def _recorded(self) -> set[str]:
        ended = self.world.do(_recorded_keys)
        return set(ended.answer or ())

    def _nothing_unjudged(self, where: str) -> None:
        ended = self.world.do(_unjudged)
        if ended.code != 0 or ended.answer:
            self.tally.unjudged += ended.answer or 1
            self.tally.wrong.append(f"{where}: {ended} rows that break the contract are visible, or none can be read")

    def _bytes(self) -> bytes:
        content = bytearray(_parquet(self.rng))
        change = self.rng.choice(("flip", "flip", "flip", "cut", "double", "foreign", "zero"))
        match change:
            case "flip":
                for _ in range(self.rng.choice((1, 3, 30))):
                    content[self.rng.randrange(len(content))] = self.rng.randrange(256)
            case "cut":
                del content[self.rng.randrange(len(content)) :]
            case "double":
                content *= 2
            case "zero":
                start = self.rng.randrange(len(content))
                content[start : start + 50] = bytes(50)
            case _:
                content = bytearray(self.rng.randbytes(self.rng.choice((0, 4, 12, 1000))))
        return bytes(content)

    def _typed(self) -> str:
        alphabet = "0123456789-/=%.~ abcXYZ\x1b\u202eü"
        return "".join(self.rng.choice(alphabet) for _ in range(self.rng.randint(1, 15)))

    def _spoil(self, document: Any) -> None:
        """Change one part, anywhere in the tree."""
        places = list(_places(document))
        holder, name = self.rng.choice(places)
        match self.rng.choice(("replace", "replace", "remove", "rename")):
            case "replace":
                holder[name] = copy.deepcopy(self.rng.choice(HOSTILE_VALUES))
            case "remove":
                del holder[name]
            case _ if isinstance(holder, dict):
                holder[f"{name}X"] = holder.pop(name)
            case _:
                holder.append(copy.deepcopy(holder[name]))


def play(folder: Path, rng: random.Random, *, count: int) -> Tally:
    """A third each of files, keys and contracts."""
    world = World(folder)
    world.prepare()
    hostile = Hostile(world, rng, Tally(part="hostile files, keys, contracts"))
    parts: tuple[Callable[..., None], ...] = (hostile.files, hostile.keys, hostile.contracts)
    for part in parts:
        part(count=count // len(parts))
    return hostile.end()


def _places(node: Any) -> list[tuple[Any, Any]]:
    children = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    found = [(node, name) for name, _ in children]
    return found + [place for _, child in children if isinstance(child, dict | list) for place in _places(child)]


def _parquet(rng: random.Random) -> bytes:
    rows = rng.choice((1, 10, 100))
    table = pa.table({"id": list(range(rows)), "version": [1] * rows, "amount": [1.0] * rows, "email": [CANARY] * rows})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression=rng.choice(("none", "snappy", "zstd")))
    return buffer.getvalue()


def _recorded_keys() -> list[str]:
    with open_ports() as ports:
        return [settlement.partition_key for settlement in ports.ledger.latest()]


def _unjudged() -> int:
    """Visible rows that break the contract."""
    with open_ports() as ports:
        files = ports.warehouse.files(DATASET)
    tables = [pq.read_table(file, columns=["id", "version", "amount"]) for file in files]
    return sum(
        1
        for table in tables
        for row in table.to_pylist()
        if row["id"] is None or row["version"] is None or (row["amount"] is not None and row["amount"] < 0)
    )
