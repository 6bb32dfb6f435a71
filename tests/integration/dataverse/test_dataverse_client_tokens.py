"""Signing in: one token a container, renewed before it ends; the secret is read again once when it is refused (I10)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from shared.adapters.dataverse.origin import Origin
from shared.adapters.dataverse.sign_in.tokens import Tokens
from shared.domain.errors import (
    ConnectionLostError,
    SecretMalformedError,
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteUnavailableError,
)
from shared.domain.listings import Accepted, ListingTable, NotNow
from tests.support.there import there
from tests.support.website_wire import (
    IN_USE,
    KEY,
    SECRET,
    TABLE,
    ScriptedWebsite,
    WebsiteRig,
    accept_all,
    batch,
    change,
    changes,
    error,
    http,
    lost,
    part,
    shown,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_SECRET = SECRET | {"client_secret": "n3w & secret=+%"}


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


def refusal(status, word, number=None):
    """As Entra writes it; the description holds what must not be passed on."""
    numbers = f'"error_codes": [{number}],' if number else ""
    body = f'{{"error": "{word}", {numbers} "error_description": "AADSTS{number}: s3cret of ase@example.no"}}'
    return http(status, body, content_type="application/json")


def test_a_token_is_asked_for_once_and_used_for_everything(rig: WebsiteRig) -> None:
    """A token is asked for once by client credentials and used for everything."""
    assert rig.push(*changes(5), size=1, parallel=4) == [Accepted()] * 5
    shown(rig.website(), changes(1))
    (asked,) = rig.site.tokens_asked
    assert (asked.method, asked.target) == ("POST", "/tenant/oauth2/v2.0/token")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": ["s3cret"],
        "scope": [f"{rig.site.url}/.default"],
    }
    assert {one.headers["authorization"] for one in rig.site.asked} == {"Bearer token-1"}
    assert "authorization" not in asked.headers
    assert rig.secrets.reads == [False]


def test_many_threads_that_need_a_token_ask_for_one(rig: WebsiteRig) -> None:
    def slowly(*_):
        time.sleep(0.1)
        return token()

    rig.site.token_replies.append(slowly)
    rig.push(*changes(8), size=1, parallel=8)
    assert len(rig.site.tokens_asked) == 1


@pytest.fixture
def clock() -> Any:
    return [1_000_000.0]


@pytest.fixture
def tokens(rig: WebsiteRig, clock: Any) -> Tokens:
    site = Origin.configured("test", rig.site.url)
    return Tokens(rig.service._client, site, "scope", rig.secrets, clock=lambda: clock[0])


def test_a_token_is_renewed_five_to_six_minutes_before_it_ends(rig: WebsiteRig, tokens: Tokens, clock: Any) -> None:
    for number in range(5):
        rig.site.token_replies += [token(f"old-{number}", 3600), token(f"new-{number}", 3600)]
        assert tokens.renewed(None, 10) == f"old-{number}"
        clock[0] += 3600 - 361
        assert tokens.token(10) == f"old-{number}"
        clock[0] += 62
        assert tokens.token(10) == f"new-{number}"


def test_not_all_containers_renew_in_the_same_second(rig: WebsiteRig, tokens: Tokens) -> None:
    rig.site.token_replies += [token(expires_in=3600)] * 20
    moments = set()
    for _ in range(20):
        tokens.renewed(None, 10)
        moments.add(there(tokens._kept).renew_at)
    assert len(moments) > 10


def test_a_short_token_is_used_for_half_its_time(rig: WebsiteRig, tokens: Tokens, clock: Any) -> None:
    rig.site.token_replies += [token("short", "10"), token("next")]
    assert tokens.token(10) == "short"
    clock[0] += 4.9
    assert tokens.token(10) == "short"
    clock[0] += 0.2
    assert tokens.token(10) == "next"


@pytest.mark.parametrize("fault", [http(503), lost, http(200, "<html>"), refusal(400, "temporarily_unavailable")])
def test_a_token_that_still_lasts_outlives_a_fault_of_entra(
    rig: WebsiteRig, tokens: Tokens, clock: Any, fault: Any
) -> None:
    rig.site.token_replies += [token("old", 3600), fault, fault, fault, token("new")]
    tokens.token(10)
    clock[0] += 3600 - 290
    assert tokens.token(10) == "old"
    assert tokens.token(10) == "old"
    assert len(rig.site.tokens_asked) == 2, "asked again too soon"
    clock[0] += 31
    assert tokens.token(10) == "old"
    assert len(rig.site.tokens_asked) == 3
    clock[0] += 3600
    with pytest.raises(WebsiteUnavailableError):
        tokens.token(10)
    clock[0] += 3.1
    assert tokens.token(10) == "new"


def test_a_secret_that_ended_is_an_alert_in_that_run_i10(rig: WebsiteRig, tokens: Tokens, clock: Any) -> None:
    """I10: A secret that ended is an alert in the run that sees it, also while the token lasts."""
    rig.site.token_replies += [token("old", 3600), refusal(401, "invalid_client", 7000222)]
    tokens.token(10)
    clock[0] += 3600 - 290
    with pytest.raises(WebsiteAuthError, match=r"^entra_7000222$"):
        tokens.token(10)


# A refused token


def test_on_401_the_secret_is_read_and_the_request_repeated(rig: WebsiteRig) -> None:
    """On 401 the secret is read again once and the request sent once more."""
    rig.secrets.fresh = NEW_SECRET
    rig.site.replies += [http(401), accept_all]
    rig.site.token_replies += [token("old"), token("new")]
    assert rig.push(*changes(2)) == [Accepted()] * 2
    assert [one.headers["authorization"] for one in rig.site.asked] == ["Bearer old", "Bearer new"]
    assert rig.site.asked[0].body.split(b"\r\n", 1)[1] == rig.site.asked[1].body.split(b"\r\n", 1)[1]
    assert rig.secrets.reads == [False, True]
    assert parse_qs(rig.site.tokens_asked[1].body.decode())["client_secret"] == ["n3w & secret=+%"]


def test_a_second_401_is_an_alert_and_nothing_more_is_sent_i10(rig: WebsiteRig) -> None:
    rig.site.replies += [accept_all, http(401), error(401, "0x80048306"), accept_all]
    with pytest.raises(WebsiteAuthError) as raised:
        rig.push(*changes(6), size=2)
    assert raised.value.code == "dataverse_401_0x80048306"
    assert raised.value.outcomes == [Accepted()] * 2 + [NotNow("dataverse_401_0x80048306")] * 4
    assert (len(rig.site.asked), len(rig.site.tokens_asked)) == (3, 2)


def test_threads_that_are_refused_together_renew_the_token_once(rig: WebsiteRig) -> None:
    both = threading.Barrier(2, timeout=5)

    def together(*_):
        both.wait()
        return http(401)

    rig.site.replies += [together, together]
    rig.site.token_replies += [token("old"), token("new")]
    assert rig.push(*changes(2), size=1, parallel=2) == [Accepted()] * 2
    assert len(rig.site.tokens_asked) == 2


def test_a_rotated_secret_is_found_when_the_cached_is_refused(rig: WebsiteRig) -> None:
    """A rotated secret is found when Entra refuses the one in the cache."""
    rig.secrets.fresh = NEW_SECRET
    rig.site.token_replies.append(refusal(401, "invalid_client", 7000215))
    assert rig.push(change()) == [Accepted()]
    assert rig.secrets.reads == [False, True]
    assert len(rig.site.tokens_asked) == 2


def test_a_refused_secret_is_not_tried_twice_i10(rig: WebsiteRig) -> None:
    """I10: A refused secret that is still the same is not tried twice."""
    rig.site.token_replies += [refusal(401, "invalid_client", 7000215)] * 2
    with pytest.raises(WebsiteAuthError, match=r"^entra_7000215$") as raised:
        rig.push(*changes(3))
    assert raised.value.outcomes == [NotNow("entra_7000215")] * 3
    assert rig.secrets.reads == [False, True]
    assert (len(rig.site.tokens_asked), rig.site.asked) == (1, [])


@pytest.mark.parametrize(
    ("response", "kind"),
    [(refusal(401, "invalid_client", 7000222), WebsiteAuthError), (http(503), WebsiteUnavailableError)],
)
def test_entra_is_not_asked_the_same_again_in_a_row(
    rig: WebsiteRig, tokens: Tokens, clock: Any, response: Any, kind: Any
) -> None:
    """Threads and retries hear the same; a moment later, and in a health check, it is asked anew."""
    rig.site.token_replies += [response] * 3
    for _ in range(4):
        with pytest.raises(kind, match=r"^entra_(7000222|503)$"):
            tokens.token(10)
    assert len(rig.site.tokens_asked) == 1
    with pytest.raises(kind):
        tokens.renewed(None, 10)
    assert len(rig.site.tokens_asked) == 2
    clock[0] += 9.9 if kind is WebsiteAuthError else 2.9
    with pytest.raises(kind):
        tokens.token(10)
    assert len(rig.site.tokens_asked) == 2
    clock[0] += 0.2
    with pytest.raises(kind):
        tokens.token(10)
    assert tokens.renewed(None, 10) == tokens.token(10) == "token-1"
    assert len(rig.site.tokens_asked) == 4


def test_a_replaced_secret_is_asked_with_at_once(rig: WebsiteRig, tokens: Tokens) -> None:
    """A secret that was replaced is asked with at once, though the old one was just refused."""
    rig.site.token_replies.append(refusal(401, "invalid_client", 7000215))
    with pytest.raises(WebsiteAuthError):
        tokens.token(10)
    rig.secrets.fresh = NEW_SECRET
    assert tokens.token(10) == "token-1"


# What Entra answers


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (refusal(401, "invalid_client", 7000215), "entra_7000215"),
        (refusal(401, "invalid_client", 7000222), "entra_7000222"),
        (refusal(400, "unauthorized_client", 700016), "entra_700016"),
        (refusal(400, "invalid_request", 90002), "entra_90002"),
        (refusal(400, "invalid_scope", 70011), "entra_70011"),
        (refusal(401, "invalid_client"), "entra_invalid_client"),
        (refusal(400, "ase@example.no"), "entra_400"),
        (http(403, "<html>"), "entra_403"),
        (http(302, location="https://elsewhere.example/"), "entra_302"),
    ],
)
def test_a_refusal_of_entra_is_an_alert_without_its_text_i10_i11(rig: WebsiteRig, response: Any, code: str) -> None:
    """I10, I11: A refusal of Entra is an alert with its number or word and none of its text."""
    rig.site.token_replies += [response, response]
    with pytest.raises(WebsiteAuthError) as raised:
        rig.push(change())
    assert (raised.value.code, str(raised.value), raised.value.args) == (code, code, (code,))
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (http(500), "entra_500"),
        (refusal(503, "temporarily_unavailable", 90006), "entra_503"),
        (refusal(400, "temporarily_unavailable", 90024), "entra_400"),
        (refusal(400, "server_error"), "entra_400"),
        (lost, "entra_RemoteProtocolError"),
        (http(200, "{}"), "entra_200_without_a_token"),
        (http(200, "[]"), "entra_200_without_a_token"),
        (token(""), "entra_200_without_a_token"),
        (token("two\r\nlines"), "entra_200_without_a_token"),
        (token(expires_in=None), "entra_200_without_a_token"),
        (token(expires_in="nan"), "entra_200_without_a_token"),
        (token(expires_in=-5), "entra_200_without_a_token"),
        (token(token_type="mac"), "entra_200_without_a_token"),
    ],
)
def test_a_fault_of_entra_means_not_now(rig: WebsiteRig, response: Any, reason: str) -> None:
    rig.site.token_replies.append(response)
    assert rig.push(*changes(2)) == [NotNow(reason)] * 2
    assert rig.site.asked == []
    rig.service.tokens._clock = lambda: time.time() + 3.1
    assert rig.push(change()) == [Accepted()]


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ({}, "secret_has_no_tenant_id"),
        (SECRET | {"tenant_id": "a/b"}, "secret_has_no_tenant_id"),
        (SECRET | {"tenant_id": "@elsewhere.example/"}, "secret_has_no_tenant_id"),
        (SECRET | {"client_id": ""}, "secret_has_no_client_id"),
        (SECRET | {"client_secret": 7}, "secret_has_no_client_secret"),
    ],
)
def test_an_incomplete_secret_is_an_alert_i10(rig: WebsiteRig, secret: Any, code: str) -> None:
    rig.secrets.cached = secret
    with pytest.raises(WebsiteAuthError, match=f"^{code}$"):
        rig.push(change())
    assert rig.secrets.reads == [False, True]
    assert rig.site.tokens_asked == []


def test_a_secret_that_was_completed_is_found(rig: WebsiteRig) -> None:
    rig.secrets.cached, rig.secrets.fresh = {}, SECRET
    assert rig.push(change()) == [Accepted()]


def test_a_secret_that_cannot_be_read_for_now_means_not_now(rig: WebsiteRig) -> None:
    def unreadable(_):
        raise ConnectionLostError("secret_cannot_be_read")

    rig.service.tokens._read_secret = unreadable
    assert rig.push(change()) == [NotNow("secret_cannot_be_read")]


def test_a_secret_that_is_not_json_is_an_alert_i10(rig: WebsiteRig) -> None:
    def malformed(_):
        raise SecretMalformedError("secret_is_not_json")

    rig.service.tokens._read_secret = malformed
    with pytest.raises(WebsiteAuthError, match=r"^secret_is_not_json$"):
        rig.push(change())


def test_more_keys_in_the_secret_do_no_harm(rig: WebsiteRig) -> None:
    rig.secrets.cached = SECRET | {"ends_on": "2027-01-01"}
    assert rig.push(change()) == [Accepted()]


# The health check


def test_a_check_signs_in_anew_and_reads_no_personal_data_i10(rig: WebsiteRig) -> None:
    """I10: A check signs in by the secret as it is now and reads no personal data."""
    rig.push(change())
    rig.site.replies += [http(200, '{"UserId": "x"}'), http(200, '{"value": []}'), batch(part(404, "0x80060891"))]
    assert rig.website().check(IN_USE) == {}
    who, table, probe = rig.site.asked[1:]
    assert (who.method, who.target) == ("GET", "/api/data/v9.2/WhoAmI")
    assert (table.method, table.target) == ("GET", f"/api/data/v9.2/{TABLE}?$select=createdon&$top=1")
    (operation,) = probe.operations
    assert operation == (
        b"PATCH /api/data/v9.2/hlf_peermentors(hlf_mentorid='00000000-0000-0000-0000-000000000000')"
        b"?$select=hlf_mentorid HTTP/1.1\r\nContent-Type: application/json\r\nPrefer: return=representation\r\n"
        b"If-Match: *\r\n\r\n{}"
    ), "it can create nothing (I8)"
    assert rig.secrets.reads == [False, True]
    assert len(rig.site.tokens_asked) == 2


def test_a_check_reads_a_refused_secret_no_second_time(rig: WebsiteRig) -> None:
    rig.site.token_replies.append(refusal(401, "invalid_client", 7000222))
    with pytest.raises(WebsiteAuthError, match=r"^entra_7000222$"):
        rig.website().check(IN_USE)
    assert (rig.secrets.reads, len(rig.site.tokens_asked)) == ([True], 1)


def test_a_check_without_a_table_asks_only_who_we_are(rig: WebsiteRig) -> None:
    rig.website().check([])
    assert [one.target for one in rig.site.asked] == ["/api/data/v9.2/WhoAmI"]


@pytest.mark.parametrize(
    ("responses", "kind", "code"),
    [
        ([http(401), http(401)], WebsiteAuthError, "dataverse_401"),
        ([error(403, "0x80072560")], WebsiteAuthError, "dataverse_403_0x80072560"),
        ([accept_all, error(403, "0x80040220")], WebsiteAuthError, "dataverse_403_0x80040220"),
        ([error(400, "0x8004A104")], WebsiteAuthError, "dataverse_400_0x8004a104"),
        ([http(503)], WebsiteUnavailableError, "dataverse_503"),
        ([lost], WebsiteUnavailableError, "dataverse_RemoteProtocolError"),
        ([accept_all, error(404, "0x8006088a")], WebsiteMisconfiguredError, "dataverse_404_0x8006088a"),
        ([http(302, location="https://login.example/")], WebsiteMisconfiguredError, "dataverse_302"),
        ([http(204)], WebsiteMisconfiguredError, "dataverse_204"),
        ([accept_all] * 2 + [batch(part(403, "0x80040220"))], WebsiteAuthError, "dataverse_403_0x80040220"),
        ([accept_all] * 2 + [batch(part(404, "0x8006088a"))], WebsiteMisconfiguredError, "dataverse_404_0x8006088a"),
        ([accept_all] * 2 + [batch(part(500))], WebsiteUnavailableError, "dataverse_500"),
        ([accept_all] * 2 + [error(403, "0x80072560")], WebsiteAuthError, "dataverse_403_0x80072560"),
        ([accept_all] * 2 + [error(400, "0x0")], WebsiteMisconfiguredError, "dataverse_400_0x0"),
        ([accept_all] * 2 + [error(429, retry_after="9")], WebsiteBackoffError, "dataverse_429_0x80040216"),
    ],
)
def test_a_check_raises_what_is_wrong_i10(rig: WebsiteRig, responses: Any, kind: Any, code: str) -> None:
    rig.site.replies += responses
    with pytest.raises(kind, match=f"^{code}$") as raised:
        rig.website().check(IN_USE)
    assert type(raised.value) is kind or kind is WebsiteUnavailableError


def test_a_check_tells_a_closed_table_from_a_closed_website_i13(rig: WebsiteRig) -> None:
    """I13: A check distinguishes a table that is closed to us from a website that is."""
    tables = [ListingTable(name, KEY) for name in ("a", "b", "c")]
    ok, forbidden = http(200, "{}"), error(403, "0x80040220")
    rig.site.replies += [ok, ok, forbidden, ok, batch(part(404), part(403, "0x80040220"))]
    assert rig.website().check(tables) == {"b": "dataverse_403_0x80040220", "c": "dataverse_403_0x80040220"}
    assert [rig.site.asked[-1].operations[n].split(b"(")[0][-1:] for n in (0, 1)] == [b"a", b"c"]
    rig.site.replies += [ok, forbidden, forbidden, forbidden]
    with pytest.raises(WebsiteAuthError, match=r"^dataverse_403_0x80040220$"):
        rig.website().check(tables)


def test_a_wait_for_their_fault_is_told_from_one_for_our_load(rig: WebsiteRig) -> None:
    """A wait for a fault of theirs is distinguished from one for asking much."""
    for status, server_fault in ((503, True), (429, False)):
        rig.site.replies.append(http(status, retry_after="7"))
        with pytest.raises(WebsiteBackoffError) as raised:
            rig.website().check(IN_USE)
        assert (raised.value.seconds, raised.value.server_fault) == (7.0, server_fault)
        rig.backoff.wait = 0.0


def test_a_check_of_no_table_asks_nothing_about_it(rig: WebsiteRig) -> None:
    """A check of a name that is no table asks nothing about it."""
    with pytest.raises(WebsiteMisconfiguredError, match=r"^table_not_an_identifier$"):
        rig.website().check([ListingTable("hlf_peermentors?$select=x", KEY)])
    assert [one.target for one in rig.site.asked] == ["/api/data/v9.2/WhoAmI"]
