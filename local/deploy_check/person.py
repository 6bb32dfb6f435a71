"""What the guide leaves to people, and what has to be other here than in an account: each of it by name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
import psycopg

from emulators.dataverse.client import EmulatorControl
from emulators.pg_net.worker import PgNet
from local.demo.website import WebsiteBehindError, wait_until_synced
from local.deploy_check.translated import REGION, ROOT
from local.stack.aws import CREDENTIALS
from operations.commands.setup.names import needs
from operations.errors import OperationsError
from shared.adapters.postgres.connection import connect
from shared.domain.errors import CertificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.dataverse.process import LocalDataverse
    from local.deploy_check.database import AppDatabase
    from local.deploy_check.running import Functions
    from operations.commands.setup.names import Need

_APPLICATION: Final = "20ca1000-0000-4000-8000-00000000000a"  # as in the guide of HLF IT
_SECRET: Final = "the-secret-of-hlf-it"
_CODE: Final = "K7PD4W"  # of the guide's test alert; a person reads theirs in the message
_PAGE_SECONDS: Final = 60.0  # the first call starts the function
_SWEEPS: Final = 3  # the next one does what one could not, as the schedule has it
_TRIES: Final = 40
_SYNC_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5


def here(line: str, database: AppDatabase) -> str:
    """Return a line with this machine's addresses, names for YOU and NAME, and the code of the test alert."""
    changed = line.replace("db.example.no:5432", f"localhost:{database.proxy.port}")
    changed = changed.replace("--actor YOU", "--actor kari").replace("--actor NAME", "--actor ola")
    if _CODE in changed:
        with psycopg.connect(database.dsn) as connection:
            for (code,) in connection.execute("SELECT t.code FROM certification.alert_tests AS t").fetchall():
                changed = changed.replace(_CODE, code)
    # The functions are on this machine too, which setup is right to doubt.
    return re.sub(r"^hlf-operations setup ", "hlf-operations setup --functions-host localhost ", changed)


def hlf_it(dataverse: LocalDataverse) -> str:
    """Make the application and run dataverse/set_up.py, as HLF IT does; return what they hand over."""
    with EmulatorControl(dataverse.url) as control:
        control.settings(administration=True)
        control._change("add_secret", application_id=_APPLICATION, secret=_SECRET)  # noqa: SLF001
    form = {"grant_type": "client_credentials", "client_id": dataverse.client_id}
    form |= {"client_secret": dataverse.client_secret, "scope": f"{dataverse.url}/.default"}
    token = httpx.post(dataverse.token_url, data=form, trust_env=False).json()["access_token"]
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "dataverse" / "set_up.py"),
            *("--url", dataverse.url),
            *("--application-id", _APPLICATION),
            "--token-from-stdin",
        ],
        input=f"{token}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OperationsError(f"dataverse/set_up.py ends with {done.returncode}: {done.stdout[-300:]}{done.stderr}")
    return json.dumps(
        {
            "tenant_id": dataverse.tenant_id,
            "client_id": _APPLICATION,
            "client_secret": _SECRET,
            "client_secret_expires_on": "2099-01-31",
        }
    )


def after(line: str, printed: str, environment: Mapping[str, str], database: AppDatabase, functions: Functions) -> None:
    """Do what happens in an account by itself, or by a person, after this line and what it has printed."""
    if line.startswith("hlf-operations setup"):
        # The address of AWS leads nowhere here.
        with psycopg.connect(database.owners) as owner:
            owner.execute("UPDATE certification.webhook SET url = %s", (functions.urls.url("StatusChanged"),))
    elif line.startswith("aws sns subscribe"):
        _confirm(environment)
    elif line.startswith("aws secretsmanager put-secret-value") and "DATAVERSE" in line:
        _minutes_pass(database, functions)
    elif line.startswith("sam remote invoke ExpiryCheck"):
        if '"succeeded"' not in printed:
            raise OperationsError(f"the first check has not succeeded: {printed.strip()}")
        _minutes_pass(database, functions)
    elif line.startswith("hlf-operations mail-drill"):
        with psycopg.connect(database.owners) as owner:
            owner.execute("CREATE ROLE break_glass_a LOGIN IN ROLE certification_break_glass")


def _confirm(environment: Mapping[str, str]) -> None:
    """Confirm the subscriptions, as two people do by the message that AWS sends them."""
    client = _aws(environment, "sns")
    topic = environment["OPERATIONS_TOPIC_ARN"]
    for one in client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if not one["SubscriptionArn"].startswith("arn:"):
            client.confirm_subscription(TopicArn=topic, Token="local")


