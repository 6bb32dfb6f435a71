"""TLS to the database, for real: a proxy that speaks TLS stands before the server, which has none.

Source: "SSL Session Encryption" in the PostgreSQL manual, chapter "Frontend/Backend Protocol". A client that wants TLS
sends an SSLRequest first; the server answers `S` and TLS begins, or `N` and the client may go on in clear text.
"""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import struct
import tempfile
import traceback
from typing import TYPE_CHECKING, Any

import certifi
import pytest
import trustme

from shared.adapters.postgres.certificates import tls_arguments
from shared.adapters.postgres.connection import call, connect
from shared.domain.errors import ConnectionLostError
from tests.support.there import there
from tests.support.wire import _exactly, _Listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase

SSL_REQUEST = struct.pack("!II", 8, 80877103)


class Proxy(_Listener):
    """Passes everything on to the server on `port`. Without a certificate it has no TLS; with one, nothing else."""

    def __init__(self, port: int, certificate: trustme.LeafCert | None = None) -> None:
        super().__init__()
        self._port = port
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if certificate:
            certificate.configure_cert(self._tls)
        self.asked_for_tls = 0
        self.sessions: list[str] = []  # the version of TLS, or "clear"
        self.reported = b""  # all that clients said in these sessions: user, database and password begin it

    def serve(self, client: socket.socket) -> None:
        head = _exactly(client, 8)
        if head == SSL_REQUEST:
            self.asked_for_tls += 1
            client.sendall(b"S" if self._tls else b"N")
            if self._tls:
                self._serve_encrypted(client)
                return
            head = _exactly(client, 8)
        if self._tls is None:
            self.sessions.append("clear")
            self._pass_on(client, head)

    def _serve_encrypted(self, client: socket.socket) -> None:
        try:
            with there(self._tls).wrap_socket(client, server_side=True) as encrypted:
                self.sessions.append(str(encrypted.version()))
                self._pass_on(encrypted, b"")
        except ssl.SSLError:  # the client refused the certificate, and said so
            return

    def _pass_on(self, client: socket.socket, head: bytes) -> None:
        self.reported += head
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            server.sendall(head)
            while True:
                # What TLS has decrypted already is no longer in the socket.
                decrypted = isinstance(client, ssl.SSLSocket) and client.pending()
                for peer in [client] if decrypted else select.select([client, server], [], [])[0]:
                    data = peer.recv(65536)
                    if not data:
                        return
                    if peer is client:
                        self.reported += data
                    (server if peer is client else client).sendall(data)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temp folder of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def authority() -> Any:
    """A private one, as Amazon RDS and Supabase have."""
    return trustme.CA()


@pytest.fixture
def encrypted(postgres: Postgres, authority: Any) -> Iterator[Proxy]:
    with Proxy(postgres.port, authority.issue_cert("localhost")) as proxy:
        yield proxy


@pytest.fixture
def unencrypted(postgres: Postgres) -> Iterator[Proxy]:
    with Proxy(postgres.port) as proxy:
        yield proxy


@pytest.fixture
def secret_for(database: TestDatabase) -> Any:
    login = database.login("ExpiryCheck")
    del login["sslmode"]

    def make(proxy, **fields):
        return login | {"host": "localhost", "port": proxy.port} | fields

    return make


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


def is_encrypted(secret) -> bool:
    """Connect, ask something, and answer what libpq says of the connection."""
    with connect(lambda _: secret) as connection:
        assert call(connection, "SELECT 41 + 1 AS answer", {}) == [{"answer": 42}]
        return connection.pgconn.ssl_in_use


def refusal(secret) -> str:
    """The code that the attempt to connect ends with. Libpq's own text, which names the host, is not to be seen."""
    with pytest.raises(ConnectionLostError) as caught, connect(lambda _: secret):
        pass
    assert secret["host"] not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_the_authority_in_the_secret_encrypts_the_session(encrypted: Proxy, authority: Any, secret_for: Any) -> None:
    """The whole way: text in the secret, a file for libpq, a certificate that is checked, TLS on the wire."""
    assert is_encrypted(secret_for(encrypted, sslrootcert=pem(authority)))
    assert encrypted.sessions == ["TLSv1.3"]


