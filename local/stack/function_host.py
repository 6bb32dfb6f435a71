"""The Lambda host on the code that is deployed: a function sees neither `.venv` nor the checkout beside its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import LambdaHostError
from emulators.lambda_host.runtime.host import LambdaHost
from local.stack import deployed_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.lambda_host.template.provision import Stack


def function_host(stack: Stack, environment: Mapping[str, str], **options: Any) -> LambdaHost:  # noqa: ANN401
    """Return a host for the functions of template.yaml. `options` are those of LambdaHost."""
    if not deployed_code.built():
        raise LambdaHostError("The libraries in .lambda/ are not those of shared/requirements.txt: make .lambda/stamp")
    layers, runtime = deployed_code.LAYERS, deployed_code.RUNTIME
    return LambdaHost(stack, deployed_code.TASK, environment, layers=layers, runtime=runtime, **options)
