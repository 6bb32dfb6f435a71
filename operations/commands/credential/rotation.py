"""Change the credential of the website, step by step. Every step can be repeated, and is audited.

certification.credential_rotations says how far it is; the version's id in Secrets Manager is the rotation's own. The
deployed system does all checks: it signs in by the version in use and examines the pending one in every sweep.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from operations.commands import reconcile
from operations.commands.credential.secret_versions import CURRENT, PENDING, SecretVersions
from operations.errors import FunctionFailedError, NothingToDoError, NotKnownError, OperationsError
from operations.wording import failures
from shared.domain.credentials.examination import CredentialFault, Finding, Privilege

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from operations.commands.credential.new_credential import NewCredential
    from operations.target import Invoke

# A container of a function keeps the secret for 5 minutes, and a run takes no longer than 14.
_OLD_IS_NEEDED = timedelta(minutes=20)
_PAUSE_SECONDS = 5.0
_FIRST_SYNC_SECONDS = 120.0

# Entra may not know a new secret, certificate or federated credential yet, a minute after it was made.
_MAY_PASS = {
    CredentialFault.SECRET_WRONG,
    CredentialFault.UNTRUSTED_ISSUER,
    CredentialFault.UNTRUSTED_SUBJECT,
    CredentialFault.UNTRUSTED_AUDIENCE,
    CredentialFault.ASSERTION_INVALID,
    CredentialFault.UNREACHABLE,
}


class State(StrEnum):
    """How far a rotation is."""

    BEGUN = "begun"
    PENDING = "pending"
    CURRENT = "current"
    DONE = "done"
    UNDONE = "undone"
    GIVEN_UP = "given_up"

    @property
    def is_open(self) -> bool:
        """Return whether there is more to do."""
        return self in {State.BEGUN, State.PENDING, State.CURRENT}


@dataclass(frozen=True)
class Rotation:
    """One change of the credential."""

    id: UUID
    state: State
    form: str
    previous_version: str
    actor: str
    reason: str
    started_at: datetime
    changed_at: datetime
    current_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", State(self.state))

    @property
    def old_needed_until(self) -> datetime | None:
        """Return when the former credential may be deleted in Entra; None before the new one is in use."""
        return self.current_at and self.current_at + _OLD_IS_NEEDED


@dataclass(frozen=True)
class FirstSync:
    """What the system has done with the new credential."""

    signed_in_at: datetime
    """The first check that signed in by it, read every table, and could write to it."""
    synced_at: datetime | None
    """The first change that reached the website since; None: nothing had to be sent."""
    waiting: int
    """Changes that wait still."""


class RefusedError(OperationsError):
    """The system has tried a version of the secret, and it will not do."""

    def __init__(self, findings: Sequence[Finding], code: str, *, in_use: bool = False) -> None:
        """`in_use`: it is the version in use that is refused."""
        super().__init__(code)
        self.findings = tuple(findings)
        self.code = code
        self.in_use = in_use


class TakenError(OperationsError):
    """Another person's rotation is open."""

    exit_code = 3

    def __init__(self, rotation: Rotation) -> None:
        super().__init__(rotation.actor)
        self.rotation = rotation


@dataclass(frozen=True)
class _Verdict:
    pending_version: str | None
    pending: str
    findings: tuple[Finding, ...]
    check_reason: str | None
    checked_at: datetime | None


