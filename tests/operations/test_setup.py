"""`setup` joins a stack and a database: real PostgreSQL as an owner who is no superuser, secrets over real HTTP."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import psycopg
import pytest
from typer.testing import CliRunner

from local.stack.aws import CREDENTIALS, LocalAws
from local.stack.database import ROLES
from local.stack.postgres import Postgres
from operations.cli import app
from operations.commands.setup.remaining import of_the_account
from operations.commands.setup.secret_values import SecretValues
from operations.deployed import find
from tests.support.setting_up import (
    OWNERS_PASSWORD,
    WHO,
    Checkpoint,
    Guillotine,
    SetUp,
    checkpoint,
    deployed,
    made_for_owner,
    owners,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = tuple(sorted(ROLES))
FEW = ("ExpiryCheck", "Operations")
_numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that writes every statement and its parameters into its log."""
    logged = {"log_statement": "all", "log_parameter_max_length": "-1", "log_min_messages": "log"}
    with Postgres(tmp_path_factory.mktemp("setup") / "server", durable=False, settings=logged) as server:
        made_for_owner(server, "model")
        yield server


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), "sqs,sns,cloudformation,secretsmanager,lambda") as aws:
        yield aws


@pytest.fixture
def verifier(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkpoint]:
    """The deployed checkpoint, with the environment of a person who has credentials for AWS."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    with checkpoint() as (found, url):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        yield found


def on_a_database(server: Postgres, functions: tuple[str, ...], **options: Any) -> SetUp:
    """Return a new stack and a new database with our migrations."""
    name = f"app_{next(_numbers)}"
    made_for_owner(server, name, "model")
    return SetUp(server, name, deployed(functions, **options), functions)


@pytest.fixture
def few(server: Postgres, verifier: Checkpoint) -> SetUp:
    return on_a_database(server, FEW)


def changes(outcome: Any) -> dict[str, str]:
    return {one["role"].removeprefix("certification_"): one["change"] for one in outcome["logins"]}


def tasks(outcome: Any) -> set[str]:
    return {one["task"] for one in outcome["remaining"]}


def test_one_run_makes_everything_fit(server: Postgres, verifier: Checkpoint) -> None:
    """Every function signs in with its own role, and nothing else: least privilege, no password typed by anybody."""
    made = on_a_database(server, FUNCTIONS)
    outcome = made.json()
    assert set(changes(outcome).values()) == {"made"}
    assert outcome["webhook"] == "set"
    assert made.is_whole()
    assert verifier.events == [(f"{made.stack}-VerifyIntegration", {})]
    url, enabled = made.all("SELECT w.url, w.enabled FROM certification.webhook AS w")[0]
    assert (url, enabled) == (made.output("WebhookUrl"), True)
    assert tasks(outcome) == {"credential", "recipients", "break_glass"}
    members = made.all(
        "SELECT m.member::regrole::text, array_agg(m.roleid::regrole::text) FROM pg_auth_members AS m"
        f" WHERE m.member::regrole::text LIKE '{made.stack.replace('-', '_')}%' GROUP BY 1"
    )
    assert {tuple(roles) for _, roles in members} == {(role,) for role in ROLES.values()}


def test_a_second_run_changes_nothing(few: SetUp) -> None:
    few.json()
    before = [few.value(one) for one in FEW], few.webhook, few.all("SELECT count(*) FROM certification.audit")
    verifiers = few.all("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin ORDER BY 1")
    outcome = few.json()
    assert set(changes(outcome).values()) == {"as_it_was"}
    assert outcome["webhook"] == "as_it_was"
    after = [few.value(one) for one in FEW], few.webhook, few.all("SELECT count(*) FROM certification.audit")
    assert after == before
    assert few.all("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin ORDER BY 1") == verifiers


def test_no_password_reaches_the_servers_log(few: SetUp, server: Postgres) -> None:
    """The server here logs each statement with its parameters. It gets verifiers, and the key as data of a COPY."""
    few.json()
    log = (server.home / "server.log").read_text()
    assert "SCRAM-SHA-256$4096:" in log
    assert "COPY certification.webhook" in log
    assert len(few.passwords()) == 3
    for secret in few.passwords():
        assert secret not in log


def login(few: SetUp, function: str = "ExpiryCheck") -> str:
    return str(few.value(function)["username"])


BROKEN = {
    "a secret without its role": lambda few: few.do(f"DROP ROLE {login(few)}"),
    "a role without its secret": lambda few: few.put("ExpiryCheckDatabaseSecretArn", "{}"),
    "a secret that is no JSON": lambda few: few.put("ExpiryCheckDatabaseSecretArn", "pasted wrongly"),
    "another password": lambda few: few.do(f"ALTER ROLE {login(few)} PASSWORD 'another'"),
    "a login that may not log in": lambda few: few.do(f"ALTER ROLE {login(few)} NOLOGIN"),
    "a password that has ended": lambda few: few.do(f"ALTER ROLE {login(few)} VALID UNTIL '2020-01-01'"),
    "a login without its rights": lambda few: few.do(
        f"REVOKE certification_expiry_check FROM {login(few)} GRANTED BY app_owner"
    ),
    "the login of another function": lambda few: few.put("ExpiryCheckDatabaseSecretArn", few.value("Operations")),
    "the owner, who may everything": lambda few: few.put(
        "ExpiryCheckDatabaseSecretArn",
        few.value("Operations") | {"username": "app_owner", "password": "the owner's own"},
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_what_is_incomplete_is_completed(few: SetUp, what: Any) -> None:
    few.json()
    BROKEN[what](few)
    other = few.value("Operations")
    outcome = few.json()
    assert changes(outcome) == {"expiry_check": "repaired", "operations": "as_it_was"}
    assert few.is_whole()
    assert few.value("Operations") == other
    assert set(changes(few.json()).values()) == {"as_it_was"}


def test_a_secret_of_another_host_is_moved(few: SetUp) -> None:
    """After a move the same login goes on, with its password."""
    few.json()
    before = few.value("ExpiryCheck")
    few.put("ExpiryCheckDatabaseSecretArn", before | {"host": "old.example.no", "port": "6543", "engine": "postgres"})
    moved = few.value("ExpiryCheck")
    said = " ".join(few.type(expect=2).split())
    assert f"old.example.no:6543/{few.database} (ExpiryCheckDatabaseSecretArn)" in said
    assert few.value("ExpiryCheck") == moved
    outcome = few.json("--functions-port", str(before["port"]))
    assert changes(outcome)["expiry_check"] == "moved"
    assert few.value("ExpiryCheck") == before | {"engine": "postgres"}


def test_a_login_that_a_person_made_and_that_works_stays(few: SetUp) -> None:
    """A system that was set up by hand before is not disturbed."""
    few.json()
    few.do("CREATE ROLE expiry_check_a LOGIN PASSWORD 'by hand' IN ROLE certification_expiry_check")
    by_hand = few.value("ExpiryCheck") | {"username": "expiry_check_a", "password": "by hand"}
    few.put("ExpiryCheckDatabaseSecretArn", by_hand)
    try:
        assert changes(few.json())["expiry_check"] == "as_it_was"
        assert few.value("ExpiryCheck") == by_hand
    finally:
        few.do("DROP ROLE expiry_check_a")


def test_a_webhook_that_is_switched_off_stays_off(few: SetUp) -> None:
    """As during a large import; and a key of the secret that differs from the database's wins."""
    few.json()
    few.do("UPDATE certification.webhook SET enabled = false")
    assert few.json()["webhook"] == "as_it_was"
    few.put("WebhookSecretArn", {"current": "f" * 64, "previous": few.webhook["current"]})
    assert few.json()["webhook"] == "set"
    assert few.all("SELECT w.enabled, w.secret FROM certification.webhook AS w") == [(False, "f" * 64)]


