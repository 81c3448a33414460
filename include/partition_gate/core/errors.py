"""Every error of ours, by who must act.

GateError
├── ContractError          the contract's author: the contract or what was made from it is wrong
│   ├── UnknownContract    no contract of that name
│   └── StaleSuite         expectations/ was not compiled from this contract
├── OperatorError          the operator: something around us is wrong
│   ├── StoreUnreachable   object storage does not answer
│   ├── BucketMissing      the bucket or folder does not exist
│   ├── AccessDenied       the credentials are refused
│   ├── ScanTimedOut       judging the rows took longer than its limit
│   ├── LedgerUnusable     the ledger does not answer, or cannot be used by this version
│   ├── NoSpace            the disk is full, or a folder cannot be written
│   ├── ReferenceMissing   a referenced dataset has no published version yet
│   ├── AmbiguousPartition landing has two folders for one partition
│   ├── NotRecorded        rows are visible, but the ledger does not say so yet
│   ├── TableUnreadable    a published table's log or one of its files is broken or gone
│   ├── ViewsBusy          another writer of the consumers' file does not end; the next run refreshes the view
│   └── InvalidSetting     a setting has an unusable value
├── PartitionChanged       nobody: objects were replaced while they were read; start again
├── MalformedPartitionKey  the caller: the key has no value of its columns' types
├── CannotForget           the caller: the outcome must stay recorded
├── NothingDue             the caller: nothing landed for the key, and nothing is promised (yet)
├── Superseded             nobody: a newer attempt owns the partition
└── DeliveryError          nobody: the outbox tries again
    ├── NotDelivered       the message surely was not taken
    └── DeliveryUnknown    it may have been taken: look before sending again
        └── ServiceSilent  the service answers nobody now: leave the other messages alone

Failing data is never an error: it is an outcome.
"""

from __future__ import annotations


class GateError(Exception):
    """Root of our errors. The text names the thing, where it is, and the next step; it never holds a row's value."""


class ContractError(GateError):
    """The contract cannot be used. One line a problem, each `file: path.to.key: what; what to do`."""


class UnknownContract(ContractError):
    """No contract has this id and no file has this path."""


class StaleSuite(ContractError):
    """The committed suite differs from what the contract compiles to."""


class OperatorError(GateError):
    """The surroundings are wrong, so nothing could be judged."""


class StoreUnreachable(OperatorError):
    """Object storage does not answer."""


class BucketMissing(OperatorError):
    """The bucket (or the local folder) of a location does not exist."""


class AccessDenied(OperatorError):
    """Object storage refuses our credentials."""


class ScanTimedOut(OperatorError):
    """Judging or splitting the rows of a partition took longer than its limit."""


class LedgerUnusable(OperatorError):
    """The ledger does not answer, is damaged, or is of another version of ours."""


class NoSpace(OperatorError):
    """A local folder cannot be written: the disk is full, or it refuses us."""


class ReferenceMissing(OperatorError):
    """A foreign key points at a dataset without a published version."""


class AmbiguousPartition(OperatorError):
    """Landing has files under two spellings of one partition key."""


class NotRecorded(OperatorError):
    """The rows were published, and what became of them could not be recorded; the next run or `gate reconcile` does."""


class TableUnreadable(OperatorError):
    """A table of the warehouse cannot be read; no other table is concerned."""


class ViewsBusy(OperatorError):
    """Another writer of the consumers' file does not end. What was published stands; its view is written later."""


class InvalidSetting(OperatorError):
    """A setting has a value that cannot be used."""


class PartitionChanged(GateError):
    """What was listed or judged is no longer what is there; list and judge it again."""


class MalformedPartitionKey(GateError):
    """A partition key does not fit the Hive segments of the contract's location, or their types."""


class NothingDue(GateError):
    """A person asked for a partition that has not landed and is not promised, or not promised yet."""


class CannotForget(GateError):
    """An outcome that a person wants to remove is not there, or rows of the partition are visible."""


class Superseded(GateError):
    """A newer attempt holds the partition; this one's result must not become visible."""


class DeliveryError(GateError):
    """A message could not be delivered now. `retry_after_s` is what the service asked for, in seconds."""

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class NotDelivered(DeliveryError):
    """The service refused the message, so it surely was not taken."""


class DeliveryUnknown(DeliveryError):
    """The connection broke or the service failed: the message may have been taken."""


class ServiceSilent(DeliveryUnknown):
    """The service could not be reached, or did not answer within its limit."""
