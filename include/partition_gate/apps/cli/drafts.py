"""`gate init`: drafts a contract from existing partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from partition_gate.contracts.drafting.arrivals import day_of
from partition_gate.contracts.drafting.draft import draft_contract, named_tables, proposed_id
from partition_gate.contracts.drafting.layouts import (
    FOLDER,
    guess_patterns,
    is_code,
    patterned_location,
    renamed,
)
from partition_gate.contracts.drafting.places import why_inside, why_no_path, why_nothing
from partition_gate.contracts.drafting.profile import Arrival, DataProfile, Reference
from partition_gate.contracts.drafting.relationships import Candidate, candidates, confirmed
from partition_gate.contracts.drafting.review import to_check
from partition_gate.core.errors import AccessDenied, CannotAct
from partition_gate.core.partition import Location, Partition
from partition_gate.core.units import is_timezone
from partition_gate.gate.spool import spool_folder
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, open_ports

Place = Annotated[str, typer.Argument(metavar="PATH", help="`s3://bucket/folder` or a local folder of partitions.")]
Id = Annotated[str, typer.Option("--id", help="The id of the contract; default: the name of the folder.")]
Partitions = Annotated[int, typer.Option("--partitions", min=1, help="How many of the newest partitions to read.")]
Timezone = Annotated[str, typer.Option("--timezone", help="The IANA time zone of the partition dates.")]
Pattern = Annotated[str, typer.Option("--pattern", help="The partitionPattern of the paths, if the guess is wrong.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, which must not exist.")]
_LISTED = 60
_REFUSED = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    path: Place,
    contract_id: Id = "",
    partitions: Partitions = 7,
    timezone: Timezone = "UTC",
    pattern: Pattern = "",
    output: Output = None,
) -> None:
    """Draft a contract from existing Parquet partitions. Every guess in it is marked as one.

    A folder that has no partitions, but a folder for each table, becomes one contract with several schema objects.

    Exit codes: 0 drafted, 1 the files are not readable Parquet, 2 usage error or nothing there, 3 landing cannot be
    read.
    """
    if output is not None and output.exists():
        raise typer.BadParameter(f"{output} already exists: remove it, or choose another --output")
    if not is_timezone(timezone):
        raise typer.BadParameter(f"--timezone {timezone!r} is not an IANA time zone: write one such as Europe/Berlin")
    with open_ports(load_settings()) as ports, spool_folder(ports.spool_folder, "init") as private:
        root, profiles = _Lake(ports, private, newest=partitions, timezone=timezone).profiles(path, pattern)
    own_id = contract_id or proposed_id(root)
    text = draft_contract(*profiles, contract_id=own_id, root=root)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {output}; review it, then run: gate lint {output}", err=True)
    lines = to_check(named_tables(profiles, contract_id=own_id))
    typer.echo("\n".join(["check these guesses first:", *(f"  {line}" for line in lines)]), err=True)


class _Found(NamedTuple):
    """A dataset of the lake: its profile, and the local copies of the files that were read."""

    profile: DataProfile
    files: tuple[Path, ...]


class _Lake:
    """The datasets below a path, each read once."""

    def __init__(self, ports: WiredPorts, private: Path, *, newest: int, timezone: str) -> None:
        self._ports, self._private, self._newest, self._timezone = ports, private, newest, timezone
        self._read = 0
        self._refused: list[str] = []

    def profiles(self, path: str, pattern: str) -> tuple[str, list[DataProfile]]:
        """The folder, and the profiles of its datasets, with the relationships between them.

        Raises:
            BadParameter: the pattern is wrong.
            CannotAct: there is nothing to draft from, or the path is inside of a table.
        """
        from partition_gate.adapters.object_store.layout import infer_location

        children = self._ports.children(path)
        location = infer_location(path if path.startswith("s3://") else str(Path(path).resolve()), children)
        root, has_segments = location.root, bool(location.segments)
        guessed = [] if pattern or has_segments else self._guessed(location)
        if not (pattern or has_segments or guessed):
            self._require_whole(root)
        named = guessed or self._located(location, pattern)
        found = [found for name, where in named if (found := self._profiled(where, name))]
        if not (found or pattern or has_segments):
            found = self._tables(root)
        if not found and pattern:
            raise CannotAct(why_no_path(root, pattern, children, has_segments=has_segments))
        if not found:
            raise CannotAct(why_nothing(root, children))
        self._tell_refused()
        return root, self._related(found)

    def _require_whole(self, root: str) -> None:
        with suppress(AccessDenied):  # a person may be allowed to list this folder and not the ones above it
            if inside := why_inside(root, self._ports.children(root)):
                raise CannotAct(inside)

    def _located(self, location: Location, pattern: str) -> list[tuple[str, Location]]:
        try:
            return [("", patterned_location(location.root, pattern) if pattern else location)]
        except ValueError as error:
            raise typer.BadParameter(f"--pattern {pattern!r}: {error}") from error

    def _guessed(self, location: Location) -> list[tuple[str, Location]]:
        """The locations in a folder without Hive segments; empty if its names show nothing."""
        patterns = guess_patterns(location.root, self._ports.children(location.root))
        return [(name, patterned_location(location.root, each)) for name, each in patterns.items()]

    def _tables(self, root: str) -> list[_Found]:
        """The datasets in the folders of a folder; one, if these are like codes and all have the same columns."""
        from partition_gate.adapters.object_store.layout import infer_location

        children, found = self._ports.children(root), []
        for name in (each for each in children(root).folders if "=" not in each):
            own = infer_location(f"{root}/{name}", children)
            located = [("", own)] if own.segments else self._guessed(own) or [("", own)]
            own_found = [each for label, where in located if (each := self._profiled(where, label))]
            if not own_found:
                self._refused.append(f"{root}/{name}: there is no Parquet file")
            found += own_found
        merged = self._profiled(patterned_location(root, pattern)) if (pattern := _common_pattern(found)) else None
        return [merged] if merged else found

    def _profiled(self, location: Location, name: str = "") -> _Found | None:
        """The profile of the newest partitions; None if no file is in them."""
        from partition_gate.adapters.profiling.partitions import profile_partitions

        landed = self._ports.store.partition_keys(location)
        self._refused += [f"{location.root}/{folder}: {why}" for folder, why in landed.refused]
        by_day = sorted(landed.keys, key=lambda key: day_of(key) or date.min)  # the newest of every region
        listed = [self._partition(location, key) for key in by_day[-max(self._newest, _LISTED) :]]
        full = [partition for partition in listed if partition.files]
        if not full:
            return None
        chosen = full[-self._newest :]
        spooled = [self._spooled(partition) for partition in chosen]
        profile = profile_partitions(spooled)
        profiled = DataProfile(
            name=name,
            location=_without_conflict(location, (column.name for column in profile.columns)),
            refused=len(landed.refused),
            timezone=self._timezone,
            keys=landed.keys,
            profiled=tuple(partition.key for partition in chosen),
            arrivals=tuple(Arrival(key=partition.key, arrived_at=partition.arrived_at) for partition in full),
            **dict(profile),
        )
        return _Found(profiled, tuple(path for paths in spooled for path in paths))

    def _related(self, found: Sequence[_Found]) -> list[DataProfile]:
        """The profiles, with the relationships that the files confirm."""
        files = {each.profile.source: each.files for each in found}
        related: dict[str, list[Reference]] = {}
        by_column = groupby(candidates([each.profile for each in found]), lambda each: (each.child.source, each.column))
        for (child, _), parents in by_column:
            if best := confirmed([_reference(each, files) for each in parents]):
                related.setdefault(child, []).append(best)
        return [
            each.profile.model_copy(update={"references": tuple(related.get(each.profile.source, ()))})
            for each in found
        ]

    def _tell_refused(self) -> None:
        """Names what was left out, after something was found: before, the error says more."""
        for what in self._refused[:_REFUSED]:
            typer.echo(f"skipped {what}", err=True)
        if (more := len(self._refused) - _REFUSED) > 0:
            typer.echo(f"and {more:,} more", err=True)

    def _partition(self, location: Location, key: str) -> Partition:
        files = self._ports.store.list_files(location, key)
        return Partition(dataset="draft", key=key, files=files, endpoint_url=location.endpoint_url)

    def _spooled(self, partition: Partition) -> tuple[Path, ...]:
        self._read += 1
        return self._ports.store.spool(partition, self._private / str(self._read)).paths


def _reference(candidate: Candidate, files: Mapping[str, tuple[Path, ...]]) -> Reference:
    """The reference, with the rows without a parent; `files` are those of each source."""
    from partition_gate.adapters.profiling.references import containment

    child, column, parent, key = candidate
    found = containment(files[child.source], column.name, within=files[parent.source], key=key)
    return Reference(column=column.name, to_source=parent.source, to_column=key, **found._asdict())


def _without_conflict(location: Location, columns: Iterable[str]) -> Location:
    """The location with other names for fields that we named, if the files have columns of these names."""
    if location.layout is None:
        return location
    return patterned_location(location.root, renamed(location.pattern, columns))


def _common_pattern(found: Sequence[_Found]) -> str:
    """The pattern of folders that are like codes and have the same layout and columns; empty if they do not."""
    alike = groupby(
        (each.profile.location.pattern, each.profile.location.names, _columns(each.profile)) for each in found
    )
    folders = [each.profile.location.root.rsplit("/", 1)[-1] for each in found]
    if len(found) < 2 or len(list(alike)) > 1 or not all(map(is_code, folders)):
        return ""
    first = found[0].profile.location
    hive = [f"{name}={{{name}}}" for name in first.names] if first.layout is None else []
    return "/".join([f"{{{FOLDER}}}", *hive, first.pattern])


def _columns(profile: DataProfile) -> tuple[tuple[str, str], ...]:
    return tuple((column.name, column.type) for column in profile.columns)
