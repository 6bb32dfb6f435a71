"""The floor of a comparison: read the same pages and discard them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks.reconcile.site import TABLE
from shared.adapters.dataverse.keys import API

if TYPE_CHECKING:
    from emulators.dataverse.process import LocalDataverse

_LINK: Final = b'"@odata.nextLink":'
_COLUMNS: Final = (
    "hlf_mentorid,hlf_area,hlf_email,hlf_firstname,hlf_lastname,hlf_name,hlf_organisation,hlf_phone,"
    "statecode,statuscode"
)


def page_to_nowhere(dataverse: LocalDataverse, token: str) -> tuple[float, int]:
    """Read page after page, parse only the link to the next, and return the seconds and the number of pages."""
    headers = {"authorization": f"Bearer {token}", "prefer": "odata.maxpagesize=5000"}
    with httpx.Client(trust_env=False, headers=headers, timeout=30) as client:
        url, pages = f"{dataverse.url}{API}{TABLE}?$select={_COLUMNS}", 0
        client.get(f"{dataverse.url}{API}WhoAmI").raise_for_status()  # opens the connection
        began = time.perf_counter()
        while url:
            body = client.get(url).raise_for_status().content
            pages += 1
            at = body.rfind(_LINK)
            url = json.loads(body[at + len(_LINK) : -1]) if at >= 0 else ""
        return time.perf_counter() - began, pages


def token_for(dataverse: LocalDataverse) -> str:
    """Return a token as the function gets one."""
    form = {
        "grant_type": "client_credentials",
        "client_id": dataverse.client_id,
        "client_secret": dataverse.client_secret,
        "scope": f"{dataverse.url}/.default",
    }
    return str(httpx.post(dataverse.token_url, data=form).raise_for_status().json()["access_token"])
