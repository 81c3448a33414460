"""Every error that Partition Gate raises, grouped by who must act.

GateError
├── ContractError          the contract's author: the contract, or what was generated from it, is wrong
│   ├── UnknownContract    no contract has that name
│   ├── NotRunHere         no server of the contract has Parquet files, so there is nothing to judge
│   └── StaleSuite         expectations/ was not compiled from this contract
├── OperatorError          the operator: the environment is wrong
│   ├── StoreUnreachable   object storage does not answer
│   ├── BucketMissing      the bucket or folder does not exist
│   ├── AccessDenied       the credentials are refused
│   ├── ScanTimedOut       judging the rows exceeded its time limit
│   ├── LedgerUnusable     the ledger does not answer, or this version cannot use it
│   ├── NoSpace            the disk is full, or a folder is not writable
│   ├── ReferenceMissing   a referenced dataset has no published version yet
│   ├── AmbiguousPartition landing has two folders for one partition
│   ├── NotRecorded        rows are visible, but the ledger does not record that yet
│   ├── TableUnreadable    a published table's log or one of its files is damaged or missing
│   ├── ViewsBusy          another process holds the consumers' file; the next run refreshes the view
│   └── InvalidSetting     a setting has an unusable value
├── PartitionChanged       nobody: objects were replaced while they were read; start again
├── MalformedPartitionKey  the caller: the key does not fit the types of its columns
├── CannotForget           the caller: the outcome must stay recorded
├── CannotAct              the caller: what is asked cannot be done as things are
├── NothingDue             the caller: nothing landed for the key, and nothing is promised (yet)
├── Superseded             nobody: a newer attempt owns the partition
└── DeliveryError          nobody: the outbox retries
    ├── NotDelivered       the service certainly did not accept the message
    └── DeliveryUnknown    the service may have accepted it: check before sending again
        └── ServiceSilent  the service does not answer: do not try its other messages now

Failing data is never an error: it is an outcome.
"""

from __future__ import annotations

from enum import StrEnum


class GateError(Exception):
    """Base class. The text names the thing, where it is, and the next step; it never contains a row's value."""


class ContractError(GateError):
    """The contract cannot be used. One line per problem, each `file: path.to.key: what; what to do`."""


class UnknownContract(ContractError):
    """No contract has this id, and no file has this path."""


class NotRunHere(ContractError):
    """The dataset is not judged here, because its contract names no server with Parquet files."""


class StaleSuite(ContractError):
    """The committed suite differs from what the contract compiles to."""


class OperatorError(GateError):
    """The environment is wrong, so nothing could be judged."""


class StoreUnreachable(OperatorError):
    """Object storage does not answer."""


class BucketMissing(OperatorError):
    """The bucket (or the local folder) of a location does not exist."""


class AccessDenied(OperatorError):
    """Object storage refuses the credentials."""


class ScanTimedOut(OperatorError):
    """Judging or splitting the rows of a partition exceeded its time limit."""


class LedgerUnusable(OperatorError):
    """The ledger does not answer, is damaged, or belongs to another version of Partition Gate."""


class NoSpace(OperatorError):
    """A local folder cannot be written: the disk is full, or permission is denied."""


class ReferenceMissing(OperatorError):
    """A foreign key references a dataset that has no published version."""


class AmbiguousPartition(OperatorError):
    """Landing has files under two spellings of one partition key, or a folder named like a data file."""


class NotRecorded(OperatorError):
    """The rows were published, but the outcome was not recorded; the next run or `gate reconcile` records it."""


class TableUnreadable(OperatorError):
    """A warehouse table cannot be read; other tables are not affected."""


class ViewsBusy(OperatorError):
    """Another process holds the consumers' file. The published rows are safe; the view is written later."""


class InvalidSetting(OperatorError):
    """A setting has a value that cannot be used."""


class PartitionChanged(GateError):
    """The files changed after they were listed or judged; list and judge them again."""


class MalformedPartitionKey(GateError):
    """A partition key does not match the Hive segments of the contract's location, or their types."""


class NothingDue(GateError):
    """A person requested a partition that has not landed and is not promised, or not promised yet."""


class CannotForget(GateError):
    """The outcome to remove does not exist, or rows of the partition are visible."""


class CannotAct(GateError):
    """What the caller asks cannot be done as things are: no version is held, or a folder has no partitions."""


class Superseded(GateError):
    """A newer attempt owns the partition; the result of this attempt must not become visible."""


class Extent(StrEnum):
    """Which messages must not be tried now because one failed: only that one, those of its channel, or of its tool."""

    MESSAGE = "message"
    CHANNEL = "channel"
    TOOL = "tool"


class DeliveryError(GateError):
    """A message could not be delivered now. `retry_after_s` is the delay that the service requested, in seconds.

    `extent`: which other messages would fail for the same reason.
    """

    def __init__(self, text: str, *, retry_after_s: float | None = None, extent: Extent = Extent.MESSAGE) -> None:
        super().__init__(text)
        self.retry_after_s, self.extent = retry_after_s, extent


class NotDelivered(DeliveryError):
    """The service refused the message, so it certainly did not accept it."""


class DeliveryUnknown(DeliveryError):
    """The connection broke or the service failed: it may have accepted the message."""


class ServiceSilent(DeliveryUnknown):
    """The service is unreachable, or did not answer within its time limit."""

    def __init__(self, text: str, *, extent: Extent = Extent.TOOL) -> None:
        super().__init__(text, extent=extent)


class NotEditable(NotDelivered):
    """The service no longer changes this message: it was deleted, or is too old."""