@dataclass(frozen=True)
class Rotating:
    """The means to rotate: the database, the secret, the deployed functions, and who does it why."""

    step: Callable[..., list[Any]]
    """Makes one statement of operations.commands.steps."""
    secrets: SecretVersions
    actor: str
    reason: str
    patience_seconds: float
    invoke: Invoke | None = None
    """Runs a function; None while nothing has to be tried."""
    on_refusal: Callable[[str], None] = lambda _: None
    """Hears the code of a refusal that may pass, while it is waited for."""
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def latest(self) -> Rotation | None:
        """Return the rotation that is open, else the last one."""
        return _one(self.step("latest-rotation"))

    def take_over(self, seen: Rotation) -> Rotation:
        """Make another person's rotation this actor's, as it was seen. Raises TakenError if somebody was faster."""
        found = _one(self.step("take-over-rotation", seen.id, seen.actor, self.actor, self.reason))
        if found is None or (found.actor == seen.actor and found.actor != self.actor):
            raise NotKnownError("the rotation was closed meanwhile: run the command again")
        if found.actor != self.actor:
            raise TakenError(found)
        return found

    def begin(self, form: str) -> Rotation:
        """Begin a rotation, or return the open one if it is this actor's. Raises TakenError."""
        previous = self.secrets.with_label(CURRENT)
        if previous is None:
            raise NothingToDoError(
                "the secret holds no version that is in use: put the first one in as docs/operations/deploy.md shows"
            )
        found = _one(self.step("begin-rotation", uuid4(), form, previous, self.actor, self.reason, False))
        if found is None:
            raise NotKnownError("the rotation could not be begun: run the command again")
        if found.actor != self.actor:
            raise TakenError(found)
        return found

    def store(self, rotation: Rotation, credential: NewCredential) -> Rotation:
        """Store the credential as the next version. No function uses it yet."""
        self.secrets.store(str(rotation.id), credential.value)
        return self._advance(rotation, State.PENDING)

    def examine(self, rotation: Rotation) -> None:
        """Wait until the system says that the next version is good. Raises RefusedError and NotKnownError."""
        if self.is_in_use(rotation):
            return  # a run of this command was interrupted after it
        self._wait_until_good(rotation, str(rotation.id), may_be_new=True)

    def use(self, rotation: Rotation) -> Rotation:
        """Make the next version the one in use. Raises OperationsError if another one has come into use meanwhile."""
        new = str(rotation.id)
        if not self.secrets.move(CURRENT, new, rotation.previous_version) and self.secrets.with_label(CURRENT) != new:
            raise OperationsError(
                "another version of the secret was put in use meanwhile, so nothing was changed: find out who did it,"
                " and take this rotation back with --undo"
            )
        # It would otherwise count as the next one again when there is a newer.
        self.secrets.take_label(PENDING, new)
        return self._advance(rotation, State.CURRENT)

    def watch(self, rotation: Rotation) -> FirstSync:
        """Wait until the system works with what is in use. Raises RefusedError and NotKnownError."""
        since = rotation.current_at or rotation.changed_at
        until = self.clock() + max(self.patience_seconds, _PAUSE_SECONDS)
        while True:
            verdict = self._swept()
            if verdict.checked_at is not None and verdict.checked_at > since:
                if verdict.check_reason is None:
                    return self._first_sync(since, verdict.checked_at)
                if self.clock() >= until:
                    raise RefusedError((), verdict.check_reason, in_use=True)
            elif self.clock() >= until:
                raise NotKnownError("the system has not tried the new credential yet: run the command again")
            self.pause(_PAUSE_SECONDS)

    def is_in_use(self, rotation: Rotation) -> bool:
        """Return whether the new version is in use, whatever was recorded of it."""
        return self.secrets.with_label(CURRENT) == str(rotation.id)

    def finish(self, rotation: Rotation) -> Rotation:
        """Record that the system works with the new credential."""
        # An --undo that was interrupted has left the former version as the next one.
        self.secrets.take_label(PENDING, rotation.previous_version)
        return self._advance(rotation, State.DONE)

    def give_up(self, rotation: Rotation) -> Rotation:
        """Take back a version that is not in use."""
        self.secrets.take_label(PENDING, str(rotation.id))
        return self._advance(rotation, State.GIVEN_UP)

    def give_up_unknown(self, latest: Rotation | None) -> Rotation | None:
        """Take back a version that somebody labelled without this command; None if there is none."""
        version = self.secrets.with_label(PENDING)
        if version is None or version == self.secrets.with_label(CURRENT):
            return None
        if latest is not None and latest.state is State.DONE and version == latest.previous_version:
            return None  # an --undo that was interrupted labelled it, and goes on with it
        rotation = self.begin("secret")
        self.secrets.take_label(PENDING, version)
        return self._advance(rotation, State.GIVEN_UP)

    def undo(self, rotation: Rotation) -> Rotation:
        """Return to the former version. Raises RefusedError if it no longer signs in; then nothing is changed."""
        new, old = str(rotation.id), rotation.previous_version
        if rotation.actor != self.actor:  # it is done, so it is anybody's
            rotation = self.take_over(rotation)
        self.step("own-rotation", rotation.id, self.actor, self.reason)
        in_use = self.secrets.with_label(CURRENT)
        if in_use == new:
            if rotation.state is State.PENDING:  # a run of this command was interrupted
                rotation = self._advance(rotation, State.CURRENT)
            self.secrets.move(PENDING, old, self.secrets.with_label(PENDING))
            try:
                self._wait_until_good(rotation, old, may_be_new=False)
            except RefusedError:
                self.secrets.take_label(PENDING, old)
                raise
            if not self.secrets.move(CURRENT, old, new) and self.secrets.with_label(CURRENT) != old:
                raise OperationsError(
                    "another version of the secret was put in use meanwhile, so the former one was not: find out who"
                    " did it"
                )
            self.secrets.take_label(PENDING, old)
        elif in_use != old:
            raise OperationsError("a newer version of the secret is in use, so there is nothing to take back")
        return self._advance(rotation, State.UNDONE)

    def _wait_until_good(self, rotation: Rotation, version: str, *, may_be_new: bool) -> None:
        """Wait for a verdict that is made from now on. `may_be_new`: Entra may not know it yet."""
        since = self._await_verdict(rotation, version)
        until = self.clock() + self.patience_seconds
        while True:
            verdict = self._swept()
            if verdict.pending_version == version and verdict.checked_at is not None and verdict.checked_at > since:
                if verdict.pending == "good":
                    return
                passes = may_be_new and all(finding.fault in _MAY_PASS for finding in verdict.findings)
                if not passes or self.clock() >= until:
                    raise RefusedError(verdict.findings, verdict.pending)
                self.on_refusal(verdict.pending)
            elif self.clock() >= until:
                why = f" ({verdict.check_reason})" if verdict.check_reason else ""
                raise NotKnownError(
                    f"the system could not try the next credential yet{why}: run the command again to go on from here"
                )
            self.pause(_PAUSE_SECONDS)

    def _await_verdict(self, rotation: Rotation, version: str) -> datetime:
        since = _moment(self.step("await-verdict", rotation.id, version, self.actor)[0])
        if since is None:
            raise TakenError(_one(self.step("rotation", rotation.id)) or rotation)
        return since

    def _swept(self) -> _Verdict:
        """Have the system sweep, which checks the credential, and return what it has recorded."""
        assert self.invoke is not None  # noqa: S101 - for the type checker: nothing is tried without it
        try:
            self.invoke(reconcile.FUNCTION, reconcile.event(full=False, accept=None, now=datetime.now(UTC)))
        except FunctionFailedError as error:
            # Where the version in use is refused, the sweep has recorded what it found before it failed.
            if not failures.explained(str(error)).meaning:
                raise
        rows = self.step("verdict")
        if not rows:
            raise NotKnownError("the database has no state of the sync")
        found = rows[0]
        return _Verdict(
            found["pending_version"],
            found["pending"],
            tuple(_finding(one) for one in found["findings"]),
            found["check_reason"],
            _moment(found["checked_at"]),
        )

    def _first_sync(self, since: datetime, signed_in_at: datetime) -> FirstSync:
        until = self.clock() + _FIRST_SYNC_SECONDS
        while True:
            found = self.step("first-sync", since)[0]
            synced_at, waiting = _moment(found["synced_at"]), int(found["waiting"])
            if synced_at is not None or not waiting or self.clock() >= until:
                return FirstSync(signed_in_at, synced_at, waiting)
            self.pause(_PAUSE_SECONDS / 5)

    def _advance(self, rotation: Rotation, to: State) -> Rotation:
        (moved,) = self.step("advance-rotation", rotation.id, rotation.state, to, self.actor, self.reason)
        found = _one(self.step("rotation", rotation.id))
        if not moved or found is None:
            state = f"it is {found.state}, by {found.actor}" if found else "it is gone"
            raise (
                TakenError(found)
                if found and found.actor != self.actor
                else OperationsError(
                    f"this rotation was moved on elsewhere ({state}): run the command again to go on from there"
                )
            )
        return found


def _one(rows: Sequence[Mapping[str, Any]]) -> Rotation | None:
    """Return the rotation of the first row, if there is one."""
    if not rows or rows[0]["id"] is None:
        return None
    row, moments = rows[0], ("started_at", "changed_at", "current_at")
    return Rotation(**{**row, "id": UUID(row["id"]), **{name: _moment(row[name]) for name in moments}})


def _moment(text: str | None) -> datetime | None:
    """Parse a time as PostgreSQL writes it in JSON."""
    return None if text is None else datetime.fromisoformat(text)


def _finding(written: dict[str, Any]) -> Finding:
    privilege = written.get("privilege")
    return Finding(
        CredentialFault(written["fault"]),
        str(written.get("code", "")),
        str(written.get("table", "")),
        str(written.get("key", "")),
        Privilege(privilege) if privilege else None,
    )
