"""Partition Gate: from S3 to a Delta table in S3. The server runs on this machine; its CPU time is not counted."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from gate_load import judge_and_publish
from gate_partition import PARTITION_KEY
from obstore.store import S3Store
from timing import measure

from partition_gate.adapters.embedded_s3.server import REGION
from partition_gate.adapters.embedded_s3.users import running
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.storage import S3Access
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.core.partition import Location, Partition
from partition_gate.core.partition_key import Segment

LANDING = Location(root="s3://landing/orders", segments=(Segment(name="dt", type="DATE"),), pattern="*.parquet")


@contextmanager
def in_s3(path: str) -> Iterator[str]:
    """Put the file into the landing bucket; yields the address and credentials of the server as JSON."""
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as server:
        access = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
        store = S3Store(
            "landing", endpoint=server.endpoint_url, region=REGION, client_options={"allow_http": True}, **access
        )
        obstore.put(store, f"orders/dt={PARTITION_KEY}/part-0.parquet", Path(path))
        yield json.dumps({"endpoint_url": server.endpoint_url, **access})


def load_from_s3(server: str) -> dict[str, int]:
    access = json.loads(server)
    endpoint = Endpoint.with_key(access["endpoint_url"], access["access_key_id"], access["secret_access_key"], REGION)
    landing = S3ObjectStore(endpoint)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = landing.list_files(LANDING, PARTITION_KEY)
        spooled = landing.spool(Partition(dataset="orders", key=PARTITION_KEY, files=files), folder / "spool")
        warehouse = DeltaWarehouse(
            "s3://warehouse/tables",
            s3=S3Access(lambda: endpoint.service),
            serving_file=folder / "served.duckdb",
            quarantine_root="s3://warehouse/quarantine",
        )
        return judge_and_publish(str(spooled.paths[0]), folder, warehouse)


if __name__ == "__main__":
    measure(load_from_s3, around=in_s3)
