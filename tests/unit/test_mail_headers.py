"""Whatever a person or an organisation is called, a mail has one sender and one recipient (I13)."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.email.mailboxes import is_sendable
from shared.adapters.email.mime import Sender, compose, from_mailbox
from shared.domain.errors import UnusableAddressError
from shared.domain.mail.addresses import deliverable_address, readable_name, usable_address
from shared.domain.mail.notices import Locale, Notice, NoticeKind
from tests.support.there import there

AT = datetime(2026, 12, 17, 9, 0, tzinfo=UTC)
SENDER = Sender("ikke-svar@hlf.example")
RECIPIENT, REPLIES = "kari@example.no", "oyvind@hlf.example.no"

NAMES = [
    "Nordmann, Kari " + "x" * 77,
    "x" * 45 + ", " + "y" * 45,
    "Å" * 45 + ", " + "ø" * 45,
    "Kari, ola@example.no, Per <per@example.no>",
    "=?utf-8?q?Kari=2C_ola=40example=2Eno=2C?=",
    "=?utf-8?b?S2FyaSwgb2xhQGV4YW1wbGUubm8s?= Nordmann",
    "=?iso-8859-1?q?=0D=0ABcc=3A_ola=40example=2Eno?=",
    "=?",
    "Kari\r\nBcc: ola@example.no",
    "Kari\r\n\r\nHei",
    'Kari "Kaia" Moe',
    '"',
    "\\",
    "Kari \\",
    "Kari (Kaia) [Moe]",
    "(",
    "<",
    "ola@example.no",
    "Venner: ola@example.no;",
    ";",
    ",",
    ",,,,,",
    "@",
    "x" * 92,
    "x" * 5000,
    "Å" * 5000,
    "Kari Nordmann, " * 400,
    "👩🏽‍🚀" * 40,
    "שלום, עולם",
    "مريم " * 30,
    "Kari \u202emraN",
    "\u200b\u200d\ufeff",
    "\ud800\x00\x1f",
    "Z" + "\u0301" * 900,
    " ",
    "",
]


def notice(**changes):
    known: dict[str, Any] = {
        "id": 4711,
        "kind": NoticeKind.REMINDER,
        "locale": Locale.NB,
        "organisation_name": "Hørselsforbundet",
        "recipient_name": "Kari",
        "recipient_address": RECIPIENT,
        "expires_on": date(2026, 12, 31),
        "days_left": 14,
        "contact_name": "Øyvind",
        "contact_email": REPLIES,
    }
    return Notice(**(known | changes))


def mailboxes(raw, header):
    """What two readers of the standard library find in it: the octets are given to each as they travel."""
    message = message_from_bytes(raw, policy=SMTP)
    (found,) = there(message.get_all(header))
    legacy = getaddresses([message_from_bytes(raw)[header]], strict=True)
    assert [address for _, address in legacy] == [one.addr_spec for one in found.addresses]
    assert not found.defects
    return [one.addr_spec for one in found.addresses]


@pytest.mark.parametrize("whose", ["recipient_name", "organisation_name", "contact_name"])
@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))
def test_a_name_never_makes_a_second_mailbox(whose: str, name: Any) -> None:
    """Exactly one in From, To and Reply-To, of the address that was meant; no illegal line."""
    raw = compose(notice(**{whose: name}), SENDER, AT)
    assert mailboxes(raw, "To") == [RECIPIENT]
    assert mailboxes(raw, "From") == [SENDER.address]
    assert mailboxes(raw, "Reply-To") == [REPLIES]
    assert message_from_bytes(raw).keys() == message_from_bytes(compose(notice(), SENDER, AT)).keys()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert is_sendable(raw, {"From": SENDER.address, "To": RECIPIENT, "Reply-To": REPLIES})


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))
def test_the_from_for_ses_is_one_mailbox(name: Any) -> None:
    """SES reads FromEmailAddress as a header of its own."""
    given_to_ses = from_mailbox(notice(organisation_name=name), SENDER)
    assert mailboxes(f"From: {given_to_ses}\r\n\r\n".encode("ascii"), "From") == [SENDER.address]
    assert "\n" not in given_to_ses
    assert len(given_to_ses) <= 998 - len("From: ")


@pytest.mark.parametrize("name", [name for name in NAMES if "=?" not in name], ids=lambda name: ascii(name[:12]))
def test_a_name_arrives_as_it_is_read(name: Any) -> None:
    """The strange names that are no attempt at syntax are not lost."""
    header = message_from_bytes(compose(notice(recipient_name=name), SENDER, AT))["To"]
    ((phrase, _),) = getaddresses([header], strict=True)
    assert str(make_header(decode_header(phrase))) == readable_name(name)


@pytest.mark.parametrize("name", [name for name in NAMES if "=?" in name])
def test_a_name_that_is_an_encoded_word_is_left_out(name: Any) -> None:
    """Some readers decode twice, and nobody is called that. The mail itself goes out."""
    raw = compose(notice(recipient_name=name, organisation_name=name), SENDER, AT)
    message = message_from_bytes(raw)
    for header, address in (("To", RECIPIENT), ("From", SENDER.address)):
        assert str(make_header(decode_header(message[header]))) == address


@settings(deadline=None)  # the first example also compiles the templates
@given(name=st.text(max_size=300), whose=st.sampled_from(["recipient_name", "organisation_name"]))
def test_any_text_as_a_name_is_one_mailbox(name: Any, whose: Any) -> None:
    """For names that nobody has thought of."""
    raw = compose(notice(**{whose: name}), SENDER, AT)
    assert mailboxes(raw, "To") == [RECIPIENT]
    assert mailboxes(raw, "From") == [SENDER.address]


# The strict reading


def octets(*headers, body=b"Hei\r\n"):
    return b"".join(header.encode() + b"\r\n" for header in headers) + b"\r\n" + body


FROM, TO = f"From: {SENDER.address}", f"To: {RECIPIENT}"
MEANT = {"From": SENDER.address, "To": RECIPIENT}


def test_a_plain_message_is_sendable() -> None:
    """The others here differ from this one in one thing."""
    assert is_sendable(octets(FROM, TO), MEANT)


@pytest.mark.parametrize(
    "raw",
    [
        octets(FROM),
        octets(FROM, "To: ola@example.no"),
        octets(FROM, f"To: {RECIPIENT}, ola@example.no"),
        octets(FROM, TO, "To: ola@example.no"),
        octets(FROM, TO, TO),
        octets(FROM, TO, FROM),
        octets(FROM, TO, "Cc: ola@example.no"),
        octets(FROM, TO, "Bcc: ola@example.no"),
        octets(FROM, TO, "Resent-To: ola@example.no"),
        octets(FROM, TO, "Sender: ola@example.no"),
        octets(FROM, TO, "Reply-To: ola@example.no"),
        octets(FROM, f"To: Nordmann, Kari <{RECIPIENT}>"),
        octets(FROM, f"To: Venner: {RECIPIENT};"),
        octets(FROM, f"To: Kari <{RECIPIENT}"),
        octets(FROM, f'To: "Kari <{RECIPIENT}>'),
        octets(FROM, "To: Kari"),
        octets(FROM, "To:"),
        octets(FROM, TO, "Kari"),
        octets(FROM, TO, "Subject: " + "x" * 998),
        octets(FROM, TO, "Subject: Åse"),
        octets(FROM, TO, body=b"x" * 999),
        octets(FROM, TO, body="Åse\r\n".encode()),
        octets(FROM, TO, body=b"Hei\nhei\r\n"),
        octets(FROM, TO, body=b"Hei\0\r\n"),
    ],
    ids=lambda raw: ascii(raw[len(FROM) :][:30]),
)
def test_a_message_that_can_be_read_otherwise_is_not_sendable(raw: Any) -> None:
    """Another recipient, none, or a line that no server has to take."""
    assert not is_sendable(raw, MEANT)


# Names


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Kari\u202eNord", "KariNord"),
        ("Kari\u200bNord", "KariNord"),
        ("\u2066Kari\u2069 \u200fNord", "Kari Nord"),
        ("Ka\u00adri\u2060\ufeff\u061c\u180e", "Kari"),
        ("Kari\U000e0041\U000e007f", "Kari"),
        ("Kari\u3164\u115f\u2800\u034f", "Kari"),
        ("Kari\t\r\nNord\x85\u2028\u2029Ås\x00", "Kari Nord Ås"),
        ("Kari\u00a0\u3000Nord", "Kari Nord"),
        ("Kari\ue000\ufffe\ufeff", "Kari"),
        ("\u200b\u202e", ""),
        ("A\u030ase", "Åse"),
        ("A\u200b\u030ase", "Åse"),
        ("Áŋŋá-Márjá", "Áŋŋá-Márjá"),
        ("Kari ❤️", "Kari ❤"),
    ],
    ids=ascii,
)
def test_a_name_holds_nothing_invisible(name: str, read: str) -> None:
    """Direction marks, zero width, fillers, tags, control characters."""
    assert readable_name(name) == read


@given(st.text())
def test_no_name_is_read_with_format_or_control_characters(name: Any) -> None:
    """By their class, not by a list; and what is read once is read the same again."""
    read = readable_name(name)
    assert not {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} & {unicodedata.category(character) for character in read}
    assert readable_name(read) == read


def test_a_name_has_a_sensible_length() -> None:
    """92 letters are somebody's name, 5,000 are not."""
    assert readable_name("x" * 92) == "x" * 92
    assert len(readable_name("x" * 5000)) <= 120
    assert readable_name("x" * 5000).endswith("…")


