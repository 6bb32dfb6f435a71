"""How the local Lambda host runs functions, held against what AWS documents: real processes, real runtime client."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from emulators.lambda_host.errors import HostClosedError, LambdaHostError, TooManyRequestsException
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.runtime.runtime_api import RuntimeApi
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parent / "lambda_host_fixtures"
TEMPLATE, TASK_ROOT = FIXTURES / "template.yaml", FIXTURES / "task"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return Stack(load_template(TEMPLATE))


@pytest.fixture
def host(stack: Stack) -> Iterator[LambdaHost]:
    with LambdaHost(stack, TASK_ROOT) as host:
        yield host


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def child_of(invocation) -> int:
    return int(next(line for line in invocation.log_lines if line.startswith("child=")).removeprefix("child="))


def wait_until(holds, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not (result := holds()) and time.monotonic() < end:
        time.sleep(0.01)
    return bool(result)


def function_processes() -> list[str]:
    """The children of this program that run a function; other tests may have left servers running."""
    children = " ".join((thread / "children").read_text() for thread in Path("/proc/self/task").iterdir())
    running = [child for child in children.split() if is_running(int(child))]
    return [child for child in running if b"awslambdaric" in Path(f"/proc/{child}/cmdline").read_bytes()]


# What a process finds


def test_the_handler_string_names_a_module_and_a_function(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Define Lambda function handler in Python": the handler is file_name.function_name."""
    assert host.invoke("Echo", {"a": [1, None, True]}).payload == {"a": [1, None, True]}


def test_a_function_sees_the_templates_and_lambdas_variables(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function sees the variables of the template and those of Lambda, and no others.

    Lambda Developer Guide, "Working with Lambda environment variables": the defined runtime variables.
    """
    monkeypatch.setenv("OF_THIS_MACHINE", "secret")
    with LambdaHost(stack, TASK_ROOT, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}) as host:
        found = host.invoke("Look", {}).payload["environment"]
    assert found["GREETING"] == "hei"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert found["_HANDLER"] == "sample.handlers.look"
    assert found["TZ"] == ":UTC"
    # Python itself sets LC_CTYPE where the machine does not have Lambda's LANG.
    assert found.keys() - {"LC_CTYPE"} == {
        "GREETING", "AWS_ENDPOINT_URL", "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
        "LANG", "PATH", "PYTHONPATH", "TZ",
    }  # fmt: skip


def test_the_context_names_the_function_and_its_time_left(host: LambdaHost) -> None:
    """The context says which function runs and how long it has.

    Lambda Developer Guide, "Using the Lambda context object to retrieve Python function information".
    """
    invocation = host.invoke("Look", {})
    seen = invocation.payload
    assert seen["request_id"] == invocation.request_id
    assert 18_000 < seen["remaining_ms"] <= 20_000
    assert seen["arn"] == "arn:aws:lambda:eu-north-1:000000000000:function:Look"
    assert (seen["name"], seen["memory"], seen["log_group"]) == ("Look", "256", "/aws/lambda/Look")
    assert seen["directory"] == str(TASK_ROOT)


def test_layers_come_after_the_task_root_on_the_path(stack: Stack, tmp_path: Path) -> None:
    """Lambda Developer Guide, "Working with layers for Python Lambda functions": /opt/python is on the path."""
    with LambdaHost(stack, TASK_ROOT, layers=[tmp_path]) as host:
        path = host.invoke("Look", {}).payload["path"]
    assert path.index(str(TASK_ROOT)) < path.index(str(tmp_path))


def test_a_layer_without_a_folder_is_named_at_the_start(stack: Stack) -> None:
    """Not by every function that imports something of it."""
    functions = tuple(replace(function, layers=("Libraries",)) for function in stack.functions)
    with_a_layer: Any = SimpleNamespace(functions=functions, template=stack.template)
    with pytest.raises(LambdaHostError, match="has the layer Libraries, of which no folder is given"):
        LambdaHost(with_a_layer, TASK_ROOT, layers={})


# Environments: when a process is new and when it is used again


def test_the_first_invocation_starts_a_process_for_the_next(host: LambdaHost) -> None:
    """The first invocation starts a process, and the next ones use it again.

    Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": warm starts.
    """
    cold, *warm = [host.invoke("Look", {}) for _ in range(3)]
    assert cold.init_ms is not None
    assert cold.init_ms > 0
    assert [invocation.init_ms for invocation in warm] == [None, None]
    assert {invocation.payload["pid"] for invocation in warm} == {cold.payload["pid"]}


def test_overlapping_invocations_run_in_their_own_environments(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Understanding Lambda function scaling": one environment, one request at a time."""
    with ThreadPoolExecutor() as pool:
        pids = [call.payload for call in pool.map(lambda _: host.invoke("Wait", {"seconds": 2.5}), range(3))]
    assert len(set(pids)) == 3
    assert host.invoke("Wait", {"seconds": 0}).payload in pids


def test_a_burst_at_a_cold_function_is_one_start(host: LambdaHost) -> None:
    """Ten starts at once on two processors take ten times as long as the one that could do all the work."""
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda number: host.invoke("Echo", number), range(10)))
    assert [reply.payload for reply in replies] == list(range(10))
    assert sum(reply.init_ms is not None for reply in replies) == 1


