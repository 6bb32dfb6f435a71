"""Function URLs, held against what AWS documents: real HTTP, real function processes."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from emulators.lambda_host.errors import LambdaHostError, TemplateError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack, local_clients, provision
from emulators.lambda_host.triggers.function_urls import FunctionUrls

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROOT = Path(__file__).parent / "lambda_host_fixtures" / "task"
HEAD = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
JSON = {"Content-Type": "application/json"}
LIMIT = 6_291_456


def served(name, handler="echo", url="AuthType: NONE", extra=""):
    """A function with a URL."""
    return f"""
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.web.{handler}
      Runtime: python3.13
      FunctionUrlConfig: {{{url}}}
      {extra}
"""


CORS = (
    "AllowOrigins: ['https://a.example', 'https://b.example'], AllowMethods: [GET, POST], AllowHeaders: [x-one, x-two],"
    " ExposeHeaders: [x-three], MaxAge: 300, AllowCredentials: true"
)
TEMPLATE = (
    HEAD
    + served("Echo")
    + served("Answer", "reply")
    + served("Size", "size")
    + served("Fail", "fail")
    + served("Waiting", extra="ReservedConcurrentExecutions: 0")
    + served("Signed", url="AuthType: AWS_IAM")
    + served("Shared", "reply", f"AuthType: NONE, Cors: {{{CORS}}}")
    + served("Open", "reply", "AuthType: NONE, Cors: {AllowOrigins: ['*'], AllowMethods: ['*']}")
)


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionUrls]:
    path = tmp_path_factory.mktemp("urls") / "template.yaml"
    path.write_text(TEMPLATE)
    stack = Stack(load_template(path))
    with LambdaHost(stack, TASK_ROOT) as host, FunctionUrls(stack, host) as urls:
        yield urls


@pytest.fixture
def ask(urls: FunctionUrls) -> Iterator[Any]:
    """One request to a function's URL: the response, with its body read."""
    connections = []

    def ask(name, method="GET", path="/", body=None, headers=None):
        connection = http.client.HTTPConnection(urlsplit(urls.url(name)).netloc)
        connections.append(connection)
        connection.request(method, path, body, headers or {})
        reply: Any = connection.getresponse()
        reply.body = reply.read()
        return reply

    yield ask
    for connection in connections:
        connection.close()


def reply_to(ask, reply, name="Answer", headers=None):
    """The response for what a function returns."""
    return ask(name, "POST", body=json.dumps(reply), headers={**JSON, **(headers or {})})


# The request


def test_a_request_becomes_an_event_of_payload_format_2(ask: Any, urls: FunctionUrls) -> None:
    """ "Invoking Lambda function URLs", "Request payload format"; what is not in the request is not in the event."""
    before = time.time() * 1000
    headers = {"User-Agent": "agent/1", "X-Signature": "a", **JSON}
    reply = ask("Echo", "POST", "/my/p%C3%A5th?a=1&a=%C3%B8&b=&c=3", '{"hei": "på"}'.encode(), headers)
    got = json.loads(reply.body)
    event = got["event"]
    netloc = urlsplit(urls.url("Echo")).netloc
    context = event.pop("requestContext")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/p%C3%A5th",
        "rawQueryString": "a=1&a=%C3%B8&b=&c=3",
        "queryStringParameters": {"a": "1,ø", "b": "", "c": "3"},
        "headers": {
            "accept-encoding": "identity",
            "content-length": "14",
            "content-type": "application/json",
            "host": netloc,
            "user-agent": "agent/1",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": netloc.partition(":")[2],
            "x-forwarded-proto": "http",
            "x-signature": "a",
        },
        "body": '{"hei": "på"}',
        "isBase64Encoded": False,
    }
    assert context.pop("http") == {
        "method": "POST",
        "path": "/my/p%C3%A5th",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "agent/1",
    }
    epoch = context.pop("timeEpoch")
    assert before - 1 <= epoch <= time.time() * 1000
    assert context.pop("time") == time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(epoch / 1000))
    assert context.pop("requestId") == got["request_id"] == reply.headers["x-amzn-requestid"]
    assert context.pop("apiId") == context.pop("domainPrefix")
    assert context == {
        "accountId": "anonymous",
        "domainName": netloc,
        "routeKey": "$default",
        "stage": "$default",
    }