def test_a_database_without_a_way_for_the_webhook_says_so(few: SetUp) -> None:
    few.do("DROP SCHEMA net CASCADE")
    outcome = few.json()
    assert outcome["webhook"] == "no_way"
    assert "webhook" in tasks(outcome)
    assert few.all("SELECT 1 FROM certification.webhook") == []


def test_where_the_database_invokes_the_function_itself(few: SetUp, aws: LocalAws, monkeypatch: Any) -> None:
    """On RDS, with aws_lambda: the row names the function, and no key is in the database."""
    few.do("DROP SCHEMA net CASCADE")
    few.do("CREATE SCHEMA aws_lambda")
    few.do("CREATE FUNCTION aws_lambda.invoke(a text) RETURNS void LANGUAGE sql AS 'SELECT'")
    client = boto3.client("lambda", endpoint_url=aws.url)
    made: dict[str, Any] = {"Runtime": "python3.13", "Handler": "a.b", "Role": "arn:aws:iam::000000000000:role/r"}
    client.create_function(FunctionName=f"{few.stack}-StatusChanged", Code={"ZipFile": zipped()}, Publish=True, **made)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
    assert "GetAlias" in few.type(expect=1)  # never the function without its alias
    client.create_alias(FunctionName=f"{few.stack}-StatusChanged", Name="live", FunctionVersion="1")
    assert few.json()["webhook"] == "set"
    [(url, key, arn)] = few.all("SELECT w.url, w.secret, w.function_arn FROM certification.webhook AS w")
    assert (url, key) == (None, None)
    assert arn.endswith(f":function:{few.stack}-StatusChanged:live")


