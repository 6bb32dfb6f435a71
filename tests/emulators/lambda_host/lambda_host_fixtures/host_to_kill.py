"""Runs a host with a busy function until it is killed. Arguments: template, task root, a file to announce in."""

import sys
from pathlib import Path

from local.lambda_host.host import LambdaHost
from local.lambda_host.provision import Stack
from local.lambda_host.template import load_template

template, task_root, announce = sys.argv[1:]
with LambdaHost(Stack(load_template(Path(template))), Path(task_root)) as host:
    host.invoke("Wait", {"seconds": 60, "announce": announce}, timeout_override=60)
