"""The settings of the sign-in token's check, and the check as a function gets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
import pytest
from moto import mock_aws

from emulators.identity.server import LocalIdentity
from shared.adapters.aws import secrets
from shared.bootstrap.sign_in import sign_in
from shared.domain.errors import NotSignedInError
from shared.observability import logger
from shared.settings import SettingsError, SignInSettings, sign_in_settings
from tests.support.sign_in import forged, hs256

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WHO = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")
SUPABASE = "https://abcdefghijklmnopqrst.supabase.co/auth/v1"
NAMES = [str(field.alias) for field in SignInSettings.model_fields.values()]


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the settings anew in each test, and begin without any."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    secrets._provider.cache_clear()
    yield
    secrets._provider.cache_clear()
    sign_in.cache_clear()
    sign_in_settings.cache_clear()


def test_the_defaults_are_those_of_supabase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issuer, audience `authenticated`, keys at <issuer>/.well-known/jwks.json, ES256 or RS256."""
    monkeypatch.setenv("TOKEN_ISSUER", SUPABASE)
    settings = sign_in_settings()
    assert settings.keys_address == f"{SUPABASE}/.well-known/jwks.json"
    assert settings.audience == "authenticated"
    assert settings.algorithms == ("ES256", "RS256")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_ISSUER", ""),
        ("TOKEN_ISSUER", "http://abc.supabase.co/auth/v1"),
        ("TOKEN_ISSUER", "abc.supabase.co"),
        ("TOKEN_ISSUER", "https://"),
        ("TOKEN_ISSUER", "https://user@abc.supabase.co"),
        ("TOKEN_ISSUER", "https://abc.supabase.co?x"),
        ("TOKEN_ISSUER", "https://[::1"),
        ("TOKEN_ISSUER", "https://abc:port"),
        ("TOKEN_ISSUER", "http://127.0.0.1.evil.example"),
        ("TOKEN_ISSUER", "http://evil.example\\@127.0.0.1"),
        ("TOKEN_KEYS_URL", "http://abc.supabase.co/keys"),
        ("TOKEN_KEYS_URL", "file:///etc/passwd"),
        ("TOKEN_ALGORITHMS", "none"),
        ("TOKEN_ALGORITHMS", "ES256,None"),
        ("TOKEN_ALGORITHMS", "ES256,,RS256"),
        ("TOKEN_ALGORITHMS", "es256"),
        ("TOKEN_ALGORITHMS", "HS512"),
        ("TOKEN_ALGORITHMS", "ES256,HS256"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """An unknown algorithm, `none`, HS256 without a secret, an address without TLS: SettingsError with the name."""
    monkeypatch.setenv("TOKEN_ISSUER", SUPABASE)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: ") as raised:
        sign_in()
    assert not value or value not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1:54321", "localhost", "[::1]:1"])
def test_this_machine_needs_no_tls(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The local identity provider speaks plain HTTP."""
    monkeypatch.setenv("TOKEN_ISSUER", f"http://{host}/auth/v1")
    assert sign_in_settings().keys_address == f"http://{host}/auth/v1/.well-known/jwks.json"


def test_a_container_reaches_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container of the SAM CLI this machine has another name; nowhere else is that name allowed without TLS."""
    monkeypatch.setenv("TOKEN_ISSUER", "http://127.0.0.1:1/auth/v1")
    monkeypatch.setenv("TOKEN_KEYS_URL", "http://host.docker.internal:1/keys")
    with pytest.raises(SettingsError, match="TOKEN_KEYS_URL"):
        sign_in_settings()
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert sign_in_settings().keys_address == "http://host.docker.internal:1/keys"


def test_the_check_is_kept_by_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """One check per container: the keys outlive a request, and the provider's absence after it."""
    with LocalIdentity() as provider:
        monkeypatch.setenv("TOKEN_ISSUER", provider.issuer)
        assert sign_in().subject(f"Bearer {provider.token(WHO)}") == WHO
    assert sign_in().subject(f"Bearer {provider.token(WHO)}") == WHO
    assert provider.key_fetches == 1


def test_only_a_failed_fetch_is_logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """I11: host and error type, once per attempt; nothing per refused token, and nothing of a token ever."""
    logger.cache_clear()
    with LocalIdentity() as provider:
        token = provider.token(WHO)
    monkeypatch.setenv("TOKEN_ISSUER", provider.issuer)
    for header in (f"Bearer {token}", f"Bearer {token}", "Bearer a.b.c", None):
        with pytest.raises(NotSignedInError):
            sign_in().subject(header)
    printed = capsys.readouterr()
    (line,) = printed.out.splitlines()
    logged = json.loads(line)
    assert logged["level"] == "WARNING"
    assert (logged["message"], logged["host"], logged["error"]) == ("keys_unavailable", "127.0.0.1", "ConnectError")
    assert not any(part in line for part in token.split("."))
    logger.cache_clear()


def test_a_shared_secret_comes_from_secrets_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """HS256 with a secret only when configured: the same token is refused without."""
    with LocalIdentity() as provider, mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-north-1")
        arn = client.create_secret(Name="token", SecretString=json.dumps({"current": "s" * 32}))["ARN"]
        token = forged({"alg": "HS256"}, provider.claims(WHO), hs256(b"s" * 32))
        monkeypatch.setenv("TOKEN_ISSUER", provider.issuer)
        monkeypatch.setenv("TOKEN_SECRET_ARN", arn)
        with pytest.raises(NotSignedInError, match="algorithm"):
            sign_in().subject(f"Bearer {token}")
        sign_in.cache_clear()
        sign_in_settings.cache_clear()
        monkeypatch.setenv("TOKEN_ALGORITHMS", "ES256, HS256")
        assert sign_in().subject(f"Bearer {token}") == WHO
        assert sign_in().subject(f"Bearer {provider.token(WHO)}") == WHO


def test_no_database_is_needed_to_refuse() -> None:
    """An unauthenticated caller costs no database connection: the check does not even import the driver."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import shared.bootstrap.sign_in; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, cwd="/")
    modules = set(done.stdout.split())
    assert "jwt" in modules
    assert not {"psycopg", "shared.bootstrap.database", "shared.adapters.postgres"} & modules