@pytest.mark.parametrize(
    ("stage", "default", "task"), [("prod", "10", "limit"), ("prod", "5000", "quota"), ("dev", "10", "")]
)
def test_an_address_without_a_limit_is_named(
    server: Postgres, verifier: Checkpoint, aws: LocalAws, monkeypatch: Any, stage: str, default: str, task: str
) -> None:
    """By the account's own quota: what has room needs no quota, and dev is meant to have no limit."""
    name = deployed(FEW, {"WebhookConcurrency": default, "Stage": stage})
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]} | {"WebhookConcurrency": "0"}
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", aws.url)
    left = of_the_account(name, replace(find(name), parameters=given), SecretValues(boto3.client("secretsmanager")))
    assert {str(one.task) for one in left} - {"credential", "recipients"} == ({task} if task else set())


def zipped() -> bytes:
    with zipfile.ZipFile(content := io.BytesIO(), "w") as file:
        file.writestr("a.py", "")
    return content.getvalue()


def test_each_step_is_audited_and_holds_no_secret(few: SetUp) -> None:
    """Every manual action has an actor and a reason (I11: names of logins and roles, nothing else)."""
    few.json()
    kept = few.all("SELECT action, actor, reason, facts, login FROM certification.audit ORDER BY id")
    assert {(action, actor, reason, by) for action, actor, reason, _, by in kept} == {
        ("setup", "turid.vik", "the first deployment", "app_owner")
    }
    assert [facts["step"] for *_, facts, _ in kept] == ["login_made", "login_made", "webhook_set"]
    assert not [secret for secret in few.passwords() if secret in str(kept)]


def test_rotating_leaves_no_moment_without_a_login(few: SetUp) -> None:
    """The former login works until an hour is over and nobody uses it; it is dropped by a later run."""
    few.json()
    former = few.value("ExpiryCheck")
    assert set(changes(few.json("--rotate")).values()) == {"rotated"}
    now = few.value("ExpiryCheck")
    assert (now["username"][-2:], former["username"][-2:]) == ("_b", "_a")
    assert now["password"] != former["password"]
    assert few.is_whole()
    with psycopg.connect(
        host="127.0.0.1",
        port=few.server.port,
        dbname=few.database,
        user=former["username"],
        password=former["password"],
        sslmode="disable",
    ) as session:
        outcome = few.json()
        assert "old_logins" in tasks(outcome)
        age(few, former["username"])
        assert "old_logins" in tasks(few.json())  # a session uses it
        session.execute("SELECT 1")
    for one in FEW:
        age(few, few.value(one)["username"].removesuffix("_b") + "_a")
    assert "old_logins" not in tasks(few.json())
    assert few.all(f"SELECT 1 FROM pg_roles WHERE rolname = '{former['username']}'") == []
    assert few.is_whole()
    assert set(changes(few.json("--rotate")).values()) == {"as_it_was"}  # within the hour it only ends what is begun
    for one in FEW:
        age(few, few.value(one)["username"])
    few.json("--rotate")
    assert few.value("ExpiryCheck")["username"] == former["username"]