def test_several_authorities_in_one_text_are_all_believed(encrypted: Proxy, authority: Any, secret_for: Any) -> None:
    """RDS's bundles hold several, with one to come beside the one in use."""
    bundle = f"# as downloaded\n{pem(trustme.CA())}\n{pem(authority)}"
    assert is_encrypted(secret_for(encrypted, sslrootcert=bundle))


def test_line_ends_of_windows_do_no_harm(encrypted: Proxy, authority: Any, secret_for: Any) -> None:
    """Issue 8 I: Supabase's certificate is a file that a person downloads."""
    assert is_encrypted(secret_for(encrypted, sslrootcert=pem(authority).replace("\n", "\r\n")))


def test_a_path_is_passed_on_as_it_is(encrypted: Proxy, authority: Any, secret_for: Any, tmp_path: Path) -> None:
    """A file that was deployed with the code."""
    file = tmp_path / "own.pem"
    authority.cert_pem.write_to_path(str(file))
    assert is_encrypted(secret_for(encrypted, sslrootcert=str(file)))
    assert [*tmp_path.iterdir()] == [file]


def test_a_keyword_of_libpq_is_passed_on_as_it_is() -> None:
    """`system` is libpq's word for the authorities of its OpenSSL."""
    assert tls_arguments({"sslrootcert": "system"}) == {"sslmode": "verify-full", "sslrootcert": "system"}


def test_the_authority_is_written_once_for_this_user_only(
    encrypted: Proxy, authority: Any, secret_for: Any, temporary: Path
) -> None:
    """Once per container, named by its content; nothing is left beside it."""
    secret = secret_for(encrypted, sslrootcert=pem(authority))
    is_encrypted(secret)
    (file,) = temporary.iterdir()
    assert file.name == f"database-{hashlib.sha256(pem(authority).encode()).hexdigest()}.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat()
    is_encrypted(secret)
    assert [*temporary.iterdir()] == [file]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_lies_there_already_is_not_believed(
    encrypted: Proxy, authority: Any, secret_for: Any, temporary: Path
) -> None:
    """A process that was killed while writing, or somebody else on the machine."""
    text = pem(authority)
    file = temporary / f"database-{hashlib.sha256(text.encode()).hexdigest()}.pem"
    file.write_text(text[:100])
    assert is_encrypted(secret_for(encrypted, sslrootcert=text))


def test_a_folder_that_cannot_be_written_to_is_named_by_a_code(
    encrypted: Proxy, authority: Any, secret_for: Any, temporary: Path
) -> None:
    """A full temp folder is no reason to go on without the check."""
    temporary.rmdir()
    assert refusal(secret_for(encrypted, sslrootcert=pem(authority))) == "certificates_cannot_be_written"
    assert not encrypted.asked_for_tls


def test_another_authority_is_refused(encrypted: Proxy, secret_for: Any) -> None:
    """The certificate is of somebody whom the secret does not name; user and password stay here."""
    assert refusal(secret_for(encrypted, sslrootcert=pem(trustme.CA()))) == "database_tls_failed"
    assert encrypted.reported == b""


def test_a_certificate_of_another_host_is_refused(postgres: Postgres, authority: Any, secret_for: Any) -> None:
    """verify-full: every RDS database in the world has a certificate of the same authority."""
    with Proxy(postgres.port, authority.issue_cert("db.example.no")) as proxy:
        assert refusal(secret_for(proxy, sslrootcert=pem(authority))) == "database_tls_failed"
        assert is_encrypted(secret_for(proxy, sslrootcert=pem(authority), sslmode="verify-ca"))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sslmode": None, "sslrootcert": None},
        {"sslmode": "verify-full", "sslrootcert": ""},
        {"sslmode": "verify-ca"},
    ],
)
def test_without_an_authority_a_private_one_is_refused(encrypted: Proxy, secret_for: Any, fields: Any) -> None:
    """Nobody vouches for it publicly."""
    assert refusal(secret_for(encrypted, **fields)) == "database_tls_failed"
    assert encrypted.reported == b""


