"""The environment variables of a function's process: the template's, Lambda's own, and nothing of this machine's.

Source: "Defined runtime environment variables" in the AWS Lambda Developer Guide.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from emulators.lambda_host.template.resources import Function


def process_environment(
    function: Function, runtime_api: str, log_stream: str, code: Sequence[Path], extra: Mapping[str, str]
) -> dict[str, str]:
    """Return all variables of one process. `code` is the path: the task root, the layers; `extra` wins over all."""
    region = function.arn.split(":")[3]
    replaceable = {
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        # The runtime signs with these; local servers do not check them, and they are valid nowhere.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
    }
    reserved = {
        "_HANDLER": function.handler,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logging.log_group or f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": region,
        "LAMBDA_TASK_ROOT": str(code[0]),
    }
    if function.logging.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        reserved["AWS_LAMBDA_LOG_LEVEL"] = function.logging.application_level
    own_path = function.environment.get("PYTHONPATH")
    python_path = [str(path) for path in code] + ([own_path] if own_path else [])
    return {
        **replaceable,
        **function.environment,
        **reserved,
        "PYTHONPATH": os.pathsep.join(python_path),
        **extra,
    }
