"""Runs a host with a busy function until it is killed. Arguments: template, task root, a file to announce in."""

import sys
from pathlib import Path

from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack

template, task_root, announce = sys.argv[1:]
with LambdaHost(Stack(load_template(Path(template))), Path(task_root)) as host:
    host.invoke("Wait", {"seconds": 60, "announce": announce}, timeout_override=60)
