"""What a container makes before its first event: each function's module, imported in a process as Lambda does it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from local.stack import deployed_code
from local.stack.parameters import local_template

FUNCTIONS = {function.handler.split(".")[1]: function for function in local_template().functions}
MODULES = (
    "shared.adapters.aws.secrets:_provider",
    "shared.bootstrap.queues:_client",
    "shared.bootstrap.website:website_service",
)
# Which of them each function has after init.
MADE = {
    "dynamics_sync": {"_provider", "_client", "website_service"},
    "expiry_check": {"_provider", "_client", "website_service"},
    "force_sync": {"_provider", "_client", "website_service"},
    "mail_events": {"_provider"},
    "operations": {"_provider"},
    "operations_reader": {"_provider"},
    "reconciliation": {"_provider", "_client", "website_service"},
    "send_notices": {"_provider"},
    "status_changed": {"_provider", "_client"},
    "verify_integration": {"_provider", "website_service"},
}
PROGRAM = """
import importlib, json, sys
asked, network = [], ("socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, about: asked.append(event) if event in network else None)
importlib.import_module(sys.argv[1])
made = []
for name in sys.argv[2:]:
    module, _, factory = name.partition(":")
    if module in sys.modules and getattr(sys.modules[module], factory).cache_info().currsize:
        made.append(factory)
print(json.dumps({"asked": asked, "made": made}))
"""
IN_LAMBDA = {
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
    "AWS_REGION": "eu-north-1",
    "AWS_DEFAULT_REGION": "eu-north-1",
    # Without them botocore asks for some, by the network.
    **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "local"),
}


def init(name, environment):
    """What the network was asked, and what was made, while the module was imported."""
    path = {"PYTHONPATH": ":".join(map(str, deployed_code.path_of(FUNCTIONS[name])))}
    command = [sys.executable, "-S", "-c", PROGRAM, f"functions.{name}", *MODULES]
    done = subprocess.run(command, env=environment | path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_init_makes_what_the_first_event_needs(name: Any) -> None:
    """A client takes a whole processor's 50 ms; in an event of a small function that is a quarter of a second."""
    found = init(name, {**FUNCTIONS[name].environment, **IN_LAMBDA})
    assert set(found["made"]) == MADE[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_init_asks_the_network_for_nothing(name: Any) -> None:
    """I18: a service that does not respond cannot keep a container from starting; the event reports it."""
    assert init(name, {**FUNCTIONS[name].environment, **IN_LAMBDA})["asked"] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_missing_setting_is_left_to_the_event(name: Any) -> None:
    """Which says in our form which variable is missing; an error in init is Lambda's, with any text."""
    assert init(name, IN_LAMBDA)["asked"] == []


def test_elsewhere_an_import_makes_nothing() -> None:
    assert init("expiry_check", dict(FUNCTIONS["expiry_check"].environment))["made"] == []
