"""What each form of the credential costs a new container: to import, and until the first token of Dynamics.

    python -m benchmarks.sign_in [--containers 7] [--write]

Every container is a process of its own, against the Dataverse emulator and a local STS. Real networks add their own
time: to federation two requests to STS in the same region, to every form one to Entra. Ends with lines
`figure NAME VALUE`. `--write` puts them and the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console
from rich.table import Table

from benchmarks.aims import print_figures, with_aims
from benchmarks.document import write_figures
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from emulators.sts.server import LocalSts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
_ROLE = "arn:aws:iam::000000000000:role/website"
_FORMS = ("secret", "federation", "certificate")


def _own_certificate() -> tuple[str, str]:
    """Return a certificate that signs itself, and its key, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name, now = x509.Name([]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), private.decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every form, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=7, help="how many of each form")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    console = Console(width=110)
    found = _measure(options.containers)
    table = Table("form", "to import", "first token", "next token", "memory")
    for form, one in found.items():
        times = [f"{one[name] * 1000:,.0f} ms" for name in ("import", "first token", "next token")]
        table.add_row(form, *times, f"{one['MB']:.0f} MB")
    console.print(table)
    figures = {
        f"sign_in_{name.replace(' ', '_')}_ms_{form}": one[name] * 1000
        for form, one in found.items()
        for name in ("import", "first token", "next token")
    } | {f"sign_in_mb_{form}": one["MB"] for form, one in found.items()}
    print_figures(console, figures)
    if options.write:
        how = f"Medians of {options.containers} new processes of each form, in turn."
        write_figures("bench-sign-in figures", "make bench-sign-in", with_aims(figures), how, [table])
    return 0


def _measure(containers: int) -> Mapping[str, Mapping[str, float]]:
    """Return the medians of each form: seconds, and megabytes."""
    certificate, private_key = _own_certificate()
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalDataverse(Path(folder)) as dataverse,
        LocalSts() as sts,
        EmulatorControl(dataverse.url) as control,
    ):
        sts.allow(_ROLE)
        control.trust(sts.issuer, _ROLE)
        control.add_certificate(certificate)
        ids = {"tenant_id": dataverse.tenant_id, "client_id": dataverse.client_id}
        secrets = {
            "secret": {**ids, "client_secret": dataverse.client_secret},
            "federation": {**ids, "federation": "aws"},
            "certificate": {**ids, "certificate": certificate, "private_key": private_key},
        }
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL_STS": sts.url,
        }
        taken: dict[str, list[dict[str, float]]] = {form: [] for form in _FORMS}
        for _ in range(containers):
            # The forms take turns, so that other load on the machine affects all of them.
            for form in _FORMS:
                words = [sys.executable, "-m", "benchmarks.sign_in.container", dataverse.url, _ROLE]
                words.append(json.dumps(secrets[form]))
                done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
                taken[form].append(json.loads(done.stdout))
    return {
        form: {name: statistics.median(one[name] for one in some) for name in some[0]} for form, some in taken.items()
    }


if __name__ == "__main__":
    sys.exit(main())