def test_without_an_authority_the_public_ones_are_believed(
    encrypted: Proxy, authority: Any, secret_for: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the private one were on the list of public ones: RDS Proxy's certificate is Amazon's public one."""
    listed = tls_arguments({})["sslrootcert"]
    names = [dict(name[0] for name in found["subject"]) for found in _read(listed)]
    assert "Amazon Root CA 1" in [name.get("commonName") for name in names]

    authority.cert_pem.write_to_path(str(tmp_path / "public.pem"))
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "public.pem"))
    assert is_encrypted(secret_for(encrypted))
    assert is_encrypted(secret_for(encrypted, sslmode="verify-ca"))


def _read(file: str) -> list[dict[str, Any]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    return context.get_ca_certs()


@pytest.mark.parametrize("mode", [None, "require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused_and_sent_nothing(
    unencrypted: Proxy, authority: Any, secret_for: Any, mode: str | None
) -> None:
    """Whoever sits in between can answer N: not a byte follows in clear text."""
    secret = secret_for(unencrypted, sslrootcert=pem(authority), sslmode=mode)
    assert refusal(secret) == "database_tls_failed"
    assert unencrypted.asked_for_tls
    assert (unencrypted.sessions, unencrypted.reported) == ([], b"")


@pytest.mark.parametrize("mode", ["prefer", "allow", "Disable", "verify_full"])
def test_a_mode_that_may_go_on_in_clear_text_is_refused(unencrypted: Proxy, secret_for: Any, mode: str) -> None:
    """`prefer` is libpq's own default and falls back in silence; a slip of the pen is not guessed at."""
    assert refusal(secret_for(unencrypted, sslmode=mode)) == "secret_sslmode_refused"
    assert (unencrypted.asked_for_tls, unencrypted.sessions) == (0, [])


def test_require_encrypts_and_checks_nobody(encrypted: Proxy, secret_for: Any) -> None:
    """As the secret says: the public authorities, who would refuse this one, are not asked."""
    assert is_encrypted(secret_for(encrypted, sslmode="require"))


def test_disable_in_the_secret_connects_in_clear_text(unencrypted: Proxy, encrypted: Proxy, secret_for: Any) -> None:
    """The local stack only: a server that has TLS and nothing else refuses it."""
    assert not is_encrypted(secret_for(unencrypted, sslmode="disable"))
    assert (unencrypted.asked_for_tls, unencrypted.sessions) == (0, ["clear"])
    assert refusal(secret_for(encrypted, sslmode="disable")) == "database_connection_failed"


def test_a_refused_login_is_not_called_a_certificate(
    encrypted: Proxy, unencrypted: Proxy, authority: Any, secret_for: Any
) -> None:
    """A refused login and an absent server are not called a certificate.

    A wrong password is tried once only: servers count them.
    """
    secret = secret_for(encrypted, sslrootcert=pem(authority))
    assert refusal(secret | {"password": "wrong"}) == "database_connection_failed"
    assert encrypted.sessions == ["TLSv1.3"]
    in_clear_text = secret_for(unencrypted, sslmode="disable", password="wrong")
    assert refusal(in_clear_text) == "database_connection_failed"
    assert unencrypted.sessions == ["clear"]
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert refusal(secret | {"port": port}) == "database_connection_failed"
    assert refusal(secret | {"host": "database.invalid"}) == "database_connection_failed"


def test_a_replaced_authority_in_the_secret_is_read_afresh(encrypted: Proxy, authority: Any, secret_for: Any) -> None:
    """A rotated authority needs no deployment and no waiting for the cache."""
    secrets = {False: secret_for(encrypted, sslrootcert=pem(trustme.CA()))}
    secrets[True] = secrets[False] | {"sslrootcert": pem(authority)}
    with connect(secrets.__getitem__) as connection:
        assert connection.pgconn.ssl_in_use