def test_a_rotation_goes_on_where_it_was_interrupted(few: SetUp) -> None:
    """What it has rotated keeps its new password; and the former login is young, whoever was killed when."""
    few.json()
    for one in FEW:
        age(few, few.value(one)["username"])
    former = few.value("ExpiryCheck")
    few.json("--rotate")
    rotated = few.value("ExpiryCheck")
    few.put("ExpiryCheckDatabaseSecretArn", former)  # as if it had been killed before this secret was written
    assert changes(few.json("--rotate")) == {"expiry_check": "rotated", "operations": "as_it_was"}
    assert few.value("ExpiryCheck")["username"] == rotated["username"]
    [(comment,)] = few.all(f"SELECT shobj_description('{former['username']}'::regrole, 'pg_authid')")
    assert json.loads(comment)["since"] > "2026-01-02"


def test_a_login_with_a_dependency_is_named(few: SetUp) -> None:
    """PostgreSQL does not drop it: 2BP01."""
    few.json()
    few.json("--rotate")
    former = few.value("ExpiryCheck")["username"].removesuffix("_b") + "_a"
    few.do(f"GRANT SELECT ON organisations TO {former}")
    for one in FEW:
        age(few, few.value(one)["username"].removesuffix("_b") + "_a")
    left = {one["task"]: one["values"] for one in few.json()["remaining"]}
    assert left["old_logins"] == {"logins": former}
    few.do(f"DROP OWNED BY {former}")


def age(few: SetUp, name: str) -> None:
    """Let more than an hour pass since the login was put out of use."""
    [(comment,)] = few.all(f"SELECT shobj_description('{name}'::regrole, 'pg_authid')")
    written = json.loads(comment) | {"since": "2026-01-01T00:00:00+00:00"}
    few.do(f"COMMENT ON ROLE {name} IS '{json.dumps(written)}'")


def test_a_rotation_that_finds_nothing_working_says_so(few: SetUp) -> None:
    assert "does not work: run setup without --rotate first" in few.type("--rotate", expect=1)


def test_two_stacks_on_one_server_do_not_share_a_login(server: Postgres, verifier: Checkpoint) -> None:
    """Roles are the server's. The logins of dev and staging have the stack's name, and each still works."""
    dev, staging = on_a_database(server, FEW), on_a_database(server, FEW)
    dev.json()
    staging.json()
    assert dev.is_whole()
    assert staging.is_whole()
    names = {one.value(function)["username"] for one in (dev, staging) for function in FEW}
    assert len(names) == 4


def test_a_login_of_another_stack_is_not_touched(few: SetUp) -> None:
    """The same name in another account, or for another database: refused before anything is changed."""
    name = f"{few.stack.replace('-', '_')}_expiry_check_a"
    theirs = json.dumps({"stack": "eu-west-1/1/x", "database": "theirs", "since": "", "mark": ""})
    few.do(f"CREATE ROLE {name} LOGIN PASSWORD 'theirs'")
    assert "made by hand" in " ".join(few.type(expect=1).split())
    few.do(f"COMMENT ON ROLE {name} IS '{theirs}'")
    said = " ".join(few.type(expect=1).split())
    assert f"a login {name} that is of eu-west-1/1/x (theirs)" in said
    assert few.value("ExpiryCheck") == {}
    few.do(f"DROP ROLE {name}")
    few.json()
    assert few.is_whole()


def test_what_prevents_a_set_up_is_one_sentence(few: SetUp, server: Postgres, verifier: Checkpoint) -> None:
    few.do("ALTER ROLE app_owner NOCREATEROLE")
    try:
        assert "may not make logins (CREATEROLE)" in few.type(expect=1)
    finally:
        few.do("ALTER ROLE app_owner CREATEROLE")
    assert "password authentication failed" in few.type(expect=1, password="wrong")
    unknown = SetUp(server, few.database, deployed(("NewFunction",)), ("NewFunction",))
    assert "no role certification_new_function" in " ".join(unknown.type(expect=1).split())
    gone = SetUp(server, few.database, "nobodys", ())
    assert "Check the name, the region" in " ".join(gone.type(expect=1).split())
    empty = f"empty_{next(_numbers)}"
    few.do(f"CREATE DATABASE {empty}")
    bare = SetUp(server, empty, few.stack, FEW)
    assert "apply the migrations" in " ".join(bare.type(expect=1).split())


