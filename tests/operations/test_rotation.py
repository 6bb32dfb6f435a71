"""`rotate-credential` on deployed functions: a planned change, each way it is refused, and two persons at once (I10).

The functions run as Lambda would run them; Secrets Manager, STS, Dataverse and PostgreSQL are the local stack's.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from emulators.lambda_host.template.provision import local_clients, provision
from local.stack.aws import REGION, LocalAws
from local.stack.federation import local_sts, trust
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.stack import endpoints
from operations.commands import reconcile
from operations.commands.credential.rotation import Rotating, TakenError
from operations.commands.credential.secret_versions import PENDING, SecretVersions
from tests.support.federation import OwnCertificate
from tests.support.rotating import FEDERATION, FIRST, IDS, SECOND, DeployedSystem, Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulators.dataverse.process import LocalDataverse
    from emulators.sts.server import LocalSts
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory, emulator_process: LocalDataverse
) -> Iterator[tuple[DeployedSystem, LocalSts]]:
    """The stack, with one warm host for all tests of the module."""
    with ExitStack() as running:
        aws = running.enter_context(LocalAws(tmp_path_factory.mktemp("aws")))
        clients = local_clients(aws.url, REGION)
        template = local_template({"SettlingSeconds": "0"}, region=REGION)
        stack = provision(template, clients, website_at(emulator_process.url))
        sts = running.enter_context(local_sts(stack))
        host = running.enter_context(function_host(stack, endpoints(aws.url, aws.url, sts.url)))
        yield DeployedSystem(stack, clients, host, ""), sts


@pytest.fixture
def sts(deployed: tuple[DeployedSystem, LocalSts], site: EmulatedWebsite) -> LocalSts:
    """The STS, whose tokens the application trusts."""
    system, sts = deployed
    sts.heal()
    sts.enable_federation()
    trust(site.url, sts, system.stack)
    return sts


@pytest.fixture
def kari(deployed: tuple[DeployedSystem, LocalSts], database: TestDatabase, sts: LocalSts, tmp_path: Path) -> Person:
    """A person with the login of operations; a secret is in use, and the functions have their logins."""
    shared, _ = deployed
    for function in ("Reconciliation", "DynamicsSync"):
        shared.clients.secretsmanager.put_secret_value(
            SecretId=shared.stack.physical_id(f"{function}DatabaseSecret"),
            SecretString=json.dumps(database.login(function)),
        )
    arn = shared.stack.physical_id("DataverseSecret")
    shared.clients.secretsmanager.put_secret_value(SecretId=arn, SecretString=json.dumps(FIRST))
    versions = SecretVersions.of(shared.deployment)
    if (left := versions.with_label(PENDING)) is not None:  # by the test before
        versions.take_label(PENDING, left)
    login = dict(database.login("Operations"))
    login["user"] = login.pop("username")
    system = replace(shared, dsn=make_conninfo("", **login), before_invoke=[])
    # A container of the test before has that test's login and secret; the next invocation renews both.
    return Person(system, tmp_path)


def audit(foundation: Foundation) -> list[str]:
    return list(foundation.all("SELECT facts ->> 'step' FROM certification.audit ORDER BY id"))


def test_a_planned_rotation_goes_through_every_step(
    kari: Person, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """The new secret is tried, put in use and watched, and the command says when the old one may be deleted."""
    site.add_secret(SECOND["client_secret"])
    said = kari.rotate_to(SECOND)
    assert "The new credential is in use, and the system works with it." in said
    assert "The old one may be deleted in Entra from" in said
    assert "--undo --actor YOU --reason WHY --stack hlf-certification" in said
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    assert kari.labels() == {"AWSCURRENT", "AWSPREVIOUS"}
    assert audit(foundation) == ["begun", "pending", "current", "done"]
    assert foundation.all("SELECT DISTINCT actor, reason FROM certification.audit") == [("Kari", "the old one ends")]
    assert foundation.all("SELECT condition FROM certification.alerts WHERE condition LIKE '%secret%'") == []


def test_what_was_deleted_in_entra_is_not_returned_to(
    kari: Person, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """The undo tries the former credential first, and changes nothing if it will not do."""
    site.add_secret(SECOND["client_secret"])
    kari.rotate_to(SECOND)
    site.revoke_secret()
    site.expire_tokens()
    assert "The client secret is wrong." in kari.rotate("--undo", "--wait-minutes", 0, expect=1)
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    assert foundation.all("SELECT condition FROM certification.alerts WHERE condition LIKE '%secret%'") == []


def test_json_says_what_a_person_reads(kari: Person, site: EmulatedWebsite) -> None:
    site.add_secret(SECOND["client_secret"])
    said = json.loads(kari.rotate_to(SECOND, "--json"))
    assert (said["state"], said["form"], said["waiting"]) == ("done", "secret", 0)
    assert said["old_needed_until"] > said["current_at"]


@pytest.mark.parametrize("to", ["federation", "certificate"])
def test_every_form_is_moved_to_and_back(kari: Person, site: EmulatedWebsite, to: str) -> None:
    """From a client secret to federation or a certificate, and back; each is used by the functions alone."""
    made = OwnCertificate.new()
    site.add_certificate(made.certificate)
    certificate = {**IDS, "certificate": made.certificate, "private_key": made.private_key}
    there = FEDERATION if to == "federation" else certificate
    kari.rotate_to(there)
    assert kari.in_use() == there
    site.revoke_secret()
    site.expire_tokens()
    kari.rotate("--undo", expect=1)
    site.add_secret(FIRST["client_secret"])
    assert "The former credential is in use again." in kari.rotate("--undo", "--wait-minutes", 0)
    assert (kari.in_use(), kari.state()) == (FIRST, ("undone",))
    kari.rotate_to(there)
    kari.rotate_to(FIRST)
    assert kari.state() == ("undone", "done", "done")


def test_a_typed_end_of_a_certificate_counts_for_nothing(
    kari: Person, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """I10: the certificate says its last day itself; a day typed beside it is not stored, and named if it differs."""
    made = OwnCertificate.new(days=20)
    site.add_certificate(made.certificate)
    certificate = {**IDS, "certificate": made.certificate, "private_key": made.private_key}
    own = (datetime.now(UTC) + timedelta(days=20)).date()
    said = kari.rotate_to({**certificate, "certificate_expires_on": "2099-01-31"})
    assert f"certificate_expires_on says 2099-01-31, and the certificate itself ends on {own}: that day counts" in said
    assert kari.in_use() == certificate
    assert foundation.one("SELECT secret_ends_on FROM certification.sync_state") == own
    kari.rotate("--undo", "--wait-minutes", 0)
    assert "that day counts" not in kari.rotate_to({**certificate, "certificate_expires_on": own.isoformat()})
    kari.rotate("--undo", "--wait-minutes", 0)
    assert "that day counts" not in kari.rotate_to(certificate)


def test_federation_needs_nothing_that_is_secret(kari: Person, foundation: Foundation) -> None:
    """The application is the one in use, so nothing is asked; and no alert is about an end that there is not."""
    kari.rotate("--form", "federation", "--wait-minutes", 0)
    assert kari.in_use() == FEDERATION
    assert foundation.one("SELECT credential_form FROM certification.sync_state") == "federation"
    found = foundation.all("SELECT condition FROM certification.current_conditions() WHERE condition LIKE 'secret%'")
    assert found == []


WRONG: dict[str, tuple[Any, Any, str]] = {
    "wrong secret": (SECOND, lambda _site, _sts: None, "The client secret is wrong."),
    "ended": (
        SECOND,
        lambda site, _sts: site.add_secret(SECOND["client_secret"], time.time() - 1),
        "The client secret has expired.",
    ),
    "unknown application": (
        {**SECOND, "client_id": "3f0c1d52-7f0e-4a53-9f0e-1d527f0e4a53"},
        lambda _site, _sts: None,
        "There is no application with this client id in this tenant.",
    ),
    "wrong tenant": (
        {**SECOND, "tenant_id": "elsewhere"},
        lambda _site, _sts: None,
        "There is no tenant with this tenant id.",
    ),
    "no trust in the role": (
        FEDERATION,
        lambda site, sts: site.distrust(sts.issuer, sts_role(sts)),
        "The application in Entra does not trust our AWS account",
    ),
    "federation is off": (
        FEDERATION,
        lambda _site, sts: sts.enable_federation(enabled=False),
        "aws iam enable-outbound-web-identity-federation",
    ),
}


def sts_role(sts: LocalSts) -> str:
    (role,) = sts.account.roles
    return role


@pytest.mark.parametrize("how", WRONG)
def test_what_will_not_do_is_named_and_never_put_in_use(
    kari: Person, site: EmulatedWebsite, sts: LocalSts, foundation: Foundation, how: str
) -> None:
    """And it is taken back at once, so that no alert stays and the next attempt begins anew."""
    value, cause, text = WRONG[how]
    cause(site, sts)
    said = kari.rotate_to(value, expect=1)
    assert text in said
    assert "what is in use was not changed" in said
    assert (kari.in_use(), kari.state(), "AWSPENDING" in kari.labels()) == (FIRST, ("given_up",), False)
    assert audit(foundation) == ["begun", "pending", "given_up"]


def test_a_privilege_that_the_check_cannot_see_is_found(kari: Person, site: EmulatedWebsite) -> None:
    """The role may read and write, and not create: no sync of today fails of that, and the next new mentor does."""
    site.add_secret(SECOND["client_secret"])
    site.remove_privilege("create")
    assert "lacks the privilege to create rows" in kari.rotate_to(SECOND, expect=1)
    assert kari.in_use() == FIRST


OVER = OwnCertificate.new(days=-2)
FORMS: dict[str, tuple[Any, str]] = {
    "a certificate that is over": (
        {**IDS, "certificate": OVER.certificate, "private_key": OVER.private_key},
        "is over: this credential has ended already",
    ),
    "a key in place of the certificate": (
        {**IDS, "certificate": OVER.private_key, "private_key": OVER.private_key},
        "the certificate cannot be read",
    ),
    "the id of the secret": ({**SECOND, "client_secret": "3f0c1d52-7f0e-4a53-9f0e-1d527f0e4a53"}, "Secret ID"),
    "no last day": ({**IDS, "client_secret": "x"}, "the last day is missing"),
    "a day that is no day": ({**SECOND, "client_secret_expires_on": "31.05.2027"}, "must be a date"),
    "a day that is over": ({**SECOND, "client_secret_expires_on": "2020-01-31"}, "2020-01-31 is over"),
    "two forms": ({**SECOND, "federation": "aws"}, "leave one"),
    "another provider": ({**IDS, "federation": "gcp"}, 'may only be "aws"'),
    "no tenant": ({**SECOND, "tenant_id": ""}, "tenant_id is missing"),
    "no JSON": ("client_secret=second~secret", "holds no JSON object"),
    "a list": ("[]", "holds no JSON object"),
}


@pytest.mark.parametrize("how", FORMS)
def test_what_is_no_credential_is_never_stored(kari: Person, how: str) -> None:
    value, text = FORMS[how]
    assert text in kari.rotate_to(value, expect=1)
    assert (kari.state(), kari.labels() & {"AWSPENDING"}) == ((), set())


def test_a_file_that_others_may_read_is_refused(kari: Person, tmp_path: Path) -> None:
    assert "chmod 600" in kari.rotate("--file", kari.file(SECOND, 0o640), expect=1)
    assert "cannot be read" in kari.rotate("--file", tmp_path / "nothing.json", expect=1)
    assert "is not a file" in kari.rotate("--file", "/dev/null", expect=1)
    assert "at a terminal" in kari.rotate(expect=1)
    assert kari.state() == ()


def test_a_secret_that_entra_does_not_know_yet_is_waited_for(kari: Person, site: EmulatedWebsite) -> None:
    """Entra may refuse a secret that was made a minute ago."""
    kari.system.before_invoke += [lambda: None, lambda: site.add_secret(SECOND["client_secret"])]
    said = kari.rotate("--file", kari.file(SECOND), "--wait-minutes", 1)
    assert "Refused (entra_7000215); Entra may not know it yet" in said
    assert kari.in_use() == SECOND


# --- interrupted, taken back, and two persons at once


class InterruptedHereError(KeyboardInterrupt):
    """Ctrl-C."""


def interrupt() -> None:
    raise InterruptedHereError


@pytest.mark.parametrize("at", [0, 1])
def test_after_an_interruption_it_goes_on_from_there(
    kari: Person, site: EmulatedWebsite, foundation: Foundation, at: int
) -> None:
    """Interrupted while the next version is tried, and while the first sync is watched."""
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [lambda: None] * at + [interrupt]
    kari.rotate_to(SECOND, expect=130)
    assert kari.state() == (("pending",), ("current",))[at]
    kari.rotate("--wait-minutes", 0)  # nothing is asked: the new one is stored
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    assert audit(foundation) == ["begun", "pending", "current", "done"]


def test_interrupted_it_can_be_taken_back(kari: Person, site: EmulatedWebsite) -> None:
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [interrupt]
    kari.rotate_to(SECOND, expect=130)
    assert "never changed" in kari.rotate("--undo")
    assert (kari.in_use(), kari.state(), "AWSPENDING" in kari.labels()) == (FIRST, ("given_up",), False)
    kari.system.before_invoke += [lambda: None, interrupt]
    kari.rotate_to(SECOND, expect=130)
    assert kari.in_use() == SECOND
    assert "in use again" in kari.rotate("--undo", "--wait-minutes", 0)
    assert (kari.in_use(), kari.state()) == (FIRST, ("given_up", "undone"))
    assert "nothing was changed" in kari.rotate("--undo", expect=1)


def test_a_version_labelled_by_hand_is_taken_back(kari: Person) -> None:
    """As the alert of a refused next version says, whoever put it there."""
    arn = kari.system.stack.physical_id("DataverseSecret")
    kari.system.clients.secretsmanager.put_secret_value(
        SecretId=arn, SecretString=json.dumps(SECOND), VersionStages=["AWSPENDING"]
    )
    assert "never changed" in kari.rotate("--undo")
    assert (kari.in_use(), kari.state(), "AWSPENDING" in kari.labels()) == (FIRST, ("given_up",), False)


def test_the_second_of_two_persons_hears_who_is_at_it(
    kari: Person, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """Who is at it, since when and why; and nothing of theirs is stored or taken back."""
    site.add_secret(SECOND["client_secret"])
    ola = replace(kari, name="Ola")
    kari.system.before_invoke += [interrupt]
    kari.rotate_to(SECOND, expect=130)
    for words in (("--file", ola.file(FEDERATION)), ("--undo",)):
        said = ola.rotate(*words, expect=3)
        assert "Kari has rotated this credential since" in said
        assert "the old one ends" in said
    assert kari.state() == ("pending",)
    ola.rotate("--take-over", "--wait-minutes", 0)
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    assert audit(foundation) == ["begun", "pending", "taken_over", "current", "done"]
    assert kari.rotate("--undo", "--wait-minutes", 0)
    assert foundation.all("SELECT actor FROM certification.audit ORDER BY id")[-1] == "Kari"


def test_two_who_begin_at_once_are_one(kari: Person, site: EmulatedWebsite) -> None:
    """The second has typed the secret already when the first one's rotation is written."""
    site.add_secret(SECOND["client_secret"])
    ola = replace(kari, name="Ola")
    with psycopg.connect(kari.system.dsn) as other:
        (first,) = other.execute(
            "SELECT r.id FROM certification.begin_rotation(gen_random_uuid(), 'secret', 'v', 'Kari', 'why', false) AS r"
        ).fetchone() or (None,)
        other.commit()
        (seen, actor) = other.execute(
            "SELECT r.id, r.actor FROM certification.begin_rotation(gen_random_uuid(), 'secret', 'v', 'Ola', 'why',"
            " false) AS r"
        ).fetchone() or (None, None)
    assert (seen, actor) == (first, "Kari")
    assert "Kari has rotated" in ola.rotate_to(SECOND, expect=3)
    assert kari.in_use() == FIRST


