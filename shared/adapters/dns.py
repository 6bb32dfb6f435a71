"""The DMARC record of a domain, as recipients' servers look it up.

https://www.rfc-editor.org/rfc/rfc7489#section-6.6.3
"""

from __future__ import annotations

from typing import Final

import dns.exception
import dns.resolver

from shared.domain.errors import OperationsUnreachableError

_SECONDS: Final = 4.0
"""For all servers and tries of one name."""


def resolver(server: str = "") -> dns.resolver.Resolver:
    """Return a resolver of the system's name servers, or of the one at `server` (host:port). Raises DNSException."""
    made = dns.resolver.Resolver(configure=not server)
    if server:
        host, _, port = server.rpartition(":")
        made.nameservers, made.port = [host], int(port)
    made.lifetime = _SECONDS
    return made


def texts_of(name: str, server: str = "") -> tuple[str, ...]:
    """Return the TXT records of a name, none if there is no such name. Raises OperationsUnreachableError."""
    try:
        found = resolver(server).resolve(name, "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise OperationsUnreachableError(f"dns_{type(error).__name__}") from None
    return tuple(b"".join(record.strings).decode("ascii", "replace") for record in found)