# Domains


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("ola@faß.de", "ola@xn--fa-hia.de"),
        ("ola@FAß.DE", "ola@xn--fa-hia.de"),
        ("ola@βόλος.com", "ola@xn--nxasmm1c.com"),
        ("ola@BLÅBÆR.no", "ola@xn--blbr-roah.no"),
        ("ola@xn--fa-hia.de", "ola@xn--fa-hia.de"),
        ("ola@XN--FA-HIA.de", "ola@xn--fa-hia.de"),
        ("ola@ab--c.no", "ola@ab--c.no"),
    ],
)
def test_a_domain_is_written_as_idna_2008_has_it(address: str, sent_to: str) -> None:
    """IDNA 2003 sends faß.de's mail to fass.de, which is somebody else's."""
    assert usable_address(address) == sent_to


@pytest.mark.parametrize(
    "domain",
    [
        "☕.no",
        "xn--a.no",
        "xn--.no",
        "xn--0.no",
        "a\u200db.no",
        "\uff45xample.no",
        "example\u3002no",
        "-å.no",
        "\u0301a.no",
    ],
    ids=ascii,
)
def test_a_domain_that_idna_2008_does_not_know_is_refused(domain: str) -> None:
    """Refused, never guessed at."""
    with pytest.raises(UnusableAddressError, match=r"^unusable_domain$"):
        usable_address(f"ola@{domain}")


@pytest.mark.parametrize(
    "domain",
    [
        "anonymised.invalid",
        "INVALID.Invalid",
        "x.test",
        "x.example",
        "x.localhost",
        "x.local",
        "x.onion",
        "x.internal",
        "x.alt",
        "home.arpa",
    ],
)
def test_nobody_is_mailed_at_a_reserved_domain(domain: str) -> None:
    """RFC 2606, 6761, 6762, 7686, 8375, 9476: no mail server can be there."""
    with pytest.raises(UnusableAddressError, match=r"^reserved_domain$"):
        deliverable_address(f"ola@{domain}")


@pytest.mark.parametrize(
    "domain", ["example.no", "example.com", "invalid.no", "test.no", "latest", "contest.com", "xlocal.no"]
)
def test_a_domain_that_only_looks_reserved_is_mailed(domain: str) -> None:
    """By the last label, not by a word in it."""
    domain = domain if "." in domain else f"{domain}.no"
    assert deliverable_address(f"ola@{domain}") == f"ola@{domain}"
