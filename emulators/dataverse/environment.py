"""All state of one environment, which every part of the emulator reads and changes."""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING

from emulators.dataverse.access.administration import Administration
from emulators.dataverse.access.protection import Protection
from emulators.dataverse.access.tokens import TokenIssuer
from emulators.dataverse.faults.faults import Faults
from emulators.dataverse.faults.journal import Journal
from emulators.dataverse.model import defaults
from emulators.dataverse.model.store import Store
from emulators.dataverse.settings import EmulatorSettings
from emulators.dataverse.website.cache import WebsiteCache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulators.dataverse.access.protection import Limits
    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.odata.shapes import Shape
    from emulators.dataverse.website.definition import WebsiteDefinition

_requested_origin: ContextVar[str] = ContextVar("requested_origin")


class Environment:
    """One environment. `url` is its address, without a slash at the end; `website` defines the page at /website."""

    def __init__(
        self,
        url: str,
        schemas: Iterable[TableSchema],
        *,
        website: WebsiteDefinition | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._url = url
        self.store = Store(schemas)
        self.tokens = TokenIssuer(url)
        self.administration = Administration()
        self.settings = EmulatorSettings()
        self.protection = Protection(limits)
        self.faults = Faults()
        self.journal = Journal()
        self.website = None if website is None else WebsiteCache(website)
        self.shapes: dict[tuple[str, str, str, str], Shape] = {}
        """The forms of one row that were asked for lately; representation.shape_of() keeps them."""
        self.affinity = f"{uuid.uuid4().hex}{uuid.uuid4().hex}"
        """Names the one web server, in the cookie by which clients stay with it."""

    @property
    def url(self) -> str:
        """Return the address by which the request under way has reached the environment; links lead there again."""
        return _requested_origin.get(self._url)

    @property
    def api_url(self) -> str:
        """Return the address of the Web API."""
        return f"{self.url}{defaults.API}"

    def serve_under(self, origin: str) -> None:
        """Use `origin` in the links of the request under way, if it is one of the environment's other addresses."""
        if origin in self.tokens.origins:
            _requested_origin.set(origin)

    def reset(self) -> None:
        """Make everything new: no rows, default credentials and settings, no faults, empty journal. The limits stay."""
        self.store.reset()
        self.tokens.reset()
        self.administration.reset()
        self.settings = EmulatorSettings()
        self.protection.reset()
        self.faults.clear()
        self.journal.reset()
        if self.website is not None:
            self.website.reset()
