"""Write what a database administrator runs instead of setup, where nobody else may make logins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from psycopg import sql

from operations.commands.setup.names import PRINTED, SLOTS, login_name
from operations.commands.setup.passwords import new_password, verifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operations.commands.setup.names import Belonging, Need
    from operations.commands.setup.place import Place
    from operations.commands.setup.secret_values import SecretValues

_LOGIN: Final = """\
DO $setup$
DECLARE
    v_comment text := (SELECT shobj_description(r.oid, 'pg_authid') FROM pg_roles AS r WHERE r.rolname = {name});
BEGIN
    IF to_regrole({name}) IS NULL THEN
        CREATE ROLE {login} LOGIN PASSWORD {verifier} IN ROLE {role};
    ELSIF v_comment IS NULL OR position({whose} IN v_comment) = 0 THEN
        RAISE EXCEPTION 'the login % is there and is not of this stack', {name};
    ELSE
        ALTER ROLE {login} LOGIN PASSWORD {verifier} VALID UNTIL 'infinity';
        GRANT {role} TO {login};
    END IF;
END
$setup$;
COMMENT ON ROLE {login} IS {comment};
"""
_LEFT_ALONE: Final = """\
-- {output} holds a login that setup has not made, and it stays in use. To have one made instead, make the secret {{}}.
"""
_WEBHOOK: Final = """\
-- Not here: the webhook, because its row holds its key in clear. docs/operations/deploy.md, "Setting up the webhook".
"""


def printed_sql(needed: Iterable[Need], values: SecretValues, place: Place, belonging: Belonging) -> str:
    """Write the secrets, and return the SQL that makes their logins. Running it again changes nothing that works.

    A login that a secret holds already stays, with its password, so nothing that works stops before the SQL is run.
    One that a person has made is left alone. The SQL takes nothing of the schema's owner: the next `setup` audits it.
    """
    stack = belonging.stack.rpartition("/")[2]
    head = f"-- The logins of {stack}, with SCRAM verifiers. The secrets hold their passwords already.\nBEGIN;\n"
    parts = []
    for need in needed:
        known = values.read(need.arn)
        names = [login_name(stack, need.function, slot) for slot in SLOTS]
        found = place.login_of(known)
        if found and found[0] not in names:
            parts.append(_LEFT_ALONE.format(output=need.output))
            continue
        login, password = found or (names[0], new_password())
        value = place.secret(login, password, known)
        if value != known:
            values.write(need.arn, value)
        parts.append(_statements(need.role, login, password, belonging))
    return "\n".join([head, *parts, _WEBHOOK, "COMMIT;"])


def _statements(role: str, login: str, password: str, belonging: Belonging) -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    whose = belonging.comment().partition(',"since"')[0]
    return (
        sql.SQL(_LOGIN)
        .format(
            name=sql.Literal(login),
            login=sql.Identifier(login),
            role=sql.Identifier(role),
            verifier=sql.Literal(verifier(login, password)),
            whose=sql.Literal(whose),
            comment=sql.Literal(replace(belonging, since=now, mark=PRINTED).comment()),
        )
        .as_string(None)
    )
