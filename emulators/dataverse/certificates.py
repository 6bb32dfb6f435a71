"""A certificate for 127.0.0.1 that lives as long as the emulator, and the authority that clients have to trust for it.

The service speaks HTTPS only, and Microsoft's own SDKs refuse anything else.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.dataverse.process import Tls

if TYPE_CHECKING:
    from collections.abc import Iterator


def make(folder: Path) -> Tls:
    """Make an authority and a certificate of it in `folder`. The authority's key is kept nowhere."""
    import trustme  # noqa: PLC0415 - 60 ms that only HTTPS costs

    authority = trustme.CA(organization_name="local Dataverse emulator")
    tls = Tls(folder / "certificate.pem", folder / "authority.pem")
    tls.certificate.touch(mode=0o600)  # it holds the key
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tls.certificate)
    authority.cert_pem.write_to_path(tls.authority)
    return tls


@contextmanager
def throw_away() -> Iterator[Tls]:
    """Make them in a folder that only this user can read, and remove the folder at the end."""
    with tempfile.TemporaryDirectory(prefix="dataverse-") as folder:
        yield make(Path(folder))
