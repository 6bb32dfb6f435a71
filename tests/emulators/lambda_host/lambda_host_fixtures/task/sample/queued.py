"""A handler that tells which messages it got, and does with them what they say."""
# ruff: noqa: T201 - what a function prints is what is tested

import json
import os
import time


def take(event, context):
    reported = {"at": time.time(), "pid": os.getpid(), "event": event}
    print(json.dumps(reported), flush=True)
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"]) if record["body"].startswith("{") else {}
        time.sleep(body.get("sleep", 0))
        if "raise" in body:
            raise ValueError(body["raise"])
        if "reply" in body:
            return body["reply"]
        if body.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def count(event, context):
    """Tell no more than how many: an event of megabytes is no line for a log."""
    print(json.dumps({"at": time.time(), "records": len(event["Records"])}), flush=True)