def test_a_bare_request_has_no_body_no_query_and_no_cookies(ask: Any) -> None:
    """ "Invoking Lambda function URLs": parameters that do not apply are left out."""
    event = json.loads(ask("Echo").body)["event"]
    assert not {"body", "queryStringParameters", "cookies"} & event.keys()
    assert (event["rawPath"], event["rawQueryString"], event["isBase64Encoded"]) == ("/", "", False)


def test_headers_that_repeat_are_joined_and_cookies_are_listed(urls: FunctionUrls) -> None:
    """ "Invoking Lambda function URLs": "header2": "value1,value2"; cookies as an array."""
    address = urlsplit(urls.url("Echo"))
    with socket.create_connection((address.hostname, address.port)) as connection:
        lines = ["GET / HTTP/1.1", "Host: x", "X-Two: 1", "X-TWO: 2", "Cookie: a=1; b=2", "Cookie: c=3", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        event = json.loads(response.read())["event"]
    assert event["headers"]["x-two"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert event["headers"]["cookie"] == "a=1; b=2; c=3"


@pytest.mark.parametrize(
    ("headers", "base64"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, False),
        ({"Content-Type": "text/csv"}, False),
        ({"Content-Type": "application/xml"}, False),
        ({"Content-Type": "application/octet-stream"}, True),
        ({"Content-Type": "application/x-www-form-urlencoded"}, True),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, True),
        ({}, True),
    ],
)
def test_a_body_that_is_not_text_by_its_type_is_in_base64(ask: Any, headers: Any, base64: bool) -> None:
    """ "Invoking Lambda function URLs": body, isBase64Encoded."""
    event = json.loads(ask("Echo", "POST", body=b"abc", headers=headers).body)["event"]
    assert (event["body"], event["isBase64Encoded"]) == (("YWJj", True) if base64 else ("abc", False))


def test_a_body_that_only_says_it_is_text_is_in_base64(ask: Any) -> None:
    """An event is JSON, so it can hold no bytes that are no text."""
    event = json.loads(ask("Echo", "POST", body=b"\xff", headers=JSON).body)["event"]
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


# The response


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("Hello, world!", b'"Hello, world!"'),
        ({"a": "\u00e6"}, '{"a": "\u00e6"}'.encode()),
        ([1], b"[1]"),
        (None, b"null"),
    ],
)
def test_what_has_no_status_is_the_body_of_a_200(ask: Any, value: Any, body: Any) -> None:
    """ "Invoking Lambda function URLs", "Response payload format": Lambda infers the response format."""
    reply = reply_to(ask, value)
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-length"] == str(len(body))


def test_a_response_has_the_functions_headers_and_cookies(ask: Any) -> None:
    """A response has the function's status, headers, cookies and body.

    "Invoking Lambda function URLs", "Cookies": each becomes a set-cookie header.
    """
    reply = reply_to(
        ask,
        {
            "statusCode": 201,
            "headers": {"Content-Type": "text/plain", "My-Custom-Header": "Custom Value", "X-Number": 7},
            "cookies": ["a=1; Max-Age=5", "b=2"],
            "body": "hei",
        },
    )
    assert (reply.status, reply.body) == (201, b"hei")
    assert (reply.headers["my-custom-header"], reply.headers["x-number"]) == ("Custom Value", "7")
    assert reply.headers.get_all("content-type") == ["text/plain"]
    assert reply.headers.get_all("set-cookie") == ["a=1; Max-Age=5", "b=2"]


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        ({"statusCode": 202}, 202, b""),
        ({"statusCode": "418", "body": "teapot"}, 418, b"teapot"),
        ({"statusCode": 200, "body": "AAH/", "isBase64Encoded": True}, 200, b"\x00\x01\xff"),
        ({"statusCode": 204, "body": "x"}, 204, b""),
        ({"statusCode": 503, "body": None, "headers": None, "cookies": None}, 503, b""),
    ],
)
def test_parts_of_a_response_may_be_missing(ask: Any, value: Any, status: int, body: bytes) -> None:
    """ "Invoking Lambda function URLs", "Response payload format"."""
    reply = reply_to(ask, value)
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "often"},
        {"statusCode": 99},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "***", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "cookies": "a=1"},
    ],
)
def test_a_response_that_is_none_is_a_bad_gateway(ask: Any, value: Any) -> None:
    """ "Troubleshooting": a response in the wrong format is answered with 502."""
    reply = reply_to(ask, value)
    assert (reply.status, reply.body) == (502, b"Internal Server Error")


