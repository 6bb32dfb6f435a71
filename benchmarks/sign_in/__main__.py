"""What each form of the credential costs a new container: to import, and until the first token of Dynamics.

    python -m benchmarks.sign_in [--containers 7]

Every container is a process of its own, against the Dataverse emulator and a local STS. Real networks add their own
time: to federation two requests to STS in the same region, to every form one to Entra.
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

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from emulators.sts.server import LocalSts

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


def main() -> None:
    """Measure every form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=7, help="how many of each form")
    asked = parser.parse_args()

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
        print(f"{'form':<12}{'import':>10}{'first token':>14}{'next token':>13}{'memory':>10}")
        for form in _FORMS:
            words = [sys.executable, "-m", "benchmarks.sign_in.container", dataverse.url, _ROLE]
            taken = [
                json.loads(
                    subprocess.run(
                        [*words, json.dumps(secrets[form])],
                        cwd=ROOT,
                        env=environment,
                        capture_output=True,
                        text=True,
                        check=True,
                    ).stdout
                )
                for _ in range(asked.containers)
            ]
            middle = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
            print(
                f"{form:<12}{middle['import'] * 1000:>7.0f} ms{middle['first token'] * 1000:>11.0f} ms"
                f"{middle['next token'] * 1000:>10.0f} ms{middle['MB']:>7.0f} MB"
            )


if __name__ == "__main__":
    main()
