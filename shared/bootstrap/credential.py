"""The health check of the website's credential."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.secrets import SecretVersions
from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.sign_in.certificate import last_day
from shared.bootstrap.website import service_signed_in_by, website
from shared.settings import settings, website_settings
from shared.use_cases import check_credential as use_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.domain.credentials.credential import Health
    from shared.ports import CredentialExaminer, Listings, SyncState

# A website that hangs must not use up the nightly check.
_SECONDS = 45.0


def check_credential(listings: Listings, state: SyncState) -> Health:
    """Check whether Dataverse authorises us, with the secret in use and with the pending one. Take at most 45 seconds.

    Raises SettingsError, and the errors of the database.
    """
    dataverse = website_settings()
    until = time.monotonic() + _SECONDS

    def time_left() -> float:
        return until - time.monotonic()

    @contextmanager
    def examiner_of(secret: Mapping[str, Any]) -> Iterator[CredentialExaminer]:
        with closing(service_signed_in_by(lambda _: secret)) as service:
            yield DataverseExaminer(service, state, time_left=time_left)

    return use_case.check_credential(
        website=website(state, time_left, parallel=dataverse.parallel),
        examiner_of=examiner_of,
        listings=listings,
        state=state,
        secrets=SecretVersions(dataverse.secret_arn, settings().region),
        certificate_end=last_day,
    )
