"""Handlers behind function URLs."""

import base64
import json
import os


def echo(event, context):
    return {"event": event, "request_id": context.aws_request_id, "address": os.environ.get("ADDRESS")}


def reply(event, context):
    """Return what the request's body says."""
    body = event["body"]
    return json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)


def size(event, context):
    return len(event["body"])


def fail(event, context):
    raise ValueError("no")
