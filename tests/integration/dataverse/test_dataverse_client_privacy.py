"""I11: nothing of a listing, a token or a secret is in a log, an answer or an error, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest

from shared.domain.errors import CertificationError
from tests.support.website_wire import (
    IN_USE,
    SECRET,
    ScriptedWebsite,
    WebsiteRig,
    batch,
    change,
    error,
    http,
    lost,
    part,
    token,
)

PERSONAL = ("Bjørnå", "Bj\\u00f8rn\\u00e5", "ase@example.no", "40123456", SECRET["client_secret"], "t0ken")
BODY = json.dumps({"hlf_lastname": "Bjørnå", "hlf_email": "ase@example.no", "hlf_phone": "40123456"})

FAULTS: dict[str, list[Any]] = {
    "nothing": [],
    "a row is refused": [batch(part(400, "0x80044331"))],
    "the batch is refused": [error(400, "Bjørnå")],
    "we are refused": [error(403, "0x80072560", www_authenticate="Bearer ase@example.no")],
    "the token is refused": [http(401), http(401)],
    "the reply is lost": [lost],
    "the reply is in disorder": [b"HTTP/1.1 ase@example.no\r\n\r\n"],
    "the reply holds personal data": [
        batch(part(500, "ase@example.no", set_cookie="Bjørnå")),
        http(500, "Bjørnå", set_cookie="n=40123456"),
    ],
    "a redirect": [http(302, location="https://ase@example.no/40123456")],
    "to wait": [error(429, retry_after="ase@example.no")],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("entra", ["well", "refuses", "lost"])
def test_nothing_personal_is_logged_or_raised_at_debug_i11(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], fault: Any, entra: str
) -> None:
    """I11: Nothing personal and no secret is logged or raised even at debug."""
    caplog.set_level(logging.DEBUG)
    said = []
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        refused = http(401, '{"error": "invalid_client", "error_description": "s3cret", "error_codes": ["40123456"]}')
        replies: dict[str, Any] = {"well": token("t0ken"), "refuses": refused, "lost": lost}
        site.token_replies += [replies[entra]] * 9
        for ask in (
            lambda: rig.push(change(body=BODY), change(2, mentor_id=f"{PERSONAL[2]}/")),
            lambda: rig.website().read([change(body=BODY)]),
            lambda: rig.website().check(IN_USE),
        ):
            site.replies += FAULTS[fault]
            try:
                said.append(repr(ask()))
            except CertificationError as failure:
                said += [repr(failure), *traceback.format_exception(failure)]
            site.replies.clear()
            rig.backoff.wait = 0.0
        assert site.asked or entra != "well"
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    printed = capfd.readouterr()
    everything = "".join([*said, logged, printed.out, printed.err, str(rig.backoff.blocked)])
    assert [word for word in PERSONAL if word in everything] == []


def test_httpx_says_nothing_below_a_warning_i11(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        rig.push(change())
    assert [record.name for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []
