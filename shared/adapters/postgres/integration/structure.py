"""The structure: the app's tables and workflows as the contract has them, and ours as this version brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from shared.adapters.postgres import foundation
from shared.adapters.postgres.grants import granted_in_files
from shared.adapters.postgres.integration.asking import ask, why
from shared.adapters.postgres.migrate import read_functions, read_migrations
from shared.domain.integration.contract import COLUMNS, STATUSES, WORKFLOWS, WRITTEN
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OWNER_QUERY = """
SELECT r.rolname::text AS owner FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner
 WHERE n.nspname = 'certification'
"""
_CONSENT_QUERY = """
SELECT pg_get_expr(d.adbin, d.adrelid) AS expression
  FROM pg_attribute AS a JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = to_regclass('public.peer_mentors') AND a.attname = 'listing_consent'
"""
_WORKFLOW_QUERY = """
SELECT p.oid::regprocedure::text AS signature, pg_get_function_identity_arguments(p.oid) AS arguments,
       p.prokind::text AS kind,
       p.oid = to_regprocedure('public.' || p.proname || '(uuid, text, text)') AS fits
  FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace AND p.proname = %(name)s
 ORDER BY p.oid
"""
_TRIGGER_QUERY = """
SELECT e.relation, e.name, t.tgenabled::text AS enabled, to_regclass(e.relation) IS NOT NULL AS on_a_table
  FROM (SELECT split_part(k.name, '.', 1) || '.' || split_part(k.name, '.', 2) AS relation,
               split_part(k.name, '.', 3) AS name
          FROM unnest(%(names)s::text[]) AS k (name)) AS e
  LEFT JOIN pg_trigger AS t ON t.tgrelid = to_regclass(e.relation) AND t.tgname = e.name
"""
_APP_TRIGGERS_QUERY = """
SELECT t.tgname::text AS name, c.relname::text AS relation, p.oid::regprocedure::text AS function,
       c.relname IN ('peer_mentors', 'mentor_status_log')
       AND NOT EXISTS (SELECT 1 FROM unnest(coalesce(p.proconfig, '{}')) AS s (setting)
                        WHERE s.setting LIKE 'search\\_path=%%')
       AND l.lanname IN ('plpgsql', 'sql') AND p.prosrc !~* 'public\\.' AS needs_path
  FROM pg_trigger AS t
  JOIN pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_proc AS p ON p.oid = t.tgfoid
  JOIN pg_language AS l ON l.oid = p.prolang
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s) AND NOT t.tgisinternal
   AND p.pronamespace IS DISTINCT FROM to_regnamespace('certification') AND t.tgenabled <> 'D'
 ORDER BY 2, 1
"""
_FOREIGN_OWNERS_QUERY = """
SELECT x.name FROM (
    SELECT c.oid::regclass::text AS name, c.relowner AS owner FROM pg_class AS c
     WHERE c.relnamespace = to_regnamespace('certification') AND c.relkind IN ('r', 'p', 'S')
    UNION ALL
    SELECT p.oid::regprocedure::text, p.proowner FROM pg_proc AS p
     WHERE p.pronamespace = to_regnamespace('certification')) AS x
 WHERE x.owner <> (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'certification')
 ORDER BY 1
"""
_GRANTS_QUERY = """
SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role,
       a.privilege_type AS privilege, x.object
  FROM (SELECT 'certification.' || p.proname AS object, p.proacl AS acl, p.proowner AS owner FROM pg_proc AS p
         WHERE p.pronamespace = to_regnamespace('certification')
        UNION ALL
        SELECT 'certification.' || c.relname, c.relacl, c.relowner FROM pg_class AS c
         WHERE c.relnamespace = to_regnamespace('certification') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 'certification.' || c.relname || '.' || t.attname, t.attacl, c.relowner
          FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid
         WHERE c.relnamespace = to_regnamespace('certification')
        UNION ALL
        SELECT 'schema certification', n.nspacl, n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'certification'
       ) AS x
 CROSS JOIN aclexplode(x.acl) AS a
 WHERE a.grantee <> x.owner
UNION ALL
-- Beyond our schema our roles have nothing at all.
SELECT a.grantee::regrole::text, a.privilege_type, n.nspname || '.' || c.relname
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN aclexplode(c.relacl) AS a
  JOIN pg_roles AS r ON r.oid = a.grantee
 WHERE n.nspname <> 'certification' AND r.rolname = ANY (%(roles)s)
UNION ALL
SELECT m.rolname::text, 'MEMBERSHIP', r.rolname::text
  FROM pg_auth_members AS g JOIN pg_roles AS r ON r.oid = g.roleid JOIN pg_roles AS m ON m.oid = g.member
 WHERE m.rolname = ANY (%(roles)s) AND r.rolname <> 'certification_scheduled'
"""
_OBJECTS_QUERY = """
SELECT 'certification.' || p.proname AS object FROM pg_proc AS p
 WHERE p.pronamespace = to_regnamespace('certification')
UNION SELECT 'certification.' || c.relname FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('certification')
UNION SELECT 'schema certification'
"""
_UNREVOKED_QUERY = """
SELECT 'certification.' || p.proname AS object FROM pg_proc AS p
 WHERE p.pronamespace = to_regnamespace('certification') AND p.proacl IS NULL ORDER BY 1
"""
_ROLES_QUERY = """
SELECT r.rolname::text AS name, r.rolcanlogin AS can_login,
       r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication AS powerful
  FROM pg_roles AS r WHERE r.rolname = ANY (%(names)s)
"""
_MEMBERS_QUERY = """
SELECT a.member::regrole::text AS name FROM pg_auth_members AS a
  JOIN pg_roles AS r ON r.oid = a.roleid WHERE r.rolname = 'certification_scheduled'