def _minutes_pass(database: AppDatabase, functions: Functions) -> None:
    """Let the minutes pass after which a sweep asks for what waits, until the website shows all of it."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("UPDATE certification.listings SET changed_at = changed_at - interval '5 minutes'")
    for _ in range(_SWEEPS):
        done = functions.host.invoke("Reconciliation", {"scheduled_time": _now(), "mode": "sweep"})
        if not done.function_error:
            break
    else:
        raise OperationsError(f"the sweep ends with {done.payload}")
    try:
        wait_until_synced(database.dsn, seconds=_SYNC_SECONDS)
    except WebsiteBehindError as behind:
        raise OperationsError(f"after a sweep the website is behind: {behind}") from None


def set_polling(environment: Mapping[str, str], *, enabled: bool) -> None:
    """Let ministack's own Lambda poll the queues, or not: the functions that run here are the host's."""
    client = _aws(environment, "lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def set_time_zones(environment: Mapping[str, str], zone: str) -> None:
    """Give each schedule its time zone, which ministack's CloudFormation drops."""
    client = _aws(environment, "scheduler")
    for one in client.list_schedules()["Schedules"]:
        found = client.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        known = client.meta.service_model.operation_model("UpdateSchedule").input_shape.members
        kept = {name: value for name, value in found.items() if name in known}
        client.update_schedule(**{**kept, "ScheduleExpressionTimezone": zone})


def before(line: str, environment: Mapping[str, str]) -> None:
    """Do what has to be so for this line."""
    if line.startswith("hlf-operations verify-integration"):
        set_polling(environment, enabled=True)


def nothing_left_out(environment: Mapping[str, str], database: AppDatabase, functions: Functions) -> None:
    """Raise OperationsError unless every secret is filled, each login has its role alone, and every function has run.

    The test alert of the guide has been acknowledged, too.
    """
    _open_the_page(functions)
    with psycopg.connect(database.owners) as owner, PgNet(database.dsn):
        owner.execute(
            "SELECT pause_mentor(id, 'kari', 'for the webhook') FROM peer_mentors WHERE last_name = 'Nummer 9'"
        )
        owner.commit()
        _await_log(functions, "StatusChanged")
    cloudformation, secrets = _aws(environment, "cloudformation"), _aws(environment, "secretsmanager")
    [stack] = cloudformation.describe_stacks()["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    for name, arn in outputs.items():
        if name.endswith("SecretArn") and not _value(secrets, arn):
            raise OperationsError(f"the guide's lines leave the secret {name} empty")
    for need in needs(outputs):
        _sign_in(need, _value(secrets, need.arn))
    with psycopg.connect(database.dsn) as connection:
        if not connection.execute(
            "SELECT 1 FROM certification.alert_tests AS t WHERE t.acknowledgements > 0"
        ).fetchall():
            raise OperationsError("the guide's lines acknowledge no test alert")
        known = {
            role
            for (role,) in connection.execute(
                "SELECT DISTINCT 'certification_' || f.function FROM certification.functions() AS f"
            )
        }
    if left := known - {need.role for need in needs(outputs)}:
        raise OperationsError(f"no output of the stack ends in DatabaseSecretArn for {', '.join(sorted(left))}")
    if idle := sorted(functions.of_the_template - functions.logged):
        raise OperationsError(f"the guide's lines never run {', '.join(idle)}")


def _value(secrets: Any, arn: str) -> dict[str, Any]:  # noqa: ANN401 - boto3's client
    try:
        return dict(json.loads(secrets.get_secret_value(SecretId=arn).get("SecretString") or "{}"))
    except secrets.exceptions.ResourceNotFoundException:
        return {}


def _sign_in(need: Need, value: Mapping[str, Any]) -> None:
    """Raise OperationsError unless a function that reads this secret is accepted, with the rights of its role alone."""
    try:
        with connect(lambda _: value) as connection:
            rows = connection.execute(
                "SELECT r.rolname FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid"
                " WHERE m.member = current_user::regrole"
            ).fetchall()
    except CertificationError as error:
        raise OperationsError(f"the database refuses the login in {need.output}: {error}") from None
    if (held := [row["rolname"] for row in rows]) != [need.role]:
        raise OperationsError(f"the login in {need.output} has {held}, and not {need.role} alone")


def _open_the_page(functions: Functions) -> None:
    page = httpx.get(functions.urls.url("ForceSync"), trust_env=False, timeout=_PAGE_SECONDS)
    if page.status_code != httpx.codes.OK:
        raise OperationsError(f"the coordinators' page responds with {page.status_code}")
    functions.logged.add("ForceSync")  # a page that is served leaves no line


def _await_log(functions: Functions, function: str) -> None:
    for _ in range(_TRIES):
        if function in functions.logged:
            return
        time.sleep(_PAUSE_SECONDS)
    raise OperationsError(f"{function} was not called")


def _aws(environment: Mapping[str, str], service: str) -> Any:  # noqa: ANN401 - the clients share no type
    return boto3.client(  # type: ignore[call-overload]
        service,
        REGION,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
