"""The memory of the function itself: the real ExpiryCheck of template.yaml, in a process as in Lambda."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from benchmarks.nightly.database import COPY, fresh_copy
from emulators.dataverse.process import LocalDataverse
from emulators.lambda_host.template.provision import local_clients, provision
from local.stack import database
from local.stack.aws import REGION, LocalAws
from local.stack.dataverse import TABLES
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.stack import endpoints

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from local.stack.postgres import Postgres


class RunUnfinishedError(Exception):
    """Raised when the function did not finish its nightly check, which makes its memory figure meaningless."""


def peak_memory_mb(postgres: Postgres, folder: Path, source: str, as_of: date) -> int:
    """Return the peak resident memory of the function's process.

    It runs the nightly check of `as_of` on a fresh copy of `source`.
    """
    with LocalAws(folder) as aws, LocalDataverse(folder, schema=TABLES) as website, fresh_copy(postgres, source):
        clients = local_clients(aws.url, REGION)
        stack = provision(local_template(region=REGION), clients, website_at(website.url))
        for name, secret in {
            "ExpiryCheckDatabaseSecret": database.make_login(postgres, "ExpiryCheck", COPY),
            # The nightly check first tries our access to the website.
            "DataverseSecret": {
                "tenant_id": website.tenant_id,
                "client_id": website.client_id,
                "client_secret": website.client_secret,
                "client_secret_expires_on": (as_of + timedelta(days=365)).isoformat(),
            },
        }.items():
            clients.secretsmanager.put_secret_value(SecretId=stack.physical_id(name), SecretString=json.dumps(secret))
        scheduled = datetime.combine(as_of - timedelta(days=1), time(23, 15), UTC)  # 00:15 in Oslo, in winter
        with function_host(stack, endpoints(aws.url, aws.url)) as host:
            invocation = host.invoke("ExpiryCheck", {"scheduled_time": scheduled.isoformat()})
    if invocation.function_error or invocation.payload["state"] != "succeeded" or not invocation.max_memory_mb:
        raise RunUnfinishedError(f"ExpiryCheck did not succeed: {invocation.payload}")
    return invocation.max_memory_mb
