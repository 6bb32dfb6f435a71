"""What setup does in the database, as the role that owns the schema, which need not be a superuser.

Each step is one transaction that takes a lock, so that two who set up at once take turns. It lasts while the secret is
read and written, a minute at the most, and holds nothing that a statement of the app or of a function waits for.
Nothing needs a session, so a transaction pooler may sit in between.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from operations.commands.setup.names import PRINTED, ROTATED, Belonging, belonging_of
from operations.errors import NotKnownError, OperationsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK: Final = 0x686C67  # beside that of the migrations
# Containers keep a secret for five minutes, and a run may have begun with the login just before.
_IN_USE_FOR: Final = timedelta(hours=1)

_READY: Final = """
SELECT current_user::text, n.nspowner::regrole::text, pg_has_role(n.nspowner, 'USAGE'), r.rolsuper OR r.rolcreaterole,
       EXISTS (SELECT 1 FROM pg_proc AS p WHERE p.pronamespace = n.oid AND p.proname = 'record_setup')
  FROM pg_roles AS r LEFT JOIN pg_namespace AS n ON n.nspname = 'certification' WHERE r.rolname = current_user
"""
_ROLE: Final = """
SELECT r.rolcanlogin AND coalesce(r.rolvaliduntil > now(), true), shobj_description(r.oid, 'pg_authid'),
       -- Its own, and no more: the schema's owner administers the role, and a superuser has every one.
       NOT r.rolsuper AND pg_has_role(r.oid, to_regrole(%(role)s), 'USAGE')
           AND NOT pg_has_role(r.oid, n.nspowner, 'USAGE'),
       EXISTS (SELECT 1 FROM pg_stat_activity AS a WHERE a.usesysid = r.oid)
  FROM pg_roles AS r JOIN pg_namespace AS n ON n.nspname = 'certification' WHERE r.rolname = %(login)s