def test_a_stranger_to_the_schema_is_told_its_owner(few: SetUp) -> None:
    few.do("CREATE ROLE stranger LOGIN CREATEROLE PASSWORD 'x'")
    try:
        assert "use the owner, app_owner" in replace(few, user="stranger").type(expect=1, password="x")
    finally:
        few.do("DROP ROLE stranger")


def test_a_failing_checkpoint_is_something_that_remains(few: SetUp, verifier: Checkpoint) -> None:
    """What setup itself does is done all the same."""
    verifier.function_error, verifier.payload = "Unhandled", {"errorMessage": "it broke"}
    outcome = few.json()
    assert few.is_whole()
    assert {one["task"]: one["values"] for one in outcome["remaining"]}["integration"]["why"].endswith("it broke")


def test_nothing_remains_when_a_person_has_done_the_rest(server: Postgres, verifier: Checkpoint) -> None:
    """Exit code 0. Two confirmed recipients, the credential, and a login of break-glass."""
    few = on_a_database(server, FUNCTIONS)
    assert tasks(few.json()) == {"credential", "recipients", "break_glass"}
    few.put("DataverseSecretArn", {"tenant_id": "t", "client_id": "c", "federation": "aws"})
    queue = boto3.client("sqs").create_queue(QueueName=f"{few.stack}-readers")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    for end in (arn["QueueArn"], arn["QueueArn"] + "2"):
        boto3.client("sns").subscribe(TopicArn=few.output("OperationsTopicArn"), Protocol="sqs", Endpoint=end)
    few.do("CREATE ROLE break_glass_a LOGIN IN ROLE certification_break_glass")
    try:
        assert few.json(expect=0)["remaining"] == []
        assert "Nothing remains to be done." in few.type(expect=0)
        assert "Ingenting gjenstår." in few.type("--language", "nb", expect=0)
    finally:
        few.do("DROP ROLE break_glass_a")


# Interrupted, at once, and by hand ------------------------------------------------------------------------------------


def killed(few: SetUp, aws: LocalAws, at: int, *, forwarded: bool) -> str:
    """Run setup until the request of this number, and kill it there; return the request."""
    with Guillotine(aws, at, forwarded=forwarded) as blade:
        blade.victim = few.start(blade.url)
        blade.victim.communicate(timeout=60)
        assert blade.victim.returncode == -signal.SIGKILL
        return blade.seen[-1]


@pytest.mark.parametrize(
    ("at", "forwarded"),
    [(5, True), *(pytest.param(n, f, marks=pytest.mark.slow) for n in range(1, 10) for f in (0, 1))],
)
def test_killed_at_any_point_the_next_run_ends_it(few: SetUp, aws: LocalAws, at: int, forwarded: Any) -> None:
    """SIGKILL before a request to AWS is carried out, or after it and before the database commits."""
    killed(few, aws, at, forwarded=bool(forwarded))
    few.json()
    assert few.is_whole()
    assert set(changes(few.json()).values()) == {"as_it_was"}


def test_every_point_of_a_run_is_among_them(server: Postgres, verifier: Checkpoint, aws: LocalAws) -> None:
    """The points above reach from the first request to the last write."""
    with Guillotine(aws, 10**6, forwarded=True) as blade:
        on_a_database(server, FEW).start(blade.url).communicate(timeout=60)
    writes = [number for number, name in enumerate(blade.seen, start=1) if name == "PutSecretValue"]
    assert len(writes) == 3
    assert 5 in writes
    assert max(writes) <= 9


@pytest.mark.parametrize("at", [pytest.param(n, marks=pytest.mark.slow) for n in range(2, 12)])
def test_a_rotation_that_is_killed_leaves_everything_working(few: SetUp, aws: LocalAws, at: int) -> None:
    """Whichever login is in use works, and the next rotation goes on."""
    few.json()
    with Guillotine(aws, at, forwarded=True) as blade:
        blade.victim = few.start(blade.url, "--rotate")
        blade.victim.communicate(timeout=60)
    assert few.is_whole()
    few.json("--rotate")
    assert few.is_whole()


