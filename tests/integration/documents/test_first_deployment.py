"""Follow docs/operations/deploy.md as a first deployment does; what needs no AWS is done literally."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import trustme

from local.stack.database import LOGINS as WHO
from local.stack.database import ROLES
from local.stack.postgres import Postgres
from operations.commands.setup.names import needs
from shared.adapters.postgres.connection import connect
from shared.domain.errors import ConnectionLostError
from tests.integration.database.test_database_tls import Proxy
from tests.integration.documents.test_docs import OPERATIONS, ROOT, TEMPLATE, TEXT, commands, fences, section
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUIDE = TEXT[ROOT / "docs" / "operations" / "deploy.md"]
BUILDING = TEXT[ROOT / "docs" / "sam.md"]
FIRST = section(GUIDE, "The first deployment")
LOGINS = section(OPERATIONS, "Making the logins")
BREAK_GLASS = section(OPERATIONS, "The login of break-glass")
FUNCTIONS = {
    name: made["Properties"]
    for name, made in TEMPLATE["Resources"].items()
    if made["Type"] == "AWS::Serverless::Function"
}
TABLES = ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log")


def in_capitals(output: str) -> str:
    """The variable that an output of the stack is called by in the documents."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", output).upper()


def variables(function: dict[str, Any]) -> dict[str, Any]:
    return function["Environment"]["Variables"]


def handler(function: dict[str, Any]) -> str:
    return function["Handler"].split(".")[1]