def test_a_function_that_fails_is_a_bad_gateway_without_reason(ask: Any) -> None:
    """ "Invoking Lambda function URLs": a function error is 502."""
    reply = ask("Fail")
    assert (reply.status, reply.body) == (502, b"Internal Server Error")


def test_a_throttled_function_is_429(ask: Any) -> None:
    """ "Throttling function URLs": HTTP 429 when the function has no concurrency left."""
    reply = ask("Waiting")
    assert (reply.status, json.loads(reply.body)["message"]) == (429, "Rate Exceeded.")
    assert reply.headers["x-amzn-errortype"] == "TooManyRequestsException"


@pytest.mark.parametrize("size", [LIMIT - 100, LIMIT + 1, LIMIT + 2_000_000])
def test_more_than_six_megabytes_are_refused(ask: Any, size: Any) -> None:
    """ "Lambda quotas": 6 MB for the request of a synchronous invocation, which is the event."""
    reply = ask("Size", "POST", body=b"x" * size, headers={"Content-Type": "text/plain"})
    assert reply.status == 413
    assert reply.headers["x-amzn-errortype"] == "RequestTooLargeException"
    assert json.loads(reply.body)["message"].endswith("invocation type (limit 6291456 bytes)")


def test_almost_six_megabytes_arrive(ask: Any) -> None:
    """ "Lambda quotas": up to the limit."""
    reply = ask("Size", "POST", body=b"x" * (LIMIT - 2000), headers={"Content-Type": "text/plain"})
    assert (reply.status, reply.body) == (200, str(LIMIT - 2000).encode())


def test_a_url_that_wants_a_signature_lets_nobody_in(ask: Any) -> None:
    """ "Control access to Lambda function URLs": AWS_IAM; signatures are not checked here, so none is good."""
    reply = ask("Signed")
    assert (reply.status, json.loads(reply.body)) == (403, {"Message": "Forbidden"})
    assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"


# Other origins


def preflight(ask, name, origin="https://a.example", method="POST"):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    reply = ask(name, "OPTIONS", headers=headers)
    granted = {key.lower().removeprefix("access-control-"): value for key, value in reply.getheaders()}
    return reply, {key: granted[key] for key in granted.keys() - {"date", "content-length", "x-amzn-requestid", "vary"}}


def test_a_preflight_is_served_by_the_settings(ask: Any) -> None:
    """The settings respond to a preflight request, and the function does not run.

    "Cross-origin resource sharing (CORS)": the headers Lambda supports for function URLs.
    """
    reply, granted = preflight(ask, "Shared")
    assert (reply.status, reply.body) == (200, b"")
    assert granted == {
        "allow-origin": "https://a.example",
        "allow-credentials": "true",
        "allow-methods": "GET,POST",
        "allow-headers": "x-one,x-two",
        "max-age": "300",
    }
    assert preflight(ask, "Open")[1] == {"allow-origin": "*", "allow-methods": "*"}


