"""The commands of `hlf-operations` that only read, on the database that no laptop reaches.

Trigger: a person, with `hlf-operations … --stack NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.in_function import serve
from operations.through_function import Entry
from shared.bootstrap.operations import reader_ports
from shared.events import CommandEvent
from shared.observability import LogAndMetrics, guarded, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Run one command, with a login that can change nothing. Return {"exit_code": 0, "stdout": …, "stderr": …}.

    Event: {"arguments": ["status"], "language": "nb", "width": 80, "colour": false}; the last three are
    optional.
    """
    return serve(Entry.READER, CommandEvent.parse(event), reader_ports(), LogAndMetrics())
