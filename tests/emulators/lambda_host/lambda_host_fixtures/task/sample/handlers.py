"""Handlers that do what a test needs to see."""
# ruff: noqa: T201 - what a function prints is what is tested

import logging
import os
import subprocess
import sys
import time
from pathlib import Path


def echo(event, context):
    return event


def look(event, context):
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "directory": str(Path.cwd()),
        "path": sys.path,
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "log_group": context.log_group_name,
    }


def wait(event, context):
    print("waiting", event.get("name"), flush=True)
    if "start_child" in event:
        start_child()
    if "announce" in event:
        Path(event["announce"]).write_text(str(os.getpid()))
    time.sleep(event["seconds"])
    print("waited", event.get("name"))
    return os.getpid()


def start_child():
    child = subprocess.Popen(["sleep", "60"])
    print(f"child={child.pid}", flush=True)


def crash(event, context):
    print("about to end")
    if "start_child" in event:
        start_child()
    if "exit" in event:
        os._exit(event["exit"])
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
        time.sleep(5)
    return os.getpid()


def fail(event, context):
    if event.get("raise"):
        raise ValueError("ugyldig dato: «31. februar»")
    return os.getpid()


def write(event, context):
    print("first")
    print("second", file=sys.stderr)
    logging.getLogger().warning("third")
    sys.stdout.write("no line end")


def large(event, context):
    return "x" * event


def allocate(event, context):
    held = b"x" * (event * 1024 * 1024)
    return len(held)