def test_beyond_the_reserved_concurrency_it_is_refused(host: LambdaHost) -> None:
    """Beyond the reserved concurrency an invocation is refused.

    Lambda Developer Guide, "Configuring reserved concurrency": reserved is also the most; then 429.
    """
    with ThreadPoolExecutor() as pool:
        running = pool.submit(host.invoke, "WaitAlone", {"seconds": 0.5})
        wait_until(function_processes)
        with pytest.raises(TooManyRequestsException):
            host.invoke("WaitAlone", {"seconds": 0})
        assert running.result().function_error is None
    assert host.invoke("WaitAlone", {"seconds": 0}).init_ms is None


def test_a_function_with_no_concurrency_never_runs(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Configuring reserved concurrency": 0 throttles a function altogether."""
    with pytest.raises(TooManyRequestsException):
        host.invoke("SwitchedOff", {})


def test_without_a_reservation_the_host_sets_the_limit(stack: Stack) -> None:
    """Lambda Developer Guide, "Understanding Lambda function scaling": the account's concurrency is finite."""
    with LambdaHost(stack, TASK_ROOT, maximum_concurrency=1) as host, ThreadPoolExecutor() as pool:
        running = pool.submit(host.invoke, "Wait", {"seconds": 0.5})
        wait_until(function_processes)
        with pytest.raises(TooManyRequestsException):
            host.invoke("Wait", {"seconds": 0})
        running.result()


def test_a_thousand_invocations_each_get_their_own_response(host: LambdaHost) -> None:
    """A thousand invocations at concurrency four each get their own response.

    Lambda API reference, "Invoke": the response belongs to the request.
    """
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda number: host.invoke("Echo", number), range(1000)))
    assert [reply.payload for reply in replies] == list(range(1000))
    assert sum(reply.init_ms is not None for reply in replies) <= 4


# What goes wrong


