"""Where the functions reach the database, by the address of its owner; and what a login is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import certifi
import pytest
from psycopg.conninfo import conninfo_to_dict

from operations.commands.setup.names import Belonging, belonging_of, login_name, needs, snake, whole_name
from operations.commands.setup.place import Given, Place, place_of
from operations.errors import NotUnderstoodError

if TYPE_CHECKING:
    from pathlib import Path

REF = "abcdefghijklmnopqrst"
POOLER = "aws-0-eu-north-1.pooler.supabase.com"
TLS = "sslmode=verify-full&sslrootcert=system"
RDS = f"postgresql://owner@db.example.no/app?{TLS}"


def place(url: str, given: Given | None = None, current_user: str | None = "postgres") -> Place:
    parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    return place_of(url, given or Given(), parameters, current_user)


def test_supabases_pooler_knows_a_login_by_role_and_project() -> None:
    """The transaction pooler's user is `role.reference`, derived from the owner's own user."""
    found = place(f"postgresql://postgres.{REF}@{POOLER}:6543/postgres?{TLS}")
    assert (found.host, found.port, found.suffix, found.warning) == (POOLER, 6543, f".{REF}", "")
    secret = found.secret("hlf_expiry_check_a", "x", {})
    assert secret["username"] == f"hlf_expiry_check_a.{REF}"
    assert found.login_of(secret) == ("hlf_expiry_check_a", "x")
    assert found.login_of({**secret, "username": "hlf_expiry_check_a"}) is None  # the pooler would not know it
    printed = place(f"postgresql://postgres.{REF}@{POOLER}:6543/postgres?{TLS}", current_user=None)
    assert printed.suffix == f".{REF}"


def test_the_direct_host_has_ipv6_alone_and_says_so() -> None:
    direct = f"postgresql://postgres@db.{REF}.supabase.co:5432/postgres?{TLS}"
    assert "IPv6" in place(direct).warning
    found = place(direct, Given(host=POOLER, port=6543))
    assert (found.suffix, found.warning) == (f".{REF}", "")
    assert "--functions-port 6543" in place(direct, Given(host=POOLER)).warning


def test_a_login_is_known_from_either_side_of_a_move() -> None:
    """Between Supabase's pooler and its direct host a login keeps its password: it is the same role."""
    pooler = place(f"postgresql://postgres.{REF}@{POOLER}:6543/postgres?{TLS}")
    direct = place(f"postgresql://postgres@db.{REF}.supabase.co:5432/postgres?{TLS}")
    assert direct.login_of(pooler.secret("hlf_a", "x", {})) == ("hlf_a", "x")
    assert pooler.login_of(direct.secret("hlf_a", "x", {})) == ("hlf_a", "x")


@pytest.mark.parametrize(
    ("url", "given"),
    [
        (f"postgresql://postgres@db.{REF}.supabase.co:5432/postgres?{TLS}", Given()),
        (f"postgresql://postgres.{REF}@{POOLER}:5432/postgres?{TLS}", Given()),
        (f"postgresql://postgres@db.{REF}.supabase.co:5432/postgres?{TLS}", Given(host=POOLER)),
        (f"postgresql://owner@bastion.example.no:6543/postgres?{TLS}", Given()),
        (f"postgresql://postgres.{REF}@{POOLER}:6543/other?{TLS}", Given()),
    ],
)
def test_a_working_secret_is_not_moved_unasked(url: str, given: Given) -> None:
    """The owner's way to the database need not be the functions'; both addresses are named, and nothing is written."""
    secret = place(f"postgresql://postgres.{REF}@{POOLER}:6543/postgres?{TLS}").secret("hlf_a", "x", {})
    with pytest.raises(NotUnderstoodError, match=rf"{POOLER}:6543/postgres \(XArn\).* with --functions-host"):
        place(url, given).require_agreement("XArn", secret, given)
    place(url, given).require_agreement("XArn", {}, given)  # nothing is in use yet
    asked = Given(host="db.new.no", port=5432)
    place(url, asked).require_agreement("XArn", secret, asked)


