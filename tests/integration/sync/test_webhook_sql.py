"""The webhook in the database: its signature, what it posts, that it never fails anybody, and who may read its key."""

from __future__ import annotations

import hmac
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulators.pg_net.worker import install
from local.stack import database as local_database
from local.stack.database import LOGINS
from shared.domain.sync_messages import MAX_MENTORS, parse, requests_of
from shared.domain.webhook import WebhookRequest, check_form, is_signed
from shared.events import listing_changed
from tests.conftest import TEMPLATE
from tests.support.examples import examples
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.postgres import Postgres

DOCS = Path(__file__).parents[3] / "docs"
NAME = "test_webhook_sql"
URL, KEY = "https://abc.lambda-url.eu-north-1.on.aws/", "k" * 32
LONG_TEXT = (
    b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed"
    b" before being used by the HMAC algorithm."
)
# RFC 4231, test cases 1 to 7: key, data, HMAC-SHA-256 (case 5 is truncated to 128 bits there).
VECTORS = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        LONG_TEXT,
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]
# The functions of the extension aws_lambda as the Amazon RDS User Guide lists them; this one keeps what it is given.
AWS_LAMBDA = """
CREATE SCHEMA aws_commons;
CREATE TYPE aws_commons._lambda_function_arn_1 AS (function_name text, region text);
CREATE SCHEMA aws_lambda;
CREATE TABLE aws_lambda.invoked (function_name text, payload jsonb, region text, invocation_type text);
CREATE FUNCTION aws_lambda.invoke(IN function_name text, IN payload jsonb, IN region text DEFAULT NULL,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None', IN context jsonb DEFAULT NULL,
    IN qualifier varchar(128) DEFAULT NULL, OUT status_code int, OUT payload jsonb, OUT executed_version text,
    OUT log_result text) LANGUAGE sql AS $$ INSERT INTO aws_lambda.invoked VALUES ($1, $2, $3, $4)
    RETURNING 202, NULL::jsonb, NULL, NULL $$;
CREATE FUNCTION aws_lambda.invoke(IN function_name text, IN payload json, IN region text DEFAULT NULL,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None', IN context json DEFAULT NULL,
    IN qualifier varchar(128) DEFAULT NULL, OUT status_code int, OUT payload json, OUT executed_version text,
    OUT log_result text) LANGUAGE sql AS $$ SELECT 500, NULL::json, NULL, NULL $$;
CREATE FUNCTION aws_lambda.invoke(IN function_name aws_commons._lambda_function_arn_1, IN payload jsonb,
    IN invocation_type text DEFAULT 'RequestResponse', IN log_type text DEFAULT 'None', IN context jsonb DEFAULT NULL,
    IN qualifier varchar(128) DEFAULT NULL, OUT status_code int, OUT payload jsonb, OUT executed_version text,
    OUT log_result text) LANGUAGE sql AS $$ SELECT 500, NULL::jsonb, NULL, NULL $$;
"""


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[Postgres]:
    """One database for all of these tests: each takes back what it did."""
    local_database.create(postgres, NAME, template=TEMPLATE)
    install(postgres.dsn(NAME))
    yield postgres
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


@pytest.fixture
def connection(shared: Postgres) -> Iterator[Any]:
    with psycopg.connect(shared.dsn(NAME)) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def webhook(connection: Any) -> Any:
    """A webhook with pg_net's functions and no worker: what would be sent stays in the queue."""
    connection.execute("INSERT INTO certification.webhook (url, secret) VALUES (%s, %s)", (URL, KEY))
    return connection


@pytest.fixture
def warnings(connection: Any) -> Any:
    heard = []

    def hear(received):
        if received.severity == "WARNING":
            heard.append((received.message_primary, received.message_detail, received.message_hint))

    connection.add_notice_handler(hear)
    return heard


def notify(connection, ids, versions=None):
    versions = [1] * len(ids) if versions is None else versions
    connection.execute("SELECT certification.notify_webhook(%s::uuid[], %s::bigint[])", (ids, versions))


def posted(connection):
    rows = connection.execute(
        "SELECT url, headers, body, timeout_milliseconds FROM net.http_request_queue ORDER BY id"
    ).fetchall()
    return [
        (url, {name.lower(): value for name, value in headers.items()}, body, limit)
        for url, headers, body, limit in rows
    ]