def test_of_two_who_take_over_at_once_one_is_told_who(
    kari: Person, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """Both have seen that it is Per's; the database decides, and the audit has one of them."""
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [interrupt]
    replace(kari, name="Per").rotate_to(SECOND, expect=130)
    rotating = [
        Rotating(kari.system.step, SecretVersions.of(kari.system.deployment), name, "why", 0.0)
        for name in ("Kari", "Ola")
    ]
    seen = rotating[0].latest()
    assert seen is not None
    together = Barrier(2)

    def take_over(one: Rotating) -> str:
        together.wait(10)
        try:
            return one.take_over(seen).actor
        except TakenError as error:
            return f"{error.rotation.actor} has it"

    with ThreadPoolExecutor(2) as both:
        said = list(both.map(take_over, rotating))
    assert sorted(said) in (["Kari", "Kari has it"], ["Ola", "Ola has it"])
    assert audit(foundation) == ["begun", "pending", "taken_over"]


def test_a_take_over_waits_for_the_one_before_it(kari: Person, site: EmulatedWebsite) -> None:
    """On two connections, the first one's transaction still open."""
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [interrupt]
    replace(kari, name="Per").rotate_to(SECOND, expect=130)
    query = (
        "SELECT r.actor FROM certification.credential_rotations AS o,"
        " certification.take_over_rotation(o.id, 'Per', %s, 'why') AS r"
    )
    with (
        psycopg.connect(kari.system.dsn) as first,
        psycopg.connect(kari.system.dsn) as second,
        ThreadPoolExecutor(1) as other,
    ):
        assert first.execute(query, ("Kari",)).fetchall() == [("Kari",)]
        waiting = other.submit(lambda: second.execute(query, ("Ola",)).fetchall())
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        first.commit()
        assert waiting.result(10) == [("Kari",)]


def sweep(kari: Person) -> None:
    """One of the system's own, which checks the credential."""
    kari.system.host.invoke("Reconciliation", reconcile.event(full=False, accept=None, now=datetime.now(UTC)))


@pytest.mark.parametrize("outage", ["token", "web"])
def test_an_old_verdict_is_not_taken_for_a_new_one(
    kari: Person, site: EmulatedWebsite, foundation: Foundation, outage: str
) -> None:
    """The next version was good, was deleted in Entra since, and Dynamics cannot be asked: nothing is put in use."""
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [interrupt]
    kari.rotate_to(SECOND, expect=130)
    sweep(kari)
    assert foundation.one("SELECT pending_secret FROM certification.sync_state") == "good"
    site.revoke_secret(SECOND["client_secret"])
    site.expire_tokens()
    site.fail_next(None, where="token") if outage == "token" else site.fail_next(None)
    assert "could not try the next credential yet" in kari.rotate("--wait-minutes", 0, expect=3)
    assert (kari.in_use(), kari.state()) == (FIRST, ("pending",))
    site.clear_faults()
    assert "The client secret is wrong." in kari.rotate("--wait-minutes", 0, expect=1)
    assert (kari.in_use(), kari.state()) == (FIRST, ("given_up",))


def test_an_undo_awaits_a_verdict_of_its_own(kari: Person, site: EmulatedWebsite, foundation: Foundation) -> None:
    """The former version was good at an undo that was interrupted; since then it was deleted."""
    site.add_secret(SECOND["client_secret"])
    kari.rotate_to(SECOND)
    kari.system.before_invoke += [interrupt]
    kari.rotate("--undo", "--wait-minutes", 0, expect=130)
    sweep(kari)
    assert foundation.one("SELECT pending_secret FROM certification.sync_state") == "good"
    site.revoke_secret()
    site.expire_tokens()
    site.fail_next(None)
    assert "could not try the next credential yet" in kari.rotate("--undo", "--wait-minutes", 0, expect=3)
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    site.clear_faults()
    site.add_secret(FIRST["client_secret"])
    assert "in use again" in kari.rotate("--undo", "--wait-minutes", 0)
    assert (kari.in_use(), kari.state()) == (FIRST, ("undone",))


def test_a_version_that_another_put_in_use_is_not_undone(kari: Person, site: EmulatedWebsite) -> None:
    """By hand, in the console, between two steps: nothing is overwritten."""
    site.add_secret(SECOND["client_secret"])
    third = {**SECOND, "client_secret": "third~secret"}
    site.add_secret(third["client_secret"])
    arn = kari.system.stack.physical_id("DataverseSecret")

    def by_hand() -> None:
        kari.system.clients.secretsmanager.put_secret_value(SecretId=arn, SecretString=json.dumps(third))

    kari.system.before_invoke += [by_hand]
    assert "put in use meanwhile" in kari.rotate_to(SECOND, expect=1)
    assert (kari.in_use(), kari.state()) == (third, ("pending",))
    kari.rotate("--undo")
    assert (kari.in_use(), kari.state()) == (third, ("given_up",))


def test_a_credential_refused_once_in_use_says_so(kari: Person, site: EmulatedWebsite) -> None:
    """It was deleted between two checks: the command names the way back."""
    site.add_secret(SECOND["client_secret"])
    kari.system.before_invoke += [lambda: None, lambda: site.revoke_secret(SECOND["client_secret"])]
    said = kari.rotate_to(SECOND, expect=1)
    assert "The credential in use is refused." in said
    assert "rotate-credential --undo" in said
    kari.rotate("--undo", "--wait-minutes", 0)
    assert (kari.in_use(), kari.state()) == (FIRST, ("undone",))


def test_an_emergency_is_the_same_command(kari: Person, site: EmulatedWebsite, foundation: Foundation) -> None:
    """The secret in use has ended already: everything is stopped, and drained after the command."""
    site.expire_secret()
    site.expire_tokens()
    site.add_secret(SECOND["client_secret"])
    kari.rotate_to(SECOND)
    assert (kari.in_use(), kari.state()) == (SECOND, ("done",))
    assert foundation.one("SELECT stopped_since FROM certification.sync_state") is None