def test_a_tunnels_weaker_mode_is_the_owners_alone(tmp_path: Path) -> None:
    """`hostaddr` is the way, `host` the name that the certificate has. A person's own choice in a secret stays."""
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    tunnel = f"host=db.example.no hostaddr=127.0.0.1 port=15432 dbname=app user=owner sslrootcert={tmp_path}/ca.pem"
    for mode in ("verify-full", "verify-ca"):
        found = place(f"{tunnel} sslmode={mode}", Given(port=5432), "owner")
        assert (found.host, found.port, found.sslmode) == ("db.example.no", 5432, "verify-full")
    theirs = found.secret("a", "b", {}) | {"sslmode": "verify-ca"}
    assert found.differences(theirs) == ()
    assert found.secret("a", "b", theirs)["sslmode"] == "verify-ca"


def test_a_name_with_a_full_stop_is_no_poolers() -> None:
    """The owner may be called so."""
    assert place(RDS.replace("owner", "first.last"), current_user="first.last").suffix == ""
    assert place(RDS).suffix == ""
    assert place(RDS).port == 5432


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "/var/run", "a,b", ""])
def test_an_address_of_this_machine_is_none_of_the_functions(host: str) -> None:
    """A tunnel's end would be written into every secret."""
    given = {"host": host, "sslmode": "verify-full"}
    with pytest.raises(NotUnderstoodError, match="--functions-host"):
        place_of("dbname=app", Given(), given, "owner")


@pytest.mark.parametrize("mode", ["prefer", "require", "disable"])
def test_without_a_checked_certificate_nothing_is_written(mode: str) -> None:
    with pytest.raises(NotUnderstoodError, match="sslmode=verify-full"):
        place(f"postgresql://owner@db.example.no/app?sslmode={mode}")


def test_the_authority_goes_into_the_secret(tmp_path: Path) -> None:
    """Unless it is a public one, which the functions have themselves."""
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    address = f"postgresql://owner@db.example.no/app?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
    secret = place(address).secret("a", "b", {"sslmode": "disable", "engine": "postgres"})
    assert "BEGIN CERTIFICATE" in secret["sslrootcert"]
    assert "sslmode" not in secret
    assert secret["engine"] == "postgres"
    assert place(address).differences(secret) == ()
    assert place(address).differences(secret | {"sslrootcert": "older", "host": "x"}) == ("host", "sslrootcert")
    assert place(RDS.replace("system", certifi.where())).authority == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [("no certificate", "no certificate in PEM"), (f"-----BEGIN CERTIFICATE-----{'x' * 70000}", "64 KB")],
)
def test_what_is_no_authority_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(NotUnderstoodError, match=said):
        place(RDS, Given(authority=tmp_path / "ca.pem"))
    with pytest.raises(NotUnderstoodError, match="cannot be read"):
        place(RDS, Given(authority=tmp_path / "none.pem"))


@pytest.mark.parametrize(
    ("output", "role"),
    [
        ("ExpiryCheckDatabaseSecretArn", "certification_expiry_check"),
        ("OperationsDatabaseSecretArn", "certification_operations"),
        ("OperationsFunctionDatabaseSecretArn", "certification_operations_function"),
    ],
)
def test_an_output_says_its_role(output: str, role: str) -> None:
    """No list has to be kept: a new function's secret is filled by its name alone."""
    [need] = needs({output: "arn:aws:secretsmanager:eu-north-1:1:secret:x", "DataverseSecretArn": "y"})
    assert need.role == role
    assert whole_name("hlf", [need]) == "eu-north-1/1/hlf"


def test_a_login_has_a_name_that_postgresql_keeps() -> None:
    """At most 63 characters, and no two stacks have the same."""
    assert login_name("hlf-certification", "expiry_check", "a") == "hlf_certification_expiry_check_a"
    long = [login_name(f"{'x' * 120}{n}", "verify_integration", "b") for n in range(2)]
    assert {len(name) for name in long} == {63}
    assert len(set(long)) == 2
    assert snake("DynamicsSync2Go") == "dynamics_sync2_go"


@pytest.mark.parametrize("comment", [None, "", "a person's note", "[]", '{"stack": "x"}', "null"])
def test_another_comment_is_nobodys(comment: Any) -> None:
    assert belonging_of(comment) is None
    assert not Belonging("a", "b").same_owner(belonging_of(comment))


def test_a_comment_says_whose_a_login_is() -> None:
    mine = Belonging("eu-north-1/1/hlf", "app", "2026-11-29T00:00:00+00:00", "m")
    assert belonging_of(mine.comment()) == mine
    assert mine.same_owner(belonging_of(mine.comment()))
    assert not mine.same_owner(Belonging("eu-north-1/1/hlf", "other"))