def test_two_at_once_take_turns(few: SetUp, aws: LocalAws) -> None:
    """Both end well, and each secret holds the password of its login."""
    runs = [few.start(aws.url) for _ in range(2)]
    said = [run.communicate(timeout=120)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [3, 3], said
    assert few.is_whole()
    assert len(few.all("SELECT 1 FROM certification.audit WHERE facts ->> 'step' = 'login_made'")) == len(FEW)


@pytest.mark.slow
def test_two_rotations_at_once_leave_what_works(few: SetUp, aws: LocalAws) -> None:
    few.json()
    runs = [few.start(aws.url, "--rotate") for _ in range(2)]
    for run in runs:
        run.communicate(timeout=120)
    assert few.is_whole()


@pytest.fixture
def administrators(few: SetUp) -> str:
    """The address of one who may make logins, is no superuser, and has nothing of the schema or its owner."""
    name = f"dba_{few.database}"
    few.do(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'x'")
    for one in FEW:
        few.do(f"GRANT {ROLES[one]} TO {name} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
    return psycopg.conninfo.make_conninfo(owners(few.server, few.database), user=name, password="x")


def test_what_is_printed_makes_the_same_logins(few: SetUp, administrators: str) -> None:
    """For a database administrator: verifiers and no password, no connection of ours, and it may be run twice."""
    printed = few.type("--print", expect=0, password="nobody knows it")
    written, said = printed.split("COMMIT;\n")
    assert "run verify-integration" in " ".join(said.split())
    assert not few.accepts("ExpiryCheck")
    for _ in range(2):
        with psycopg.connect(administrators, autocommit=True) as administrator:
            administrator.execute(f"{written}COMMIT;".encode())
        assert few.accepts("ExpiryCheck")
    for _ in range(2):
        assert set(changes(few.json()).values()) == {"as_it_was"}
        steps = few.all("SELECT facts ->> 'step', actor, count(*) FROM certification.audit GROUP BY 1, 2 ORDER BY 1")
        assert steps == [("login_printed", "turid.vik", len(FEW)), ("webhook_set", "turid.vik", 1)]
    again = few.type("--print", expect=0)
    assert few.accepts("ExpiryCheck")
    with psycopg.connect(administrators, autocommit=True) as administrator:
        administrator.execute(again.split("COMMIT;\n")[0].encode() + b"COMMIT;")
    assert few.is_whole()


def test_printing_leaves_a_login_that_a_person_made(few: SetUp) -> None:
    """It may work, and nobody can know that without a connection: its secret stays as it is."""
    few.json()
    few.do("CREATE ROLE by_hand_a LOGIN PASSWORD 'by hand' IN ROLE certification_expiry_check")
    by_hand = few.value("ExpiryCheck") | {"username": "by_hand_a", "password": "by hand"}
    few.put("ExpiryCheckDatabaseSecretArn", by_hand)
    try:
        printed = few.type("--print", expect=0)
        assert few.value("ExpiryCheck") == by_hand
        assert few.is_whole()
        assert "ExpiryCheckDatabaseSecretArn holds a login that setup has not made" in printed
        assert "_expiry_check_a" not in printed
        few.type("--print", "--functions-host", "new.example.no", "--functions-port", "1", expect=None)
        assert few.value("ExpiryCheck") == by_hand
    finally:
        few.do("DROP ROLE by_hand_a")


def test_what_is_printed_takes_no_login_of_others(few: SetUp) -> None:
    few.do(f"CREATE ROLE {few.stack.replace('-', '_')}_expiry_check_a LOGIN PASSWORD 'theirs'")
    written = few.type("--print", expect=0).split("COMMIT;\n")[0]
    with (
        pytest.raises(psycopg.errors.RaiseException, match="not of this stack"),
        psycopg.connect(owners(few.server, few.database), autocommit=True) as administrator,
    ):
        administrator.execute(f"{written}COMMIT;".encode())


def test_what_contradicts_itself_is_not_understood(few: SetUp) -> None:
    assert "say one of them" in few.type("--print", "--rotate", expect=2)
    assert "--actor is empty" in few.type("--actor", " ", expect=2)
    alone = CliRunner().invoke(app, ["setup", "--stack", few.stack, *WHO])
    assert (alone.exit_code, "name both" in alone.output) == (2, True)
    here = CliRunner().invoke(app, [*few.words()[:-2]], env={"PGPASSWORD": OWNERS_PASSWORD})
    assert here.exit_code == 2
    assert "name the host that they reach it by" in " ".join(here.output.split())
