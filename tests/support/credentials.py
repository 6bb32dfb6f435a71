"""Health checks as scheduled functions make them: the use case on the real adapters, under a function's own login."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.sign_in.certificate import last_day, signed_assertion
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.domain.credentials.credential import PendingSecret
from shared.use_cases.check_credential import check_credential

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.domain.credentials.credential import Health
    from tests.support.syncs import CountedSecret, EmulatedWebsite


class Checker:
    """One scheduled function. `pending_version` is the next version of the secret, or what reading it raises; a text
    is one that is not a JSON object.

    It has a connection, a token and a client of its own. A context manager.
    """

    def __init__(self, login: Mapping[str, Any], site: EmulatedWebsite, secret: CountedSecret) -> None:
        self.site = site
        self._open = ExitStack()
        connection = self._open.enter_context(connect(lambda _: login))
        self.listings = PostgresListings(connection)
        self.state = PostgresSyncState(connection)
        self.secret = secret
        self.pending_version: Mapping[str, Any] | str | Exception | None = None
        self._service = self._open.enter_context(closing(Service(site.url, site.url, secret, sign=signed_assertion)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def current(self) -> Mapping[str, Any]:
        return self.secret(False)

    def pending(self) -> PendingSecret | None:
        if isinstance(self.pending_version, Exception):
            raise self.pending_version
        if self.pending_version is None:
            return None
        value = self.pending_version
        return PendingSecret("version-1", None if isinstance(value, str) else value)

    def __call__(self) -> Health:
        return check_credential(
            website=self._website(self._service),
            examiner_of=self._examiner_of,
            listings=self.listings,
            state=self.state,
            secrets=self,
            certificate_end=last_day,
        )

    @contextmanager
    def _examiner_of(self, secret: Mapping[str, Any]) -> Iterator[DataverseExaminer]:
        with closing(Service(self.site.url, self.site.url, lambda _: secret)) as service:
            yield DataverseExaminer(service, self.state, time_left=lambda: 20.0)

    def _website(self, service: Service) -> DataverseWebsite:
        return DataverseWebsite(service, self.state, time_left=lambda: 20.0, batch_size=100, parallel=1)
