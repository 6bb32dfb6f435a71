"""One new container of dynamics_sync: what it imports, and its first two tokens. A process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import closing


def container(url: str, role: str, secret: str) -> None:
    """Be one container: import what dynamics_sync imports, sign in, and print what it took."""
    began = time.perf_counter()
    import functions.dynamics_sync  # noqa: F401, PLC0415
    from shared.adapters.aws.identity_tokens import AwsIdentityTokens  # noqa: PLC0415
    from shared.adapters.dataverse.service import Service  # noqa: PLC0415
    from shared.adapters.dataverse.sign_in.certificate import signed_assertion  # noqa: PLC0415

    imported = time.perf_counter()
    value = json.loads(secret)
    with closing(
        Service(url, url, lambda _: value, AwsIdentityTokens(role, "eu-north-1"), signed_assertion)
    ) as service:
        service.tokens.token(15.0)
        first = time.perf_counter()
        service.tokens.renewed(None, 15.0)
        second = time.perf_counter()
    print(
        json.dumps(
            {
                "import": imported - began,
                "first token": first - imported,
                "next token": second - first,
                "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    container(*sys.argv[1:])
