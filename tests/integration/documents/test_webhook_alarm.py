"""What strangers can do to the public addresses of template.yaml, and whom they wake."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from emulators.lambda_host.template.sam import read_yaml
from local.stack.parameters import local_template
from shared.domain.webhook import UNSIGNED, Refusal
from shared.observability import metric_name

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


@cache
def functions(**parameters: str):
    return {function.logical_id: function for function in local_template(parameters).functions}


def public():
    return [url.function for url in local_template().function_urls if url.auth_type == "NONE"]


def test_every_public_function_has_a_limit_by_default() -> None:
    """Whoever calls it starves no other function."""
    assert public() == ["ForceSync", "StatusChanged"]
    assert all(functions()[name].reserved_concurrency for name in public())


@pytest.mark.parametrize(("asked", "limit"), [("0", None), ("3", 3), ("10", 10)])
def test_a_small_account_can_turn_the_limit_off(asked: str, limit: int | None) -> None:
    """A new account has ten executions in all and may reserve none."""
    assert functions(WebhookConcurrency=asked)["StatusChanged"].reserved_concurrency == limit
    assert functions(ForceSyncConcurrency=asked)["ForceSync"].reserved_concurrency == limit


def test_the_platform_writes_no_line_for_a_public_call() -> None:
    """The level exists in JSON only."""
    for name in public():
        logging = functions()[name].logging
        assert (logging.log_format, logging.system_level, logging.keeps("INFO")) == ("JSON", "WARN", False)


def test_only_who_holds_our_key_wakes_somebody() -> None:
    """The alarm adds up what was signed with a known key and refused, and nothing else."""
    alarm = read_yaml(TEMPLATE)["Resources"]["WebhookRefusedAlarm"]["Properties"]
    counted = {metric["MetricStat"]["Metric"]["MetricName"] for metric in alarm["Metrics"] if "MetricStat" in metric}
    signed = set(Refusal) - UNSIGNED - {Refusal.SIGNATURE_WRONG}
    assert counted == {metric_name(f"webhooks_refused_{refusal}") for refusal in signed}
    alarms = [one for one in read_yaml(TEMPLATE)["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert "SignatureWrong" not in json.dumps(alarms, default=str)