def bash(script: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


# Nothing is left out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", sorted(name for name in TEMPLATE["Outputs"] if name.endswith("SecretArn")))
def test_every_secret_is_filled_by_the_steps(output: Any) -> None:
    """By `setup`, which knows it by its name, or by a line of the steps."""
    by_setup = {need.output for need in needs(dict.fromkeys(TEMPLATE["Outputs"], ""))} | {"WebhookSecretArn"}
    put = f'aws secretsmanager put-secret-value --secret-id "${in_capitals(output)}" --secret-string file://'
    assert ("hlf-operations setup" in FIRST and output in by_setup) != (put in FIRST)


def test_a_variable_in_a_command_is_an_output() -> None:
    """`$DEAD_LETTERS_URL` is `DeadLettersUrl`; a name of another form is the reader's own."""
    known = {in_capitals(output) for output in TEMPLATE["Outputs"]}
    used = {name for _, line in commands("aws") for name in re.findall(r"\$([A-Z_]+_(?:ARN|URL|NAME))\b", line)}
    assert used
    assert used <= known


def test_every_output_is_a_variable_after_the_shown_loop(tmp_path: Path) -> None:
    """The loop as it stands, beside an `aws` that answers as the real one does for such a query: tabs and lines."""
    (tmp_path / "aws").write_text(
        "#!/bin/sh\n" + "".join(f"printf '%s\\t%s\\n' {name} 'value of {name}'\n" for name in TEMPLATE["Outputs"])
    )
    (tmp_path / "aws").chmod(0o755)
    [loop] = fences(section(GUIDE, "The outputs of the stack"), "bash")
    said = bash(f"{loop}\nenv", tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    for name in TEMPLATE["Outputs"]:
        assert f"{in_capitals(name)}=value of {name}\n" in said


@pytest.mark.parametrize("name", sorted(TEMPLATE["Parameters"]))
def test_every_parameter_is_named_where_it_is_asked_for(name: Any) -> None:
    table = re.findall(r"^ *\| (`.+?) \|", section(GUIDE, "The parameters"), re.MULTILINE)
    assert any(f"`{name}`" in cell for cell in table)


def test_a_value_that_is_shown_for_a_parameter_is_taken() -> None:
    given = [found for text in TEXT.values() for found in re.findall(r"\b([A-Z]\w+)=([^\s\\`]+)", text)]
    given = [(name, value) for name, value in given if name in TEMPLATE["Parameters"]]
    assert {name for name, _ in given} >= {"MailSender", "OperationsEmail", "DataverseUrl"}
    for name, value in given:
        assert re.fullmatch(TEMPLATE["Parameters"][name].get("AllowedPattern", ".+"), value)
    shown = section(GUIDE, "The parameters")
    assert f"| `WebhookConcurrency` | `{TEMPLATE['Parameters']['WebhookConcurrency']['Default']}`" in shown


def test_every_role_is_described_where_logins_are_made() -> None:
    """Every role that SQL of ours grants anything to, none else, with its function and its secret."""
    granted = {
        role
        for file in ROOT.glob("shared/database/**/*.sql")
        for to in re.findall(r"\bTO ((?:certification_\w+(?:, )?)+)", file.read_text(encoding="utf-8"))
        for role in to.split(", ")
        if role
    }
    granted -= {"certification_scheduled"}  # nobody's login: what the others have in common
    assert granted == set(WHO.values())
    assert set(re.findall(r"^\| .+? \| `(certification_\w+)` \|", LOGINS, re.MULTILINE)) == granted
    assert re.findall(r"IN ROLE (\w+);", fences(BREAK_GLASS, "sql")[0]) == [WHO["BreakGlass"]]
    expected = {
        (handler(made), ROLES[name], f"{variables(made)['DATABASE_SECRET_ARN']['Ref']}Arn")
        for name, made in FUNCTIONS.items()
        if "DATABASE_SECRET_ARN" in variables(made)
    }
    assert set(re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)`", LOGINS, re.MULTILINE)) == expected
    for made in FUNCTIONS.values():  # also the one that has none
        assert f"`{handler(made)}`" in LOGINS


def test_the_functions_of_a_variable_are_the_templates() -> None:
    """The column *of* of docs/metrics.md."""
    described = section(TEXT[ROOT / "docs" / "metrics.md"], "Environment variables")
    table = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", described, re.MULTILINE))
    every = {handler(made) for made in FUNCTIONS.values()}
    for variable in {name for made in FUNCTIONS.values() for name in variables(made)}:
        cell = table[variable]
        named = set(re.findall(r"`(\w+)`", cell))
        assert (every - named if cell.startswith("all but") else named) == {
            handler(made) for made in FUNCTIONS.values() if variable in variables(made)
        }, variable


def test_the_time_limits_are_the_templates() -> None:
    """The table of docs/operations/runbook.md has each function, reconciliation for each of its two kinds of run."""
    table = section(OPERATIONS, "What runs when")
    shown = re.findall(r"^\| `(\w+)`.*? \| .+? \| (\d+) (second|minute)s? \|", table, re.MULTILINE)
    assert {(name, int(n) * (60 if unit == "minute" else 1)) for name, n, unit in shown} == {
        (handler(made), made["Timeout"]) for made in FUNCTIONS.values()
    }


def test_the_environments_are_both_there_after_the_first_lines(tmp_path: Path) -> None:
    """`python` has what `python -m local` needs, and `sam` is found behind it."""
    setting_up = [line for line in fences(BUILDING, "console")[0].splitlines() if "make " not in line]
    for folder in (".venv", ".sam-venv"):
        (tmp_path / folder / "bin").mkdir(parents=True)
        (tmp_path / folder / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv/bin/activate").write_text(f'export PATH="{tmp_path}/.venv/bin:$PATH"\n')
    (tmp_path / ".sam-venv/bin/sam").write_text("#!/bin/sh\n")
    (tmp_path / ".sam-venv/bin/sam").chmod(0o755)
    said = bash("\n".join([*setting_up, "command -v python sam"]), tmp_path, PATH="/usr/bin:/bin")
    assert said.splitlines() == [f"{tmp_path}/.venv/bin/python", f"{tmp_path}/.sam-venv/bin/sam"]


# What needs no AWS, literally -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Proxy]]:
    """The steps on a server that has seen none of this, over TLS with an authority of its own, as the app's owner.

    Return the folder of the files that were written, and the server's address.
    """
    folder = tmp_path_factory.mktemp("first")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "database-ca.pem"))
    with Postgres(folder / "server", durable=False) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'the owner''s'")
            connection.execute("CREATE DATABASE app")
            connection.execute("GRANT CREATE ON DATABASE app TO owner")
        with psycopg.connect(server.dsn("app"), autocommit=True) as connection:
            connection.execute((ROOT / "local" / "stack" / "foundation.sql").read_bytes())
            connection.execute("GRANT CREATE ON SCHEMA public TO owner")
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} OWNER TO owner".encode())
        with Proxy(server.port, authority.issue_cert("localhost")) as proxy:
            follow_the_steps(folder, proxy.port)
            yield folder, proxy


def follow_the_steps(folder: Path, port: int) -> None:
    """Migrate. The other lines are followed by `make deploy-check`."""
    [migrating] = [line for line in shown_lines(FIRST) if line.startswith("hlf-operations migrate")]
    url = there(re.search(r'"(postgresql://[^"]+)"', migrating))[1].replace("db.example.no:5432", f"localhost:{port}")
    said = bash(
        f"{sys.executable} -m operations migrate --database-url '{url}'",
        folder,
        PYTHONPATH=str(ROOT),
        PGPASSWORD="the owner's",
    )
    assert "applied tables/0001_schema_and_roles.sql" in said


def shown_lines(text: str) -> list[str]:
    return [line.strip() for body in fences(text, "console") for line in body.splitlines()]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a function writes its certificates."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.usefixtures("temporary")
def test_supabases_form_of_a_user_reaches_the_pooler_as_it_is(deployed: tuple[Path, Proxy]) -> None:
    """`role.reference` is one name to libpq; the pooler takes it apart. Here nobody does, so no such role is known."""
    folder, proxy = deployed
    user = there(re.search(r"`(hlf_certification_expiry_check_a\.[a-z]{20})`", section(GUIDE, "Supabase")))[1]
    secret = {"host": "localhost", "port": proxy.port, "dbname": "app", "username": user, "password": "x"}
    secret["sslrootcert"] = (folder / "database-ca.pem").read_text()
    with pytest.raises(ConnectionLostError, match=r"^database_connection_failed$"), connect(lambda _: secret):
        pass
    assert b"user\0" + user.encode() + b"\0" in proxy.reported


def test_the_queries_of_the_guide_run_as_the_owner(deployed: tuple[Path, Proxy]) -> None:
    """As whoever applied the migrations, who is no superuser."""
    folder, proxy = deployed
    with psycopg.connect(
        host="localhost",
        port=proxy.port,
        dbname="app",
        user="owner",
        password="the owner's",
        sslmode="verify-full",
        sslrootcert=str(folder / "database-ca.pem"),
    ) as owner:
        for statement in fences(FIRST, "sql"):
            assert owner.execute(statement.encode()).fetchall() == []
