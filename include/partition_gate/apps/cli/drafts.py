"""`gate init`: drafts a contract from existing partitions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from partition_gate.contracts.drafting.draft import draft_contract, proposed_id
from partition_gate.contracts.drafting.profile import Arrival, DataProfile
from partition_gate.core.partition import Location, Partition
from partition_gate.core.units import is_timezone
from partition_gate.gate.spool import spool_folder
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, open_ports

Place = Annotated[str, typer.Argument(metavar="PATH", help="`s3://bucket/folder` or a local folder of partitions.")]
Id = Annotated[str, typer.Option("--id", help="The id of the contract; default: the name of the folder.")]
Partitions = Annotated[int, typer.Option("--partitions", min=1, help="How many of the newest partitions to read.")]
Timezone = Annotated[str, typer.Option("--timezone", help="The IANA time zone of the partition dates.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, which must not exist.")]
_LISTED = 60


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    path: Place,
    contract_id: Id = "",
    partitions: Partitions = 7,
    timezone: Timezone = "UTC",
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
    with open_ports(load_settings()) as ports:
        location, profiles = _profiles(path, partitions, ports)
    zoned = [profile.model_copy(update={"timezone": timezone}) for profile in profiles]
    text = draft_contract(*zoned, contract_id=contract_id or proposed_id(location.root), root=location.root)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}; review it, then run: gate lint {output}", err=True)


def _profiles(path: str, newest: int, ports: WiredPorts) -> tuple[Location, list[DataProfile]]:
    """The location, and the profile of its folder, or of each table that has a folder in it. Raises: BadParameter."""
    from partition_gate.adapters.object_store.layout import infer_location, infer_tables

    location = infer_location(path if path.startswith("s3://") else str(Path(path).resolve()), ports.folder_names(path))
    own = _profile(location, newest, ports)
    tables = () if own or location.segments else infer_tables(location.root, ports.folder_names(path))
    profiles = {table.root: _profile(table, newest, ports) for table in tables}
    for root in (root for root, profile in profiles.items() if profile is None):
        typer.echo(f"skipped {root}: there is no Parquet file", err=True)
    found = [profile for profile in (own, *profiles.values()) if profile]
    if not found:
        count = len(ports.store.partition_keys(location).keys)
        raise typer.BadParameter(f"{location.root}: there is no Parquet file in {count} partitions; check PATH")
    return location, found


def _profile(location: Location, newest: int, ports: WiredPorts) -> DataProfile | None:
    """The profile of the newest partitions; None if no file is in them."""
    from partition_gate.adapters.profiling import profile_partitions

    landed = ports.store.partition_keys(location)
    keys = landed.keys
    for folder, why in landed.refused:
        typer.echo(f"skipped {location.root}/{folder}: {why}", err=True)
    listed = [_partition(location, key, ports) for key in keys[-max(newest, _LISTED) :]]
    full = [partition for partition in listed if partition.files]
    if not full:
        return None
    chosen = full[-newest:]
    with spool_folder(ports.spool_folder, "init") as private:
        spooled = [ports.store.spool(partition, private / str(i)).paths for i, partition in enumerate(chosen)]
        profile = profile_partitions(spooled)
    return DataProfile(
        location=location,
        keys=keys,
        profiled=tuple(partition.key for partition in chosen),
        row_counts=profile.row_counts,
        columns=profile.columns,
        unique=profile.unique,
        key=profile.key,
        arrivals=tuple(Arrival(key=partition.key, arrived_at=partition.arrived_at) for partition in full),
    )


def _partition(location: Location, key: str, ports: WiredPorts) -> Partition:
    files = ports.store.list_files(location, key)
    return Partition(dataset="draft", key=key, files=files, endpoint_url=location.endpoint_url)