@pytest.mark.parametrize("wrong", [{"origin": "https://c.example"}, {"method": "DELETE"}])
def test_a_preflight_for_what_is_not_allowed_grants_nothing(ask: Any, wrong: Any) -> None:
    """ "Cross-origin resource sharing (CORS)": AllowOrigins, AllowMethods."""
    reply, granted = preflight(ask, "Shared", **wrong)
    assert (reply.status, granted) == (200, {})


def test_other_responses_get_the_settings_headers_too(ask: Any) -> None:
    """ "Cross-origin resource sharing (CORS)": Lambda adds the configured headers to all responses."""
    own = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://own.example"}}
    headers = reply_to(ask, own, "Shared", {"Origin": "https://b.example"}).headers
    assert headers.get_all("access-control-allow-origin") == ["https://own.example", "https://b.example"]
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["access-control-expose-headers"] == "x-three"
    assert headers["access-control-allow-methods"] is None
    stranger = reply_to(ask, {"statusCode": 200}, "Shared", {"Origin": "https://c.example"}).headers
    assert stranger["access-control-allow-origin"] is None


def test_without_settings_an_options_request_is_the_functions(ask: Any) -> None:
    """ "Cross-origin resource sharing (CORS)": the function may do it by itself."""
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    event = json.loads(ask("Echo", "OPTIONS", headers=headers).body)["event"]
    assert event["requestContext"]["http"]["method"] == "OPTIONS"


# Connections and addresses


def test_a_connection_is_kept_and_costs_little(urls: FunctionUrls) -> None:
    """A webhook is sent for every change: what the URL adds to the function must not be felt."""
    connection = http.client.HTTPConnection(urlsplit(urls.url("Echo")).netloc)

    def call():
        began = time.perf_counter()
        connection.request("POST", "/", b"{}", JSON)
        connection.getresponse().read()
        return time.perf_counter() - began

    call()
    used = connection.sock
    assert statistics.median(call() for _ in range(30)) < 0.01
    assert connection.sock is used
    connection.close()


def test_requests_that_overlap_are_answered_each(ask: Any) -> None:
    """Lambda Developer Guide, "Understanding Lambda function scaling": one environment, one request at a time."""
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda number: reply_to(ask, {"statusCode": 200, "body": str(number)}), range(40)))
    assert [int(reply.body) for reply in replies] == list(range(40))


def test_a_function_without_a_url_has_no_address(urls: FunctionUrls) -> None:
    """ "Creating and managing Lambda function URLs"."""
    with pytest.raises(LambdaHostError, match="Nobody has no function URL"):
        urls.url("Nobody")


def test_other_resources_can_refer_to_the_functions_address(tmp_path: Path) -> None:
    """CloudFormation template reference, AWS::Lambda::Url: Fn::GetAtt FunctionUrl; SAM names it after the function."""
    path = tmp_path / "template.yaml"
    text = (
        HEAD
        + served("Echo")
        + served("Caller", extra="Environment: {Variables: {ADDRESS: !GetAtt EchoUrl.FunctionUrl}}")
    )
    path.write_text(text + "\nOutputs: {Bell: {Value: !GetAtt EchoUrl.FunctionUrl}}\n")
    stack = provision(load_template(path), local_clients("http://127.0.0.1:1"))  # nothing of it is in an API
    address = stack.outputs["Bell"]
    with LambdaHost(stack, TASK_ROOT) as host, FunctionUrls(stack, host) as urls:
        assert urls.url("Echo") == address == stack.attribute("EchoUrl", "FunctionUrl")
        assert host.invoke("Caller", {}).payload["address"] == address
        connection = http.client.HTTPConnection(urlsplit(address).netloc)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((urlsplit(address).hostname, urlsplit(address).port))


def test_a_streaming_url_is_refused(tmp_path: Path) -> None:
    """AWS::Lambda::Url InvokeMode: RESPONSE_STREAM is not built here."""
    path = tmp_path / "template.yaml"
    path.write_text(HEAD + served("Echo", url="AuthType: NONE, InvokeMode: RESPONSE_STREAM"))
    with pytest.raises(TemplateError, match=r"EchoUrl\.InvokeMode: responses are not streamed here"):
        load_template(path)
