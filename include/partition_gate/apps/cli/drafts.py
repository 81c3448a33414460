"""`gate init`: a draft contract from partitions that exist."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from partition_gate.contracts.drafting.draft import draft_contract, proposed_id
from partition_gate.contracts.drafting.profile import Arrival, DataProfile
from partition_gate.core.partition import Location, Partition
from partition_gate.core.units import is_timezone
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, open_ports

Place = Annotated[str, typer.Argument(metavar="PATH", help="`s3://bucket/folder` or a local folder of partitions.")]
Id = Annotated[str, typer.Option("--id", help="The contract's id; default: the folder's name.")]
Partitions = Annotated[int, typer.Option("--partitions", min=1, help="How many of the newest partitions are read.")]
Timezone = Annotated[str, typer.Option("--timezone", help="The IANA time zone of the partitions' dates.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write this file; it must not exist yet.")]
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
    """Draft a contract from existing Parquet partitions; every guess in it says that it is one.

    Exit codes: 0 drafted, 1 the files are no readable Parquet, 2 usage (nothing there), 3 landing cannot be read.
    """
    if output is not None and output.exists():
        raise typer.BadParameter(f"{output} exists; remove it or give another --output")
    if not is_timezone(timezone):
        raise typer.BadParameter(f"--timezone {timezone!r} is no IANA time zone; write Europe/Berlin or UTC")
    with open_ports(load_settings()) as ports:
        location = ports.infer_location(path if path.startswith("s3://") else str(Path(path).resolve()))
        profile = _profile(location, partitions, ports).model_copy(update={"timezone": timezone})
    text = draft_contract(profile, contract_id=contract_id or proposed_id(location.root))
    if output is None:
        typer.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}: read it, then `gate lint {output}`", err=True)


def _profile(location: Location, newest: int, ports: WiredPorts) -> DataProfile:
    from partition_gate.adapters.profiling import profile_partitions

    landed = ports.store.partition_keys(location)
    keys = landed.keys
    for folder, why in landed.refused:
        typer.echo(f"left out {location.root}/{folder}: {why}", err=True)
    listed = [_partition(location, key, ports) for key in keys[-max(newest, _LISTED) :]]
    full = [partition for partition in listed if partition.files]
    if not full:
        raise typer.BadParameter(f"{location.root}: no Parquet file in {len(keys)} partitions; give their folder")
    chosen = full[-newest:]
    ports.spool_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.spool_folder, prefix="init-") as folder:
        spooled = [ports.store.spool(one, Path(folder) / str(number)).paths for number, one in enumerate(chosen)]
        found = profile_partitions(spooled)
    return DataProfile(
        location=location,
        keys=keys,
        profiled=tuple(partition.key for partition in chosen),
        row_counts=found.row_counts,
        columns=found.columns,
        unique=found.unique,
        key=found.key,
        arrivals=tuple(Arrival(key=partition.key, arrived_at=partition.arrived_at) for partition in full),
    )


def _partition(location: Location, key: str, ports: WiredPorts) -> Partition:
    return Partition(dataset="draft", key=key, files=ports.store.list_files(location, key))