"""


@dataclass(frozen=True)
class Login:
    """A login as the database has it."""

    may_log_in: bool
    belonging: Belonging | None
    is_member: bool
    has_sessions: bool


@dataclass(frozen=True)
class Owner:
    """The owner's connection, in autocommit, with the person who uses it."""

    connection: psycopg.Connection
    belonging: Belonging
    actor: str
    reason: str

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep others who set up out until the block ends. Raises NotKnownError, and OperationsError for a refusal."""
        try:
            with self.connection.transaction():
                self.connection.execute("SET LOCAL lock_timeout = '60s'")
                self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                yield
        except psycopg.errors.LockNotAvailable:
            raise NotKnownError(
                "another setup of this database has been at work for a minute: wait until it ends, and run this again"
            ) from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise OperationsError(
                f"the owner may not do this ({error.diag.message_primary}): a role that another database of this"
                " server has made needs a database administrator (--print shows the SQL)"
            ) from None

    def check(self) -> None:
        """Raise OperationsError unless this login may set up: it owns the schema, and may make logins."""
        found = self.connection.execute(_READY).fetchone()
        user, owner, owns, makes_logins, is_current = found or ("", None, False, False, False)
        if owner is None or (owns and not is_current):
            raise OperationsError("apply the migrations of this version first, with hlf-operations migrate")
        if not owns:
            raise OperationsError(f"{user} does not own the schema certification: use the owner, {owner}")
        if not makes_logins:
            raise OperationsError(
                f"{user} may not make logins (CREATEROLE): give a database administrator what --print shows"
            )

    def missing_roles(self, roles: list[str]) -> tuple[str, ...]:
        """Return which of these roles the database does not have."""
        found = self.connection.execute(
            "SELECT w.role FROM unnest(%s::text[]) AS w (role) WHERE to_regrole(w.role) IS NULL ORDER BY 1", (roles,)
        ).fetchall()
        return tuple(role for (role,) in found)

    def roles_of_functions(self) -> frozenset[str]:
        """Return the roles of the functions that the database knows."""
        found = self.connection.execute(
            "SELECT DISTINCT 'certification_' || f.function FROM certification.functions() AS f"
        ).fetchall()
        return frozenset(role for (role,) in found)

    def has_member(self, role: str) -> bool:
        """Return whether any login has this role."""
        found = self.connection.execute(
            "SELECT 1 FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member"
            " WHERE m.roleid = to_regrole(%(role)s) AND r.rolcanlogin"
            "   AND pg_has_role(r.oid, to_regrole(%(role)s), 'USAGE') LIMIT 1",
            {"role": role},
        ).fetchone()
        return found is not None

    def login(self, login: str, role: str) -> Login | None:
        """Return a login as it is now, and whether it has this role itself; None if there is none."""
        found = self.connection.execute(_ROLE, {"login": login, "role": role}).fetchone()
        if found is None:
            return None
        may_log_in, comment, is_member, has_sessions = found
        return Login(may_log_in, belonging_of(comment), is_member, has_sessions)

    def make(self, login: str, role: str, verifier: str, mark: str) -> None:
        """Make the login, or give the one that is there this password and this role."""
        names = {"login": sql.Identifier(login), "role": sql.Identifier(role), "verifier": sql.Literal(verifier)}
        found = self.login(login, role)
        if found is None:
            self._run("CREATE ROLE {login} LOGIN PASSWORD {verifier} IN ROLE {role}", names)
        else:
            self._run("ALTER ROLE {login} LOGIN PASSWORD {verifier} VALID UNTIL 'infinity'", names)
            if not found.is_member:
                self._run("GRANT {role} TO {login}", names)
        self.mark(login, mark)

    def mark(self, login: str, mark: str) -> None:
        """Write on the login whose it is, and since when."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        comment = replace(self.belonging, since=now, mark=mark).comment()
        self._run(
            "COMMENT ON ROLE {login} IS {comment}", {"login": sql.Identifier(login), "comment": sql.Literal(comment)}
        )

    def drop_if_unused(self, login: str, role: str) -> bool | None:
        """Drop a login of this stack that no secret names. Return whether it is gone; None if there was none.

        It stays for an hour, and as long as a session uses it.
        """
        found = self.login(login, role)
        if found is None or not self.belonging.same_owner(found.belonging):
            return None
        if found.has_sessions or _is_young(found.belonging):
            return False
        try:
            with self.connection.transaction():
                self._run("DROP ROLE {login}", {"login": sql.Identifier(login)})
        except psycopg.errors.DependentObjectsStillExist:  # a person has given it something of its own
            return False
        self.record("login_dropped", login=login, role=role)
        return True

    def was_just_rotated(self, login: str, role: str) -> bool:
        """Return whether a rotation has made this login within the hour."""
        found = self.login(login, role)
        belonging = found.belonging if found else None
        return belonging is not None and belonging.mark.startswith(ROTATED) and _is_young(belonging)

    def record_printed(self, login: str, role: str) -> None:
        """Write to the audit, once, a login that an administrator has made by the SQL of --print."""
        found = self.login(login, role)
        if found is None or found.belonging is None or found.belonging.mark != PRINTED:
            return
        facts = {"login": login, "role": role, "since": found.belonging.since}
        known = self.connection.execute(
            "SELECT 1 FROM certification.audit AS a WHERE a.action = 'setup' AND a.facts @> %s::jsonb LIMIT 1",
            (json.dumps(facts),),
        ).fetchone()
        if known is None:
            self.record("login_printed", **facts)

    def record(self, step: str, **facts: str) -> None:
        """Write to the audit what was done, in the transaction that does it."""
        self.connection.execute(
            "SELECT certification.record_setup(%s, %s, %s, %s)", (step, json.dumps(facts), self.actor, self.reason)
        )

    def _run(self, statement: str, names: dict[str, sql.Composable]) -> None:
        self.connection.execute(sql.SQL(statement).format(**names))


def _is_young(belonging: Belonging | None) -> bool:
    try:
        since = datetime.fromisoformat(belonging.since if belonging else "")
    except ValueError:
        return False
    return datetime.now(UTC) - since < _IN_USE_FOR
