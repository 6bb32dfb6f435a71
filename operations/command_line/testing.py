"""Define `test-alert`, which shows whether somebody hears the alerts."""

from functools import partial
from typing import Annotated

import typer

from operations.commands import alert_tests
from operations.errors import NotUnderstoodError
from operations.options import AsJson, require_named
from operations.screens import alert_test_view
from operations.target import System
from operations.wording import speech, words
from shared.domain.alert_test import message_of_test, read_code


def send_or_acknowledge(
    system: System,
    *,
    actor: Annotated[str, typer.Option("--actor", help="Who you are. It is recorded.")],
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why you send a test. It is recorded.", show_default=False)
    ] = None,
    acknowledge: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="The code of a test alert that you have read.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a test alert with a code, or acknowledge the code of one that you have read.

    It waits for nobody: `status` says whether the last test was acknowledged, and by how many. A reason is given for
    sending one; reading one is reason enough.
    """
    if acknowledge is None:
        if reason is None:
            raise NotUnderstoodError(
                "say why you send a test with --reason, or acknowledge one with --acknowledge CODE"
            )
        require_named(actor, reason)
        _publish(system, (actor, reason), as_json=as_json)
        return
    if reason is not None:
        raise NotUnderstoodError("--acknowledge takes no --reason: that you have read it is reason enough")
    require_named(actor, "read")
    if (code := read_code(acknowledge)) is None:
        raise NotUnderstoodError("--acknowledge takes the six letters and digits of the message, such as K7PD4W")
    found = alert_tests.acknowledge(system.step, code, actor)
    if as_json:
        words.print_json(found)
    else:
        alert_test_view.acknowledged(found)


def _publish(system: System, named: tuple[str, str], *, as_json: bool) -> None:
    deployment = system.deployment
    topic = deployment.output("OperationsTopicArn")
    message = partial(message_of_test, language=speech.texts().language, target=system.target)
    published = alert_tests.publish_test(system.step, deployment.sns, topic, named, message)
    if as_json:
        words.print_json(published)
    else:
        alert_test_view.published(published)