def sql_blocks(document):
    return re.findall(
        r"^ *```sql\n(.*?)^ *```$", (DOCS / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


# HMAC -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "data", "expected"), VECTORS)
def test_the_hmac_is_that_of_rfc_4231(connection: Any, key: Any, data: Any, expected: Any) -> None:
    found = connection.execute("SELECT certification.hmac_sha256(%s, %s)", (key, data)).fetchone()[0]
    assert found[: len(expected) // 2].hex() == expected


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.binary(max_size=200), message=st.binary(max_size=1000))
@example(key=b"", message=b"")
@example(key=b"\xff" * 64, message=b"\0")
@example(key=b"\xff" * 65, message=b"")
def test_the_hmac_is_pythons(connection: Any, key: Any, message: Any) -> None:
    """Keys of 0 to 200 octets; over 64 they are hashed first (RFC 2104)."""
    found = connection.execute("SELECT certification.hmac_sha256(%s, %s)", (key, message)).fetchone()[0]
    assert found == hmac.digest(key, message, "sha256")


# What is posted -------------------------------------------------------------------------------------------------------


def test_a_webhook_is_one_signed_post_that_the_function_takes(webhook: Any) -> None:
    """The two sides know the same key, and sign the octets that pg_net sends."""
    mentor = uuid4()
    notify(webhook, [mentor], [7])
    [(url, headers, body, limit)] = posted(webhook)
    assert (url, limit) == (URL, 5000)
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"mentors": [{"id": str(mentor), "version": 7}]}
    received = WebhookRequest("POST", headers["x-certification-timestamp"], headers["x-certification-signature"], body)
    check_form(received)
    assert is_signed(received, [KEY])
    assert not is_signed(received, ["K" + KEY[1:]])
    now = webhook.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0]
    assert 0 <= now - int(there(received.timestamp)) < 60
    [request] = parse(body)
    assert (request.mentor_id, request.version) == (mentor, 7)


def test_the_timestamp_is_the_webhooks_not_the_transactions(webhook: Any) -> None:
    """The timestamp is that of the webhook, not of the transaction."""
    webhook.execute("SELECT pg_sleep(1.1)")
    begun = webhook.execute("SELECT extract(epoch FROM now())").fetchone()[0]
    notify(webhook, [uuid4()])
    [(_, headers, _, _)] = posted(webhook)
    assert int(headers["x-certification-timestamp"]) >= int(begun) + 1


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_no_post_holds_more_than_a_hundred_mentors(webhook: Any, count: int, sizes: Any) -> None:
    ids = [uuid4() for _ in range(count)]
    notify(webhook, ids, list(range(1, count + 1)))
    found = [parse(body) for _, _, body, _ in posted(webhook)]
    assert sorted((len(some) for some in found), reverse=True) == sizes
    assert {(r.mentor_id, r.version) for some in found for r in some} == set(zip(ids, range(1, count + 1), strict=True))
    assert max(sizes, default=0) <= MAX_MENTORS


@pytest.mark.parametrize(
    ("ids", "versions"), [([None], [1]), ([uuid4()], [None]), ([uuid4()], []), (None, None), ([], [3])]
)
def test_what_is_not_a_mentor_with_a_version_is_left_out(webhook: Any, warnings: Any, ids: Any, versions: Any) -> None:
    """And the webhook is notified of what there is beside it."""
    webhook.execute("SELECT certification.notify_webhook(%s::uuid[], %s::bigint[])", (ids, versions))
    assert posted(webhook) == []
    mentor = uuid4()
    notify(webhook, [None, mentor], [1, 2])
    [(_, _, body, _)] = posted(webhook)
    assert [(r.mentor_id, r.version) for r in parse(body)] == [(mentor, 2)]
    assert warnings == []


def test_the_key_is_not_in_what_is_queued(webhook: Any) -> None:
    """Whoever may queue with pg_net may read its queue."""
    notify(webhook, [uuid4()])
    assert KEY not in str(webhook.execute("SELECT * FROM net.http_request_queue").fetchall())


# It never fails whoever changes a mentor ------------------------------------------------------------------------------

