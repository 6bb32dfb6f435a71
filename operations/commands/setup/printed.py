"""Write what a database administrator runs instead of setup, where nobody else may make logins."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from psycopg import sql

from operations.commands.setup.names import SLOTS, login_name
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
SELECT certification.record_setup('login_printed', {facts}, {actor}, {reason});
"""
_WEBHOOK: Final = """\
-- Not here: the webhook, because its row holds its key in clear. docs/operations/deploy.md, "Setting up the webhook".
"""


def printed_sql(
    needed: Iterable[Need], values: SecretValues, place: Place, belonging: Belonging, who: tuple[str, str]
) -> str:
    """Write the secrets, and return the SQL that makes their logins. Running it again changes nothing that works.

    A password that a secret of this stack holds already stays, so nothing that works stops before the SQL is run.
    """
    stack = belonging.stack.rpartition("/")[2]
    head = f"-- The logins of {stack}, with SCRAM verifiers. The secrets hold their passwords already.\nBEGIN;\n"
    parts = []
    for need in needed:
        known = values.read(need.arn)
        login, password = _kept_or_new(need, stack, place.login_of(known))
        value = place.secret(login, password, known)
        if value != known:
            values.write(need.arn, value)
        parts.append(_statements(need.role, login, password, belonging, who))
    return "\n".join([head, *parts, _WEBHOOK, "COMMIT;"])


def _kept_or_new(need: Need, stack: str, found: tuple[str, str] | None) -> tuple[str, str]:
    names = [login_name(stack, need.function, slot) for slot in SLOTS]
    return found if found and found[0] in names else (names[0], new_password())


def _statements(role: str, login: str, password: str, belonging: Belonging, who: tuple[str, str]) -> str:
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
            comment=sql.Literal(replace(belonging, since=now).comment()),
            facts=sql.Literal(json.dumps({"login": login, "role": role})),
            actor=sql.Literal(who[0]),
            reason=sql.Literal(who[1]),
        )
        .as_string(None)
    )
