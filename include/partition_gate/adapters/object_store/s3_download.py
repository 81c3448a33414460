"""Downloads the files of one partition from S3, complete and as listed, within their time limits."""

from __future__ import annotations

import time
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import S3Store

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.object_store.s3_errors import access_denied, is_timeout, unreachable
from partition_gate.adapters.object_store.spooling import partition_changed, whole_or_absent
from partition_gate.adapters.s3_access.refusals import rejects_key, untrusted
from partition_gate.core.display import counted
from partition_gate.core.errors import StoreUnreachable
from partition_gate.core.partition import DataFile, Partition
from partition_gate.gate.deadlines import Deadline

_TRIES = 5
_FIRST_PAUSE_S = 0.1
_CHUNK_BYTES = 4 * 1024 * 1024


class Download:
    """Downloads of one partition's files; any number of threads may call `fetch`."""

    def __init__(self, endpoint: Endpoint, partition: Partition) -> None:
        self._endpoint, self._limits = endpoint, endpoint.limits
        self._whole = Deadline(self._limits.spool_s)
        self._partition = partition
        self._clients: dict[tuple[str, float], S3Store] = {}

    def fetch(self, file: DataFile, target: Path) -> None:
        """Download one object to a local file. A truncated body is downloaded again from the start.

        Raises: PartitionChanged, AccessDenied, StoreUnreachable.
        """
        deadline, too_slow = self._limit(file)
        failure = too_slow
        with whole_or_absent(target) as unfinished:
            for attempt in range(_TRIES):
                time.sleep(min(_pause_s(attempt), deadline.left_s))
                if deadline.passed:
                    break
                try:
                    if self._download(file, unfinished, deadline.left_s) == file.size_bytes:
                        return
                    failure = unreachable(self._endpoint, file.path, "the body was truncated")
                except (PreconditionError, FileNotFoundError) as gone:
                    raise partition_changed(file) from gone
                except (PermissionDeniedError, UnauthenticatedError) as error:
                    raise access_denied(self._endpoint, file.path, error, right="s3:GetObject") from error
                except BaseError as error:
                    if rejects_key(error):
                        raise access_denied(self._endpoint, file.path, error, right="s3:GetObject") from error
                    is_late = is_timeout(error)
                    why = untrusted(error) or "no complete answer"
                    failure = too_slow if is_late else unreachable(self._endpoint, file.path, why)
            raise failure

    def _limit(self, file: DataFile) -> tuple[Deadline, StoreUnreachable]:
        """The deadline of a file, and the error if it is missed."""
        own_s, left_s = self._limits.for_file(file.size_bytes), self._whole.left_s
        if left_s < own_s:
            files = counted(len(self._partition.files), "file")
            why = f"{files} took longer than {self._limits.spool_s:g} s, GATE_SPOOL_TIMEOUT_S"
        else:
            limits = "GATE_STORE_FILE_TIMEOUT_S and GATE_STORE_FILE_BYTES_PER_S"
            why = f"{file.path} took longer than {own_s:g} s, {limits}"
        return Deadline(min(own_s, left_s)), unreachable(self._endpoint, file.path, why)

    def _download(self, file: DataFile, target: Path, left_s: float) -> int:
        bucket, key = s3_clients.split(file.path)
        answer = obstore.get(self._client(bucket, left_s), key, options={"if_match": f'"{file.etag}"'})
        size_bytes = 0
        with target.open("wb") as local:
            for chunk in answer.stream(min_chunk_size=_CHUNK_BYTES):
                size_bytes += local.write(chunk)
        return size_bytes

    def _client(self, bucket: str, left_s: float) -> S3Store:
        """A client whose whole request fits into the remaining time; files of similar size share one."""
        within_s = _rounded_down(left_s)
        key = (bucket, within_s)
        if key not in self._clients:
            self._clients[key] = s3_clients.object_client(self._endpoint, bucket, within_s=within_s)
        return self._clients[key]


def _pause_s(attempt: int) -> float:
    return _FIRST_PAUSE_S * 2.0 ** (attempt - 1) if attempt else 0.0


def _rounded_down(seconds: float) -> float:
    """Rounded down to one of a few lengths, by at most an eighth."""
    length = 0.01
    while length * 1.125 <= seconds:
        length *= 1.125
    return min(length, seconds)