def test_a_function_over_its_time_is_killed_with_its_children(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Configure Lambda function timeout"; the words are those of Lambda's response."""
    began = time.monotonic()
    invocation = host.invoke("WaitShort", {"seconds": 60, "start_child": True})
    assert time.monotonic() - began < 3
    assert invocation.function_error == "Unhandled"
    assert invocation.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {invocation.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert invocation.log_lines[-1].endswith("Status: timeout")
    assert wait_until(lambda: not is_running(child_of(invocation)))
    assert function_processes() == []
    assert host.invoke("WaitShort", {"seconds": 0}).init_ms is not None


def test_the_time_limit_can_be_set_for_one_invocation(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Configure Lambda function timeout": the limit is per invocation."""
    invocation = host.invoke("Wait", {"seconds": 60}, timeout_override=0.25)
    assert invocation.payload["errorMessage"].endswith("Task timed out after 0.25 seconds")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"exit": 3}, "exited with error: exit status 3"),
        ({"exit": 0}, "exited without providing a reason"),
        ({"signal": signal.SIGKILL}, "exited with error: signal: killed"),
        ({"signal": signal.SIGSEGV}, "exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_by_itself_is_an_exit_error(host: LambdaHost, event: Any, reason: str) -> None:
    """A process that ends by itself is an exit error, and the next one is fresh.

    Lambda Developer Guide, "Troubleshoot execution issues in Lambda": Runtime.ExitError.
    """
    before = host.invoke("Crash", {}).payload
    invocation = host.invoke("Crash", event)
    assert invocation.function_error == "Unhandled"
    assert invocation.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {invocation.request_id} Error: Runtime {reason}",
    }
    assert "about to end" in invocation.log_lines
    after = host.invoke("Crash", {})
    assert after.payload != before
    assert after.init_ms is not None


def test_what_a_process_started_goes_with_it(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": all processes are ended."""
    invocation = host.invoke("Crash", {"exit": 1, "start_child": True})
    assert wait_until(lambda: not is_running(child_of(invocation)))


def test_a_response_to_another_request_is_refused() -> None:
    """A response to another request than the one under way is refused.

    Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes": 400, InvalidRequestID.
    """

    def post(address: str) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection(address)
        connection.request("POST", "/2018-06-01/runtime/invocation/another/response", b"{}")
        reply = connection.getresponse()
        body = json.loads(reply.read())
        connection.close()
        return reply.status, body

    async def scenario() -> tuple[int, dict[str, str]]:
        api = RuntimeApi(events.append)
        reply = await asyncio.to_thread(post, await api.start())
        await api.close()
        return reply

    events: list[Any] = []
    status, body = asyncio.run(scenario())
    assert (status, body["errorType"]) == (400, "InvalidRequestID")
    assert events == []


def test_an_idle_process_that_died_is_replaced(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": environments come and go."""
    first = host.invoke("Look", {}).payload["pid"]
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: not Path(f"/proc/{first}").exists())
    time.sleep(0.05)
    second = host.invoke("Look", {})
    assert second.function_error is None
    assert second.payload["pid"] != first


def test_an_exception_is_an_unhandled_error_of_a_live_process(host: LambdaHost) -> None:
    """An exception is an unhandled error, and the process lives on.

    Lambda Developer Guide, "Python function errors in Lambda": errorMessage, errorType, stackTrace.
    """
    before = host.invoke("Raise", {}).payload
    invocation = host.invoke("Raise", {"raise": True})
    assert invocation.function_error == "Unhandled"
    assert invocation.payload["errorType"] == "ValueError"
    assert invocation.payload["errorMessage"] == "ugyldig dato: «31. februar»"
    assert "handlers.py" in invocation.payload["stackTrace"][0]
    assert host.invoke("Raise", {}).payload == before


@pytest.mark.parametrize(
    ("function", "error_type", "message"),
    [
        ("MissingModule", "Runtime.ImportModuleError", "No module named 'sample.no_such_module'"),
        ("MissingHandler", "Runtime.HandlerNotFound", "no_such_handler"),
        ("RaisesAtImport", "RuntimeError", "no settings"),
        ("ExitsAtImport", "Runtime.ExitError", "exit status 7"),
    ],
)
def test_a_function_that_cannot_start_responds_why_each_time(
    host: LambdaHost, function: str, error_type: str, message: str
) -> None:
    """Lambda Developer Guide, "Troubleshoot execution issues" and "Using the Lambda runtime API": init/error."""
    for _ in range(2):
        invocation = host.invoke(function, {})
        assert invocation.function_error == "Unhandled"
        assert invocation.payload["errorType"] == error_type
        assert message in invocation.payload["errorMessage"]
        assert invocation.init_ms is not None


def test_an_initialisation_that_does_not_end_is_killed(stack: Stack) -> None:
    """Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": init has 10 seconds."""
    with LambdaHost(stack, TASK_ROOT, init_seconds=0.5) as host:
        assert host.invoke("HangsAtImport", {}).payload["errorType"] == "Sandbox.Timedout"
        assert function_processes() == []


# Payloads


@pytest.mark.parametrize(
    "event",
    ["Åse Ødegård Ærlig «»", "👩🏽‍⚕️ \U0001f9d1", "null\x00tab\tline\n", "\u2028", {"ø": "ø"}, "", None, [], 0.1],
)
def test_an_event_arrives_and_returns_unchanged(host: LambdaHost, event: Any) -> None:
    """Lambda API reference, "Invoke": the payload is JSON, in UTF-8."""
    assert host.invoke("Echo", event).payload == event


def test_events_and_results_may_have_megabytes(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Lambda quotas": 6 MB each for request and response."""
    event = "å" * 2_900_000
    assert host.invoke("Echo", event).payload == event


def test_a_response_beyond_six_megabytes_is_an_error(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Lambda quotas"; the words are those of Lambda's response."""
    invocation = host.invoke("Large", 6_291_557)
    assert invocation.function_error == "Unhandled"
    assert invocation.payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert host.invoke("Large", 10).payload == "x" * 10


# Logs


def test_what_the_function_writes_is_between_start_and_report(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions": START, END and REPORT lines."""
    invocation = host.invoke("Write", {})
    request = f"RequestId: {invocation.request_id}"
    start, first, second, third, rest, end, report = invocation.log_lines
    assert start == f"START {request} Version: $LATEST"
    assert (first, second, rest) == ("first", "second", "no line end")
    assert third.startswith("[WARNING]\t")
    assert third.endswith(f"{invocation.request_id}\tthird")
    assert end == f"END {request}"
    fields = dict(field.rsplit(": ", 1) for field in report.split("\t"))
    assert fields["REPORT RequestId"] == invocation.request_id
    assert fields["Duration"] == f"{invocation.duration_ms:.2f} ms"
    assert fields["Memory Size"] == "256 MB"
    assert fields["Max Memory Used"] == f"{invocation.max_memory_mb} MB"
    assert fields["Init Duration"] == f"{invocation.init_ms:.2f} ms"
    assert "Init Duration" not in host.invoke("Write", {}).log_lines[-1]


def test_log_lines_carry_the_request_that_was_running(stack: Stack) -> None:
    """Lines carry the request that was running, also when invocations overlap.

    Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions": logs are told apart by request id.
    """
    seen: list[Any] = []
    with LambdaHost(stack, TASK_ROOT, on_log=seen.append) as host, ThreadPoolExecutor() as pool:
        calls = list(pool.map(lambda name: host.invoke("Wait", {"seconds": 0.2, "name": name}), "ab"))
    for name, call in zip("ab", calls, strict=True):
        assert call.log_lines[1:3] == (f"waiting {name}", f"waited {name}")
        assert call.log_lines == tuple(line.text for line in seen if line.request_id == call.request_id)
    assert {line.function for line in seen} == {"Wait"}


def test_a_traceback_is_one_log_event(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Log and monitor Python Lambda functions": a multi-line error is one event."""
    lines = host.invoke("Raise", {"raise": True}).log_lines
    error = next(line for line in lines if line.startswith("[ERROR] ValueError"))
    assert "Traceback (most recent call last):\n" in error


def test_an_error_at_import_is_in_the_log_of_its_invocation(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Troubleshoot execution issues in Lambda": the import error is in the log."""
    assert any("no_such_module" in line for line in host.invoke("MissingModule", {}).log_lines)


def test_each_function_can_have_a_log_file(stack: Stack, tmp_path: Path) -> None:
    """Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": one log group per function."""
    for _ in range(2):
        with LambdaHost(stack, TASK_ROOT, log_directory=tmp_path / "logs") as host:
            host.invoke("Write", {})
            host.invoke("Echo", {})
    assert {file.name for file in (tmp_path / "logs").iterdir()} == {"Write.log", "Echo.log"}
    lines = (tmp_path / "logs" / "Write.log").read_text(encoding="utf-8").splitlines()
    assert lines.count("first") == 2


def test_the_peak_memory_of_the_process_is_reported(host: LambdaHost) -> None:
    """Lambda Developer Guide, "Configure Lambda function memory": Max Memory Used in the REPORT line."""
    small = host.invoke("Allocate", 1).max_memory_mb
    assert 5 < small < 60
    assert small + 70 < host.invoke("Allocate", 80).max_memory_mb < small + 120


# The end


def test_closing_ends_what_runs_and_leaves_no_process(stack: Stack) -> None:
    """Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": the shutdown phase."""
    host = LambdaHost(stack, TASK_ROOT)
    host.invoke("Echo", 1)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(host.invoke, "Wait", {"seconds": 60})
        wait_until(lambda: len(function_processes()) == 2)
        host.close()
        with pytest.raises(HostClosedError):
            running.result()
    assert function_processes() == []
    with pytest.raises(HostClosedError):
        host.invoke("Echo", 1)
    host.close()


def test_killing_the_host_leaves_no_process(tmp_path: Path) -> None:
    """prctl(2), PR_SET_PDEATHSIG: a function must not outlive the program that ran it, however that ended."""
    announce = tmp_path / "pid"
    arguments = [str(FIXTURES / "host_to_kill.py"), str(TEMPLATE), str(TASK_ROOT), str(announce)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, *arguments], env=environment) as process:
        assert wait_until(lambda: announce.exists() and announce.read_text(), seconds=10)
        function = int(announce.read_text())
        assert is_running(function)
        process.kill()
    assert wait_until(lambda: not is_running(function))


def test_a_function_that_is_not_in_the_template_is_named(host: LambdaHost) -> None:
    """Lambda API reference, "Invoke": ResourceNotFoundException."""
    with pytest.raises(LambdaHostError, match="no function Ekko"):
        host.invoke("Ekko", {})


def test_elsewhere_than_on_linux_the_host_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """awslambdaric is published for Linux only ("AWS Lambda Python Runtime Interface Client")."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(LambdaHostError, match="needs Linux"):
        LambdaHost(SimpleNamespace(functions=()), TASK_ROOT)  # type: ignore[arg-type]
