"""The website in Dataverse."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.identity_tokens import AwsIdentityTokens
from shared.adapters.aws.secrets import read_secret
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.sign_in.certificate import signed_assertion
from shared.adapters.dataverse.website import DataverseWebsite
from shared.settings import settings, website_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.ports import Backoff, Website

# The time to record the last reply before the function's time is up.
SECONDS_TO_SETTLE = 5.0


@cache
def website_service() -> Service:
    """Return the container's service, whose token and connections outlive an invocation."""
    return service_signed_in_by(partial(_secret, website_settings().secret_arn, settings().region))


def service_signed_in_by(read: Callable[[bool], Mapping[str, Any]]) -> Service:
    """Return a separate service, signed in by the secret that `read(fresh)` returns."""
    dataverse = website_settings()
    identity = AwsIdentityTokens(dataverse.identity_role_arn, settings().region)
    return Service(dataverse.url, dataverse.authority, read, identity, signed_assertion)


def website(backoff: Backoff, time_left: Callable[[], float], *, parallel: int) -> Website:
    """Return the website. `time_left`: the seconds in which requests may still be under way."""
    return DataverseWebsite(
        website_service(), backoff, time_left=time_left, batch_size=website_settings().batch_size, parallel=parallel
    )


def _secret(arn: str, region: str, fresh: bool) -> Mapping[str, Any]:
    return read_secret(arn, region, fresh=fresh)
