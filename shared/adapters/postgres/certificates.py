"""TLS to PostgreSQL: the mode that the secret sets, and the authorities whose certificates are trusted.

Amazon RDS and Supabase sign with authorities of their own, which are in no list of public authorities. RDS Proxy has a
public certificate. The system's own list cannot be used: the driver ships its own OpenSSL, whose folder for it does not
exist where the functions run.
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

# `allow` and `prefer` are left out: they continue in clear text if the server, or an attacker in between, refuses TLS.
_MODES = ("disable", "require", "verify-ca", "verify-full")
_PEM = "-----BEGIN CERTIFICATE-----"


def tls_arguments(secret: Mapping[str, Any]) -> dict[str, str]:
    """Return libpq's arguments from the fields `sslmode` and `sslrootcert`. Raises ConnectionLostError with a code.

    `sslmode`: verify-full if absent. `sslrootcert`: the authorities' certificates as PEM text, or a path or keyword
    that libpq knows; if absent, a mode that verifies takes the public authorities. A secret holds at most 64 KB. For
    RDS take the bundle of the database's own region, because the global one does not fit:
    https://truststore.pki.rds.amazonaws.com/eu-north-1/eu-north-1-bundle.pem
    """
    mode, authorities = secret.get("sslmode") or "verify-full", secret.get("sslrootcert")
    if mode not in _MODES:
        raise ConnectionLostError("secret_sslmode_refused")
    if authorities:
        return {"sslmode": mode, "sslrootcert": _file(authorities) if _PEM in authorities else authorities}
    # Not with `require`, which means no verification: libpq verifies as soon as it has authorities.
    return {"sslmode": mode} | ({"sslrootcert": certifi.where()} if mode.startswith("verify-") else {})


@cache
def _file(pem: str) -> str:
    """Write the certificates to a file, once per container, and return its path: libpq reads them from files only."""
    path = Path(tempfile.gettempdir(), f"database-{sha256(pem.encode()).hexdigest()}.pem")
    try:
        # Never use an existing file: a process that was killed, or another user, may have written it.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:  # mode 0600: no other user can read it
            new.write(pem.encode())
        Path(new.name).replace(path)  # closed by now: Windows moves no file that is open
    except OSError:
        raise ConnectionLostError("certificates_cannot_be_written") from None
    return str(path)


def fails_in_tls(arguments: Mapping[str, Any], *, seconds: float) -> bool:
    """Try to connect once more. Return whether the attempt reaches the server and fails during the TLS handshake.

    libpq says no more than the step, except in its message text. An untrusted certificate, one for another host,
    unreadable authorities, a server without TLS and a server that hangs up in the handshake all fail in the same step.
    libpq shows the step only while it connects, hence this second attempt.
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
