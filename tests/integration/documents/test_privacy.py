"""docs/privacy.md is held to the catalogue of personal data, the template and the command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import botocore.session

from operations.commands.forget_person import Elsewhere
from operations.screens.forget_view import STAYS
from tests.integration.documents.test_docs import ROOT, TEMPLATE, TEXT, section

if TYPE_CHECKING:
    import psycopg

PRIVACY = TEXT[ROOT / "docs" / "privacy.md"]
SAID = {
    "row_deleted": "the row is deleted",
    "id_removed": "the id is taken out",
    "with_row": "goes with its row",
    "with_notice": "goes with its notice",
    "kept": "kept",
}
# Who of AWS is behind a resource of the template; the rest gets nothing of a person.
PROCESSORS = {
    "AWS::Serverless::Function": "AWS Lambda",
    "AWS::SES::ConfigurationSetEventDestination": "AWS EventBridge",
    "AWS::SQS::Queue": "AWS SQS",
    "AWS::SNS::Topic": "AWS SNS",
    "AWS::Logs::LogGroup": "AWS CloudWatch",
    "AWS::SecretsManager::Secret": "AWS Secrets Manager",
}
NO_PROCESSOR = {
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::AppConfig::Application",  # the template's parameters, which name nobody
    "AWS::AppConfig::ConfigurationProfile",
    "AWS::AppConfig::HostedConfigurationVersion",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::CloudWatch::Dashboard",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::Serverless::LayerVersion",
}


def test_the_table_of_columns_is_the_catalogue(connection: psycopg.Connection) -> None:
    """Column by column: what it holds, and what forgetting does to it, with the reason where it is kept."""
    catalogue = {
        (relation, tuple(columns), holds, SAID[treatment] + (f": {why[0].lower()}{why[1:].rstrip('.')}" if why else ""))
        for relation, columns, holds, treatment, why in connection.execute(
            "SELECT relation, columns, holds, treatment, why FROM certification.personal_columns()"
            " WHERE holds <> 'nothing'"
        )
    }
    rows = re.findall(
        r"^\| `(\w+)` \| (`[^|]+) \| (\w+) \| ([^|]+) \|$", section(PRIVACY, "Where a person is stored"), re.MULTILINE
    )
    table = {(relation, tuple(re.findall(r"`(\w+)`", columns)), holds, said) for relation, columns, holds, said in rows}
    assert table == catalogue


def test_every_place_that_the_command_names_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section(PRIVACY, "What forget-person leaves"), re.MULTILINE)
    assert rows == list(Elsewhere)


def test_the_published_fields_are_those_that_a_mapping_may_have(connection: psycopg.Connection) -> None:
    """The whitelist of the database, and no other."""
    published = section(PRIVACY, "What is published, and on what consent")
    fields = re.findall(r"`(\w+)`", published.partition("at most these fields")[2].partition("The database accepts")[0])
    for field in fields:
        mapping = f'{{"table":"t","key":"k","columns":{{"a":"{field}"}},"show":{{"b":true}},"hide":{{"b":false}}}}'
        said = connection.execute("SELECT certification.mapping_problem(%s::jsonb)", (mapping,)).fetchone()
        assert said == (None,), field
    body = connection.execute(
        "SELECT prosrc FROM pg_proc WHERE oid = 'certification.mapping_problem'::regproc"
    ).fetchone()
    assert body is not None
    [whitelist] = re.findall(r"ALL \('\{([^}]+)\}'", body[0])
    assert sorted(fields) == sorted(whitelist.split(","))


def test_the_command_for_the_suppression_list_is_one_of_aws() -> None:
    """The document and the program show the same, and the API has it, with that option."""
    shown = re.findall(r"`aws sesv2 ([a-z-]+) --([a-z-]+) ADDRESS`", PRIVACY)
    assert shown
    assert all(
        f"aws sesv2 {action} --{option} ADDRESS" in STAYS[Elsewhere.SUPPRESSION_LIST] for action, option in shown
    )
    model = botocore.session.get_session().get_service_model("sesv2")
    for action, option in shown:
        operation = model.operation_model("".join(word.capitalize() for word in action.split("-")))
        assert operation.input_shape is not None
        members = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in operation.input_shape.members}
        assert option in members


def test_every_service_of_the_template_is_a_processor() -> None:
    """A new kind of resource has to be looked at; retention is the template's."""
    kinds = {made["Type"] for made in TEMPLATE["Resources"].values()}
    assert kinds <= PROCESSORS.keys() | NO_PROCESSOR
    named = set(re.findall(r"^\| (AWS [\w ]+) \|", section(PRIVACY, "Processors and regions"), re.MULTILINE))
    assert named == {*PROCESSORS.values(), "AWS SES"}
    properties = [made.get("Properties", {}) for made in TEMPLATE["Resources"].values()]
    assert {one["RetentionInDays"] for one in properties if "RetentionInDays" in one} == {90}
    days = {one["MessageRetentionPeriod"] / 86400 for one in properties if "MessageRetentionPeriod" in one}
    assert days == {4, 14}
    assert "`eu-north-1`" in PRIVACY
    assert 'region = "eu-north-1"' in (ROOT / "samconfig.toml").read_text(encoding="utf-8")