"""
_TEMPORARY_QUERY = """
SELECT EXISTS (SELECT 1 FROM pg_database AS d CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
                WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY') AS granted
"""

MEMBERS: Final = ("certification_expiry_check", "certification_reconciliation", "certification_send_notices")
"""The roles that record runs, by the rights of certification_scheduled."""
SCHEMA_MISSING: Final = "the schema certification is not there yet"
_MIGRATE: Final = "run hlf-operations migrate as the owner of the schema"
_DAMAGE_KINDS: Final = ("table", "constraint", "not_null", "index", "trigger", "function")
APP_TRIGGERS: Final = tuple(
    f"public.{table}.certification_{name}"
    for table, names in {
        "peer_mentors": (
            "recheck_inserted",
            "recheck_updated",
            "listing_inserted",
            "listing_updated",
            "listing_deleted",
            "listing_truncated",
        ),
        "certifications": (
            "recheck_inserted",
            "recheck_updated",
            "listing_inserted",
            "listing_updated",
            "listing_deleted",
            "listing_truncated",
        ),
        "organisations": ("listing_updated",),
    }.items()
    for name in names
)
"""Our triggers on the app's tables; those on our own tables count with the structure of schema certification."""
_NAMES: Final[dict[str, object]] = {"names": list(APP_TRIGGERS)}


def structure_findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield a finding for each point of the structure. Nothing is written."""
    owner = ask(connection, _OWNER_QUERY)  # of the catalogue alone: where this fails, nothing can be said
    yield from _foundation_findings(connection, owner[0]["owner"] if owner else None)
    yield from app_findings(connection)
    if owner:
        yield from our_findings(connection)
    else:
        yield from (unchecked(point, expected, SCHEMA_MISSING, _MIGRATE) for point, expected in our_points().items())


def _foundation_findings(connection: psycopg.Connection[Any], owner: str | None) -> Iterator[Finding]:
    left = foundation.foundation_points()
    try:
        for finding in foundation.foundation_findings(connection, owner):
            left.pop(finding.point)
            yield finding
    except psycopg.Error as error:
        yield from (unchecked(point, expected, why(error)) for point, expected in left.items())


def structure_points() -> dict[str, str]:
    """Return every point that `structure_findings` yields, with what is expected there."""
    return foundation.foundation_points() | app_points() | our_points()


# --- the app's side, beyond what a migration needs


def app_points() -> dict[str, str]:
    """Return the points of the app's side that a migration does not insist on."""
    return {
        "structure.statuses": f"public.peer_mentors.status takes {', '.join(STATUSES)}",
        "structure.consent": "public.peer_mentors.listing_consent is not true by default",
        **{
            f"structure.workflow.{name}": f"public.{name}(mentor_id uuid, actor text, reason text) is there"
            for name in WORKFLOWS
        },
        "structure.app_triggers": "the app's triggers find their tables when a nightly check changes a status",
    }


def app_findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield the findings of `app_points`."""
    for point, expected in app_points().items():
        yield _guarded(
            point,
            expected,
            lambda point=point, expected=expected: _APP_CHECKS[point](  # type: ignore[misc]
                connection, point, expected
            ),
        )


def _statuses(connection: psycopg.Connection[Any], point: str, expected: str) -> Finding:
    column = foundation.column_of(connection, "peer_mentors", "status")
    if column is None:
        return unchecked(point, expected, "public.peer_mentors.status is missing")
    others = [status for status in STATUSES if status not in WRITTEN["peer_mentors", "status"]]
    refused = foundation.refused_values(connection, column, others)
    if refused:
        return broken(
            point,
            expected,
            f"public.peer_mentors.status ({column['type']}) does not take {' and '.join(refused)}",
            "have the app use the contract's words for its statuses, or tell us its own",
        )
    return holds(point, expected, column["type"])


def _consent(connection: psycopg.Connection[Any], point: str, expected: str) -> Finding:
    found = ask(connection, _CONSENT_QUERY)
    if found and found[0]["expression"].lower() not in {"false", "null::boolean", "null"}:
        return broken(
            point,
            expected,
            f"its default is {found[0]['expression']}",
            "ALTER TABLE public.peer_mentors ALTER COLUMN listing_consent SET DEFAULT false: being listed reveals"
            " health data, so consent has to be given",
        )
    return holds(point, expected, found[0]["expression"] if found else "no default")


def _workflow(connection: psycopg.Connection[Any], point: str, expected: str) -> Finding:
    name = point.rpartition(".")[2]
    found = ask(connection, _WORKFLOW_QUERY, {"name": name})
    fitting = [one for one in found if one["fits"] and one["kind"] == "f"]
    if fitting:
        return holds(point, expected, fitting[0]["signature"])
    there = ", ".join(f"public.{name}({one['arguments']})" for one in found) or f"no function public.{name}"
    return broken(point, expected, f"found: {there}", f"give the core workflows public.{name}(uuid, text, text)")


def _app_triggers(connection: psycopg.Connection[Any], point: str, expected: str) -> Finding:
    found = ask(connection, _APP_TRIGGERS_QUERY, {"tables": list(COLUMNS)})
    names = ", ".join(f"{one['relation']}.{one['name']}" for one in found) or "none"
    lost = [f"{one['relation']}.{one['name']} ({one['function']})" for one in found if one["needs_path"]]
    if not lost:
        return holds(point, expected, f"triggers of the app: {names}")
    if ask(connection, _OWNER_QUERY):
        path = ask(connection, "SELECT path_of_app_triggers AS path FROM certification.integration_state()")[0]["path"]
        if "public" in path:
            return holds(point, expected, f"triggers of the app: {names}; schema public is trusted")
    return broken(
        point,
        expected,
        f"without a path, and not naming schema public: {', '.join(lost)}",
        "ALTER FUNCTION … SET search_path = public, pg_temp, or name the schema in it (docs/contract.md, Roles)",
    )


_APP_CHECKS: Final[dict[str, Callable[[psycopg.Connection[Any], str, str], Finding]]] = {
    "structure.statuses": _statuses,
    "structure.consent": _consent,
    **{f"structure.workflow.{name}": _workflow for name in WORKFLOWS},
    "structure.app_triggers": _app_triggers,
}


# --- our side


def our_points() -> dict[str, str]:
    """Return the points of what the migrations bring."""
    return {
        "structure.migrations": "the migrations of this version are applied",
        "structure.owners": "everything in schema certification belongs to the schema's owner",
        **{f"structure.ours.{kind}": f"no {kind} of ours is missing, disabled or changed" for kind in _DAMAGE_KINDS},
        **{f"structure.trigger.{name}": f"the trigger {name} is there and enabled" for name in APP_TRIGGERS},
        **{
            f"structure.role.{role}": f"the role {role} is there, cannot log in, and may do what it needs and no more"
            for role in sorted(granted_in_files())
        },
        "structure.strangers": "no other role may use anything in schema certification",
        "structure.temporary": "PUBLIC may not make temporary tables in this database",
        "structure.webhook": "the webhook is set up, and the schema's owner may send it",
    }


def our_findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield the findings of `our_points`."""
    points = our_points()

    def guarded(names: list[str], check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from list(check())
        except psycopg.Error as error:
            yield from (unchecked(name, points[name], why(error)) for name in names)

    def under(prefix: str) -> list[str]:
        return [name for name in points if name.startswith(prefix)]

    yield from guarded(["structure.migrations"], lambda: _migrations(connection, points))
    yield from guarded(["structure.owners"], lambda: _owners(connection, points))
    yield from guarded([*under("structure.ours."), *under("structure.trigger.")], lambda: _damage(connection, points))
    yield from guarded([*under("structure.role."), "structure.strangers"], lambda: _grants(connection, points))
    yield from guarded(["structure.temporary"], lambda: _temporary(connection, points))
    yield from guarded(["structure.webhook"], lambda: _webhook(connection, points))


def _migrations(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    point = "structure.migrations"
    applied = {row["name"]: row["checksum"] for row in ask(connection, "SELECT * FROM certification.applied_files()")}
    here = {file.name: file.checksum for file in (*read_migrations(), *read_functions())}
    missing = [name for name, checksum in here.items() if applied.get(name) != checksum]
    newer = [name for name in applied if name.startswith("tables/") and name not in here]
    if newer:
        yield broken(
            point,
            points[point],
            f"the database has {', '.join(newer)}, which this version does not know",
            "use the version that has it",
            n=len(newer),
        )
    elif missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - a sentence's length
        yield broken(point, points[point], f"not applied: {', '.join(missing[:3])}{more}", _MIGRATE, n=len(missing))
    else:
        yield holds(point, points[point], f"{len(here)} files")


def _owners(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    point = "structure.owners"
    found = [row["name"] for row in ask(connection, _FOREIGN_OWNERS_QUERY)]
    if found:
        yield broken(
            point,
            points[point],
            f"of another role: {', '.join(found[:5])}",
            "ALTER … OWNER TO the schema's owner: they run with their owner's rights",
            n=len(found),
        )
    else:
        yield holds(point, points[point])


def _damage(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    # What is on a table of the app that is missing goes with it.
    damage = ask(
        connection,
        "SELECT * FROM certification.damaged_objects() AS d"
        " WHERE d.relation IS NULL OR starts_with(d.relation, 'certification.') OR to_regclass(d.relation) IS NOT NULL",
    )
    for kind in _DAMAGE_KINDS:
        point = f"structure.ours.{kind}"
        found = [
            f"{row['name']} ({row['damage']})"
            for row in damage
            if row["kind"] == kind and row["name"] not in APP_TRIGGERS
        ]
        if found:
            yield broken(point, points[point], ", ".join(found[:5]), _MIGRATE, n=len(found))
        else:
            yield holds(point, points[point])
    by_name = {row["name"]: row["damage"] for row in damage if row["kind"] == "trigger"}
    for row in ask(connection, _TRIGGER_QUERY, _NAMES):
        name = f"{row['relation']}.{row['name']}"
        point = f"structure.trigger.{name}"
        damaged = by_name.get(name) or (None if row["enabled"] in {"O", "A"} else "missing or disabled")
        if not row["on_a_table"]:
            yield unchecked(point, points[point], f"{row['relation']} is missing")
        elif damaged:
            found_so = f"it is {damaged}, so changes reach the website only with a sweep"
            yield broken(point, points[point], found_so, _MIGRATE)
        else:
            yield holds(point, points[point])


def _grants(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    wanted = granted_in_files()
    found: dict[str, set[str]] = {}
    for row in ask(connection, _GRANTS_QUERY, {"roles": list(wanted)}):
        found.setdefault(row["role"], set()).add(f"{row['privilege']} ON {row['object']}")
    there = {row["object"] for row in ask(connection, _OBJECTS_QUERY)}
    roles = {row["name"]: row for row in ask(connection, _ROLES_QUERY, {"names": list(wanted)})}
    members = {row["name"] for row in ask(connection, _MEMBERS_QUERY)}
    for role, grants in sorted(wanted.items()):
        point = f"structure.role.{role}"
        # An object that is gone is a point of its own.
        missing = sorted(grant for grant in grants - found.get(role, set()) if grant.partition(" ON ")[2] in there)
        more = sorted(found.get(role, set()) - grants)
        problems = [
            *([] if role in roles else ["it is missing"]),
            *(["it can log in"] if role in roles and roles[role]["can_login"] else []),
            *(["it has rights beyond this database"] if role in roles and roles[role]["powerful"] else []),
            *(["it is no member of certification_scheduled"] if role in MEMBERS and role not in members else []),
            *([f"it may not {', '.join(missing[:3])}"] if role in roles and missing else []),
            *([f"it may {', '.join(more[:3])} beside"] if more else []),
        ]
        if problems:
            yield broken(
                point,
                points[point],
                "; ".join(problems),
                f"{_MIGRATE}; REVOKE what it may beside that",
                n=len(missing) + len(more),
            )
        else:
            yield holds(point, points[point], f"{len(grants)} rights")
    strangers = {role: grants for role, grants in found.items() if role not in wanted}
    open_to_all = [row["object"] for row in ask(connection, _UNREVOKED_QUERY)]
    point = "structure.strangers"
    if strangers or open_to_all:
        said = [f"{role}: {', '.join(sorted(grants)[:3])}" for role, grants in sorted(strangers.items())]
        said += [f"PUBLIC: EXECUTE ON {', '.join(open_to_all[:3])}"] if open_to_all else []
        yield broken(
            point,
            points[point],
            "; ".join(said),
            "REVOKE it; on Supabase take schema certification out of the published schemas",
            n=sum(map(len, strangers.values())) + len(open_to_all),
        )
    else:
        yield holds(point, points[point])


def _temporary(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    point = "structure.temporary"
    if ask(connection, _TEMPORARY_QUERY)[0]["granted"]:
        yield broken(
            point,
            points[point],
            "PUBLIC may",
            "have the database's owner run REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, then migrate again",
        )
    else:
        yield holds(point, points[point])


def _webhook(connection: psycopg.Connection[Any], points: dict[str, str]) -> Iterator[Finding]:
    point = "structure.webhook"
    state = ask(connection, "SELECT * FROM certification.integration_state()")[0]
    needed = {"pg_net": "the extension pg_net (net.http_post)", "aws_lambda": "the extension aws_lambda"}
    match state["webhook"]:
        case "none" | "disabled":
            yield broken(
                point,
                points[point],
                "no webhook is set up" if state["webhook"] == "none" else "the webhook is switched off",
                "set it up (docs/operations/deploy.md, Setting up the webhook); until then changes wait for a sweep",
            )
        case way if not state["webhook_usable"]:
            yield broken(
                point,
                points[point],
                f"the schema's owner cannot use {needed[way]}",
                f"CREATE EXTENSION {way}, and grant {state['owner']} USAGE on its schema and EXECUTE on the function",
            )
        case way:
            yield holds(point, points[point], f"by {way} {state['webhook_function'] or ''}".strip())


def _guarded(point: str, expected: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except psycopg.Error as error:
        return unchecked(point, expected, why(error))
