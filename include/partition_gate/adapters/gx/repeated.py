"""Which hashes come more than once, also of more hashes than memory should hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedRandom
from itertools import pairwise
from typing import Any

import numpy as np

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

_NONE: Hashes = np.empty(0, np.uint64)


def repeated(batches: Iterable[Hashes], *, most: int, at_once: int, folder: str) -> Hashes:
    """Each hash that comes more than once, in rising order; at the most `most` come.

    More than `at_once` are sorted in runs of so many, which a temporary file in `folder` keeps. Then range by range of
    their values is read from every run: hashes are spread evenly, so that a range holds about `at_once`.

    Raises:
        OSError: the folder takes no file, or is full.
    """
    runs = _runs(batches, max(1, min(most, at_once)))
    if most <= at_once:
        return np.concatenate([_NONE, *map(_twice, runs)])
    ranges = -(-most // at_once)
    bounds = np.array([2**64 * i // ranges for i in range(1, ranges)], np.uint64)
    with tempfile.TemporaryFile(dir=folder) as file:
        places = [_keep(run, bounds, file) for run in runs]
        return np.concatenate([_twice(_read(file, of_range)) for of_range in zip(*places, strict=True)])


def _runs(batches: Iterable[Hashes], size: int) -> Iterator[Hashes]:
    """All hashes, sorted within runs of `size`. One array serves all runs."""
    run, found = np.empty(size, np.uint64), 0  # what is not filled takes no memory
    for batch in batches:
        for part in np.split(batch, range(size - found, len(batch), size)):
            run[found : found + len(part)] = part
            found += len(part)
            if found == size:
                run.sort()
                yield run
                found = 0
    run[:found].sort()
    yield run[:found]


def _twice(hashes: Hashes) -> Hashes:
    """Each that comes more than once among sorted hashes, once."""
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _keep(run: Hashes, bounds: Hashes, file: BufferedRandom) -> list[tuple[int, int]]:
    """The run behind those in the file already; where each range of values stands, as the numbers of hashes."""
    start = file.tell() // run.itemsize
    file.write(run.data)
    return list(pairwise([start, *(start + int(place) for place in np.searchsorted(run, bounds)), start + len(run)]))


def _read(file: BufferedRandom, places: Sequence[tuple[int, int]]) -> Hashes:
    """What stands at these places, sorted together."""
    read, found = np.empty(sum(last - first for first, last in places), np.uint64), 0
    for first, last in places:
        file.seek(first * read.itemsize)
        file.readinto(read[found : found + last - first].data)
        found += last - first
    read.sort()
    return read
