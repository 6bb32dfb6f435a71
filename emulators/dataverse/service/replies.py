"""Collections as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import paging

if TYPE_CHECKING:
    from collections.abc import Mapping


def collection(body: Mapping[str, Any], preferred: Mapping[str, str]) -> Response:
    """Return a collection as JSON, with the preferences that were followed."""
    headers = [CONTENT_TYPE, ODATA_VERSION]
    if (size := paging.page_size(preferred)) is not None:
        headers.append(("Preference-Applied", f"odata.maxpagesize={size}"))
    if "odata.track-changes" in preferred:
        headers.append(("Preference-Applied", "odata.track-changes"))
    if annotations := preferred.get("odata.include-annotations"):
        headers.append(("Preference-Applied", f'odata.include-annotations="{annotations}"'))
    return Response(200, headers, to_json(body))
