"""The history of a contract file in its git repository. Read-only; needs the command `git`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

from partition_gate.contracts.compatibility.releases import State
from partition_gate.core.errors import OperatorError, UnknownContract
from partition_gate.core.record import Record

_TIMEOUT_S = 30
_MAX_STATES = 1000
_FIELDS = "%H%x1f%cI%x1f%s"


class Revision(Record):
    """A commit that changed the file, with the file's text at that commit; None if it was removed."""

    commit: str
    committed_at: datetime
    subject: str
    text: str | None

    @property
    def label(self) -> str:
        return self.commit[:10]


class ContractHistory:
    """The history of one contract file. Renames are not followed: a different path is a different contract."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()

    def texts(self, names: Iterable[str], *, at: str) -> dict[str, str]:
        """Texts of files in the same folder at a revision, in one call of git. Raises: as `revision`."""
        self._require_repository()
        commit = self._commit(at)
        names = [name for name in dict.fromkeys(names) if "\n" not in name]
        queries = "".join(f"{commit}:./{name}\n" for name in names).encode()
        return dict(_blobs(self._git_bytes("cat-file", "--batch", stdin=queries), names))

    def is_committed(self) -> bool:
        """Whether git is available and a commit contains the file."""
        try:
            return bool(self._git("log", "-1", "--format=%H", "HEAD", "--", self._path.name).strip())
        except OperatorError:
            return False

    def at(self, revision: str) -> Revision:
        """The file at a revision (a commit, tag or branch).

        Raises:
            UnknownContract: the revision does not exist or does not contain the file.
            OperatorError: git is not installed, or there is no repository.
        """
        found = self.revision(revision)
        if found.text is None:
            raise UnknownContract(f"{self._path.name}: not in revision {revision}; choose a later revision")
        return found

    def revision(self, name: str) -> Revision:
        """As `at`, but the text is None if the revision does not contain the file."""
        self._require_repository()
        commit = self._commit(name)
        when, subject = self._git("show", "--no-patch", "--format=%cI%x1f%s", commit).rstrip("\n").split("\x1f", 1)
        return Revision(
            commit=commit, committed_at=datetime.fromisoformat(when), subject=subject, text=self._text(commit)
        )

    def revisions(self, *, since: str | None = None, limit: int = 100) -> tuple[Revision, ...]:
        """Commits that changed the file, newest first; `since` is left out. Raises: OperatorError."""
        self._require_repository()
        span = f"{self.at(since).commit}..HEAD" if since else "HEAD"
        lines = self._git(
            "log", f"--max-count={limit}", f"--format={_FIELDS}", span, "--", self._path.name
        ).splitlines()
        fields = (line.split("\x1f", 2) for line in lines if line)
        return tuple(
            Revision(commit=commit, committed_at=datetime.fromisoformat(when), subject=subject, text=self._text(commit))
            for commit, when, subject in fields
        )

    def states(self) -> tuple[State, ...]:
        """The file at each of the newest thousand commits that changed it, oldest first. Raises: OperatorError."""
        oldest_first = self.revisions(limit=_MAX_STATES)[::-1]
        held = (revision for revision in oldest_first if revision.text)
        return tuple(State(label=each.label, at=each.committed_at, text=each.text or "") for each in held)

    def require_full_history(self) -> None:
        """Raises: OperatorError (no git, no repository, or a shallow clone, which lacks earlier versions)."""
        self._require_repository()
        if self._git("rev-parse", "--is-shallow-repository").strip() == "true":
            raise OperatorError(
                f"{self._path.parent}: a shallow clone lacks earlier versions; run: git fetch --unshallow --tags"
            )

    def tagged(self, tag: str) -> State | None:
        """The file at a tag, with the tag's own date; None if there is no such tag, or it does not contain the file."""
        name = f"refs/tags/{tag}"
        made_at = self._git("for-each-ref", "--format=%(creatordate:iso-strict)", name).strip()
        text = self._text(name) if made_at else None
        return None if text is None else State(label=f"tag {tag}", at=datetime.fromisoformat(made_at), text=text)

    def _commit(self, revision: str) -> str:
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        except OperatorError:
            raise UnknownContract(f"{revision!r} is not a revision in {self._path.parent}; see `git log`") from None

    def _text(self, commit: str) -> str | None:
        try:
            return self._git("show", f"{commit}:./{self._path.name}")
        except OperatorError:
            return None

    def _require_repository(self) -> None:
        if shutil.which("git") is None:
            raise OperatorError("git is not installed; install it, or compare two files: gate diff OLD NEW")
        try:
            self._git("rev-parse", "--verify", "--quiet", "HEAD")
        except OperatorError:
            raise OperatorError(
                f"{self._path.parent}: no git history; run this in a checkout, or compare two files: gate diff OLD NEW"
            ) from None

    def _git(self, *arguments: str) -> str:
        return self._git_bytes(*arguments).decode("utf-8", errors="replace")

    def _git_bytes(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["git", "-C", str(self._path.parent), "-c", "core.quotepath=off", *arguments]
        try:
            return subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=_TIMEOUT_S).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise OperatorError(f"{self._path}: git {arguments[0]} failed ({type(error).__name__})") from error


def _blobs(output: bytes, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Parse the output of `cat-file --batch`: per name, `<id> blob <size>` and the bytes, or `... missing`."""
    stream = BytesIO(output)
    for name in names:
        answer = stream.readline().rstrip(b"\n")
        if answer.endswith(b" missing"):
            continue
        content = stream.read(int(answer.rpartition(b" ")[2]) + 1)[:-1]
        if b" blob " in answer:
            yield name, content.decode("utf-8", errors="replace")