NO_PRIVILEGE = """
CREATE ROLE notifier;
GRANT USAGE, CREATE ON SCHEMA certification TO notifier;
GRANT SELECT ON certification.webhook TO notifier;
GRANT EXECUTE ON FUNCTION certification.hmac_sha256 TO notifier;
ALTER FUNCTION certification.notify_webhook(uuid[], bigint[]) OWNER TO notifier;
REVOKE EXECUTE ON FUNCTION net.http_post FROM PUBLIC;
"""
NO_WORKER = """
CREATE FUNCTION net.down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the worker is down'; END $$;
CREATE TRIGGER down AFTER INSERT ON net.http_request_queue EXECUTE FUNCTION net.down();
"""
SLOW = """
CREATE FUNCTION net.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON net.http_request_queue EXECUTE FUNCTION net.slow();
SET LOCAL statement_timeout = '50ms';
"""
BROKEN = {
    "no pg_net": ("DROP SCHEMA net CASCADE", "3F000"),
    "another pg_net": ("DROP FUNCTION net.http_post", "42883"),
    "no privilege": (NO_PRIVILEGE, "42501"),
    "a full queue": ("ALTER TABLE net.http_request_queue ADD CONSTRAINT full_up CHECK (url = '')", "23514"),
    "an old pg_net without its worker": (NO_WORKER, "P0001"),
    "no HMAC": ("DROP FUNCTION certification.hmac_sha256", "42883"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_whatever_is_wrong_the_transaction_goes_on(webhook: Any, warnings: Any, fault: Any) -> None:
    """Whatever is wrong, the caller's transaction goes on, and a warning has the SQLSTATE.

    I7: a mentor is never held up by the webhook; and a warning holds no data (I11).
    """
    breaking, sqlstate = BROKEN[fault]
    webhook.execute(breaking.encode())
    with webhook.transaction():
        webhook.execute("INSERT INTO organisations (name) VALUES ('HLF Moss')")
        notify(webhook, [uuid4()])
    assert webhook.execute("SELECT count(*) FROM organisations").fetchone() == (1,)
    assert warnings == [(f"the webhook was not notified: SQLSTATE {sqlstate}", None, None)]


@pytest.mark.parametrize(
    "quiet", ["DELETE FROM certification.webhook", "UPDATE certification.webhook SET enabled = false"]
)
def test_without_an_enabled_webhook_nothing_is_said(webhook: Any, warnings: Any, quiet: str) -> None:
    """Without a webhook, or with it switched off, nothing is said."""
    webhook.execute(quiet.encode())
    notify(webhook, [uuid4()])
    assert posted(webhook) == []
    assert warnings == []


def test_a_statement_that_is_cancelled_is_cancelled(webhook: Any) -> None:
    """The caller's own time limit is the caller's: it is not swallowed."""
    webhook.execute(SLOW)
    with pytest.raises(psycopg.errors.QueryCanceled), webhook.transaction():
        notify(webhook, [uuid4()])


def test_a_rollback_takes_the_webhook_with_it(webhook: Any) -> None:
    with webhook.transaction(force_rollback=True):
        notify(webhook, [uuid4()])
    assert posted(webhook) == []


# Where the webhook is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"url": URL, "secret": "k" * 31}, "webhook_secret_is_long_enough"),
        ({"url": URL, "secret": "k" * 31 + "\n"}, "webhook_secret_is_printable"),
        ({"url": URL, "secret": "k" * 31 + "é"}, "webhook_secret_is_printable"),
        ({"url": URL}, "webhook_signs_what_it_posts"),
        ({"secret": KEY}, "webhook_posts_one_way"),
        ({}, "webhook_posts_one_way"),
        ({"url": "http://example.no/", "secret": KEY}, "webhook_url_is_https"),
        ({"url": "http://127.0.0.1.example.no/", "secret": KEY}, "webhook_url_is_https"),
        ({"url": "http://127.0.0.1:80@example.no/", "secret": KEY}, "webhook_url_is_https"),
        ({"url": "https://somebody@example.no/", "secret": KEY}, "webhook_url_is_https"),
        ({"url": "file:///etc/passwd", "secret": KEY}, "webhook_url_is_https"),
        ({"url": "https:///", "secret": KEY}, "webhook_url_is_https"),
        ({"function_arn": "status_changed"}, "webhook_function_is_an_arn"),
        ({"function_arn": "arn:aws:lambda:eu-north-1:000000000000:function:S", "url": URL}, "webhook_posts_one_way"),
        ({"only_row": False, "url": URL, "secret": KEY}, "webhook_has_one_row"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_by_name(connection: Any, values: Any, constraint: str) -> None:
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    query = (
        f"INSERT INTO certification.webhook ({columns}) VALUES ({places})"
        if values
        else ("INSERT INTO certification.webhook DEFAULT VALUES")
    )
    with pytest.raises(psycopg.errors.CheckViolation) as refused, connection.transaction():
        connection.execute(query.encode(), list(values.values()))
    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize("url", [URL, "https://example.no", "http://127.0.0.1:8080/x", "http://localhost/"])
def test_the_address_is_https_or_on_this_machine(connection: Any, url: Any) -> None:
    connection.execute("INSERT INTO certification.webhook (url, secret) VALUES (%s, %s)", (url, KEY))
    with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
        connection.execute("INSERT INTO certification.webhook (url, secret) VALUES (%s, %s)", (url, KEY))


@pytest.mark.parametrize("function", sorted(LOGINS))
def test_no_login_may_read_the_key_or_notify(shared: Postgres, function: Any) -> None:
    """Design, section 8: logged in as each function's role."""
    secret: dict[str, Any] = local_database.make_login(shared, function, NAME)
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    with psycopg.connect(**{ours: secret[theirs] for ours, theirs in names.items()}, autocommit=True) as login:
        for statement in (
            "SELECT secret FROM certification.webhook",
            "SELECT count(*) FROM certification.webhook",
            "UPDATE certification.webhook SET url = 'https://example.no/'",
            "DELETE FROM certification.webhook",
            "SELECT certification.notify_webhook('{}', '{}')",
            "SELECT certification.hmac_sha256('', '')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(statement.encode())


def test_nobody_but_the_owner_was_granted_anything_on_the_key(connection: Any) -> None:
    """Whatever roles the app has: nothing was granted to any, nor to all."""
    rows = connection.execute(
        "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_name = 'webhook'"
    ).fetchall()
    assert rows == [(connection.info.user,)]


def test_the_key_is_rotated_by_the_statement_that_is_documented(webhook: Any) -> None:
    """docs/operations/deploy.md: the next webhook is signed with the new one."""
    [rotate] = [block for block in sql_blocks("operations/deploy.md") if "SET secret" in block]
    webhook.execute(rotate.encode())
    [(new,)] = webhook.execute("SELECT secret FROM certification.webhook").fetchall()
    assert new != KEY
    notify(webhook, [uuid4()])
    [(_, headers, body, _)] = posted(webhook)
    received = WebhookRequest("POST", headers["x-certification-timestamp"], headers["x-certification-signature"], body)
    assert is_signed(received, [new])
    assert not is_signed(received, [KEY])


# RDS ------------------------------------------------------------------------------------------------------------------


def test_on_rds_the_function_gets_the_event_that_it_takes(connection: Any, warnings: Any) -> None:
    """docs/contract.md has the statement; the extension's functions are stood in for by what keeps what it is given."""
    connection.execute(AWS_LAMBDA.encode())
    [setting] = [block for block in sql_blocks("contract.md") if "function_arn" in block]
    connection.execute(setting.encode())
    ids = [uuid4() for _ in range(101)]
    notify(connection, ids, list(range(1, 102)))
    invoked = connection.execute("SELECT * FROM aws_lambda.invoked").fetchall()
    arns = {function_name for function_name, _, _, _ in invoked}
    assert arns == {connection.execute("SELECT function_arn FROM certification.webhook").fetchone()[0]}
    assert {(region, kind) for _, _, region, kind in invoked} == {(None, "Event")}
    requests = [r for _, payload, _, _ in invoked for r in requests_of(listing_changed(payload))]
    assert {(r.mentor_id, r.version) for r in requests} == set(zip(ids, range(1, 102), strict=True))
    assert len(invoked) == 2
    assert warnings == []


def test_on_rds_without_the_extension_a_warning_is_all(connection: Any, warnings: Any) -> None:
    [setting] = [block for block in sql_blocks("contract.md") if "function_arn" in block]
    connection.execute(setting.encode())
    notify(connection, [uuid4()])
    assert warnings == [("the webhook was not notified: SQLSTATE 3F000", None, None)]
