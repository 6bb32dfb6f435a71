"""TLS to PostgreSQL: how much of it the secret asks for, and whose certificates are believed.

Amazon RDS and Supabase sign with authorities of their own, which no list of public ones holds; RDS Proxy has a public
certificate. "The system's" authorities are of no use: the driver brings its own OpenSSL, whose folder for them does
not exist where the functions run.
"""

from __future__ import annotations

import tempfile
import time
from functools import cache
from hashlib import sha256
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Any

import certifi
from psycopg.conninfo import make_conninfo
from psycopg.pq import ConnStatus, PGconn, PollingStatus

from shared.domain.errors import ConnectionLostError

if TYPE_CHECKING:
    from collections.abc import Mapping

# `allow` and `prefer` are left out: they go on in clear text when the server, or somebody in between, says no to TLS.
_MODES = ("disable", "require", "verify-ca", "verify-full")
_PEM = "-----BEGIN CERTIFICATE-----"


def tls_arguments(secret: Mapping[str, Any]) -> dict[str, str]:
    """What libpq is told, from the fields `sslmode` and `sslrootcert`. Raises ConnectionLostError with a code.

    `sslmode`: verify-full if absent. `sslrootcert`: the authorities' certificates as PEM text, or a path or keyword
    that libpq knows; if absent, a mode that verifies takes the public authorities. A secret holds 64 KB, so for RDS
    take the bundle of the database's own region,
    https://truststore.pki.rds.amazonaws.com/eu-north-1/eu-north-1-bundle.pem: the global one does not fit.
    """
    mode, authorities = secret.get("sslmode") or "verify-full", secret.get("sslrootcert")
    if mode not in _MODES:
        raise ConnectionLostError("secret_sslmode_refused")
    if authorities:
        return {"sslmode": mode, "sslrootcert": _file(authorities) if _PEM in authorities else authorities}
    # Not with `require`: libpq verifies as soon as it has authorities, and `require` says not to.
    return {"sslmode": mode} | ({"sslrootcert": certifi.where()} if mode.startswith("verify-") else {})


@cache
def _file(pem: str) -> str:
    """Where libpq can read it; it takes no certificates from memory. Written once per container."""
    path = Path(tempfile.gettempdir(), f"database-{sha256(pem.encode()).hexdigest()}.pem")
    try:
        # Never the file that lies there: a process that was killed, or somebody else, may have written it.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:  # readable by nobody else: mode 0600
            new.write(pem.encode())
        Path(new.name).replace(path)
    except OSError:
        raise ConnectionLostError("certificates_cannot_be_written") from None
    return str(path)


def fails_in_tls(arguments: Mapping[str, Any], *, seconds: float) -> bool:
    """Whether one more attempt reaches the server and ends while TLS is being agreed on.

    That is as much as libpq tells without its text: a certificate that nobody vouches for or that names another host,
    authorities that cannot be read, a server without TLS and one that hangs up there are all the same step. And it
    tells the step only while it connects, which takes this second attempt.
    """
    ends = time.monotonic() + seconds
    attempt = PGconn.connect_start(make_conninfo(**arguments).encode())
    try:
        while True:
            step, polled = attempt.status, attempt.connect_poll()
            left = ends - time.monotonic()
            if polled not in (PollingStatus.READING, PollingStatus.WRITING) or left <= 0:
                return step == ConnStatus.SSL_STARTUP
            reading = polled == PollingStatus.READING
            select([attempt.socket] if reading else [], [] if reading else [attempt.socket], [], left)
    finally:
        attempt.finish()
