"""Make passwords, and the verifiers by which PostgreSQL knows them."""

from __future__ import annotations

import secrets

from psycopg.pq import PGconn


def new_password() -> str:
    """Return a random password of 256 bits, without a character that a shell or a URL reads in its own way."""
    return secrets.token_urlsafe(32)


def new_webhook_key() -> str:
    """Return a random key of 64 hexadecimal digits."""
    return secrets.token_hex(32)


def verifier(login: str, password: str) -> str:
    """Return the SCRAM-SHA-256 verifier, which is made here: the password itself never reaches the server or its log.

    libpq makes it, and needs no connection for that, because the algorithm is named.
    """
    unconnected = PGconn.connect_start(b"no address")
    try:
        return unconnected.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    finally:
        unconnected.finish()
