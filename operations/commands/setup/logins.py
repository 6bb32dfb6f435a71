"""Bring a secret and its login together: what works stays, what is incomplete is completed.

The secret is written before the database commits, and the database is made to fit what is in it. So a run that is
killed at any point leaves a password that the next run finds and finishes, and never one that nobody knows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from operations.commands.setup.names import ROTATED, SLOTS, login_name
from operations.commands.setup.passwords import new_password, verifier
from operations.errors import NotKnownError, OperationsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from operations.commands.setup.names import Need
    from operations.commands.setup.owner import Owner
    from operations.commands.setup.place import Place
    from operations.commands.setup.secret_values import SecretValues

type Connects = Callable[[str, str], str]
"""Sign in with a login and a password. Return why it was refused, or nothing. Raises NotKnownError."""

# A pooler may know the former password, or not know a new login, for some seconds.
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 2.0


class Change(StrEnum):
    """What was done about one login."""

    AS_IT_WAS = "as_it_was"
    MADE = "made"
    REPAIRED = "repaired"
    MOVED = "moved"
    ROTATED = "rotated"


@dataclass(frozen=True)
class LoginOutcome:
    """What became of one login. `refused` says why the database refuses it, if it does."""

    secret: str
    role: str
    login: str
    change: Change
    corrected: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Logins:
    """The logins of one stack."""

    owner: Owner
    values: SecretValues
    place: Place
    stack: str
    connects: Connects

    def settle(self, need: Need) -> LoginOutcome:
        """Make the secret and its login fit each other. What works is not touched."""
        with self.owner.turn():
            value = self.values.read(need.arn)
            found = self.place.login_of(value)
            corrected = self.place.differences(value) if found else ()
            if found and self._works(*found, need):
                login, password = found
                change = Change.MOVED if corrected else Change.AS_IT_WAS
            else:
                login, password, change = self._whole(found, value, need)
                self.owner.make(login, need.role, verifier(login, password), str(uuid4()))
            if change is not Change.AS_IT_WAS:
                self._write(need, login, password, value)
                self.owner.record(f"login_{change}", login=login, role=need.role)
            else:
                self.owner.record_printed(login, need.role)
        refused = "" if change is Change.AS_IT_WAS else self._refused(login, password)
        return LoginOutcome(need.output, need.role, login, change, corrected, refused)

    def rotate(self, need: Need) -> LoginOutcome:
        """Put the other login of the role in use, with a new password. The one in use until now stays as it is.

        A login that a rotation has put in use within the hour stays: so one that was interrupted can be run again, and
        the former login is not changed while containers use it. Raises OperationsError where nothing works to rotate.
        """
        mark, password = f"{ROTATED}{uuid4()}", new_password()
        with self.owner.turn():
            value = self.values.read(need.arn)
            found = self.place.login_of(value)
            if found is None or not self._works(*found, need):
                raise OperationsError(f"the login in {need.output} does not work: run setup without --rotate first")
            former = found[0]
            if self.owner.was_just_rotated(former, need.role):
                return LoginOutcome(need.output, need.role, former, Change.AS_IT_WAS)
            login = next(name for name in self._names(need) if name != former)
            self._require_ours(login, need)
            self.owner.make(login, need.role, verifier(login, password), mark)
            if former in self._names(need):
                self.owner.mark(former, "")  # before the secret names the other: a run killed then leaves it its hour
            self.owner.record("login_made", login=login, role=need.role)
        # The functions may use it from its first moment on: it is committed, and accepted.
        if refused := self._refused(login, password):
            raise OperationsError(f"the new login {login} is refused, so nothing was put in use: {refused}")
        with self.owner.turn():
            made = self.owner.login(login, need.role)
            if made is None or made.belonging is None or made.belonging.mark != mark:
                raise NotKnownError("another rotation of these logins is at work: wait until it ends")
            self._write(need, login, password, value)
            if former in self._names(need):
                self.owner.mark(former, "")  # from now on it is counted how long it is out of use
            self.owner.record("login_rotated", login=login, role=need.role)
        return LoginOutcome(need.output, need.role, login, Change.ROTATED)

    def drop_unused(self, need: Need) -> tuple[str, ...]:
        """Drop the login of the role that is out of use. Return the name of one that has to stay for now."""
        with self.owner.turn():
            in_use = self.place.login_of(self.values.read(need.arn))
            if in_use is None:
                return ()
            others = [name for name in self._names(need) if name != in_use[0]]
            return tuple(name for name in others if self.owner.drop_if_unused(name, need.role) is False)

    def _names(self, need: Need) -> tuple[str, ...]:
        return tuple(login_name(self.stack, need.function, slot) for slot in SLOTS)

    def _works(self, login: str, password: str, need: Need) -> bool:
        """Return whether this login is accepted and has the rights of its role, and not those of another's."""
        known = self.owner.login(login, need.role)
        return known is not None and known.may_log_in and known.is_member and not self.connects(login, password)

    def _whole(self, found: tuple[str, str] | None, value: Mapping[str, Any], need: Need) -> tuple[str, str, Change]:
        """Return the login and password to have: those of the secret if they are this stack's, or else new ones."""
        names = self._names(need)
        if found is not None and found[0] in names:
            self._require_ours(found[0], need)
            return (*found, Change.REPAIRED)
        self._require_ours(names[0], need)
        is_new = not value and self.owner.login(names[0], need.role) is None
        return names[0], new_password(), Change.MADE if is_new else Change.REPAIRED

    def _require_ours(self, login: str, need: Need) -> None:
        """Raise OperationsError if there is a login of this name that another stack, or a person, has made."""
        known = self.owner.login(login, need.role)
        if known is not None and not self.owner.belonging.same_owner(known.belonging):
            whose = f"of {known.belonging.stack} ({known.belonging.database})" if known.belonging else "made by hand"
            raise OperationsError(
                f"this server has a login {login} that is {whose}: another stack's logins are not touched. Drop it if"
                " nobody uses it, or give this stack another name"
            )

    def _write(self, need: Need, login: str, password: str, known: Mapping[str, Any]) -> None:
        value = self.place.secret(login, password, known)
        if value != known:
            self.values.write(need.arn, value)

    def _refused(self, login: str, password: str) -> str:
        refused = ""
        for tried in range(_TRIES):
            if tried:
                time.sleep(_PAUSE_SECONDS)
            try:
                refused = self.connects(login, password)
            except NotKnownError as error:  # a pooler that has not heard of the login refuses it before the password
                refused = str(error)
            if not refused:
                return ""
        return refused
