"""A command on its way: its ids on every log line, its time and outcome counted."""

import contextlib
import time
from collections.abc import Iterator

from structlog.contextvars import bound_contextvars

from api.errors import Problem
from gonogo.telemetry.meters import COMMANDS
from gonogo.telemetry.tracing import span
from policies.errors import Refused
from policies.lifecycle.kernel import Command
from policies.lifecycle.machines import MACHINES


class Way:
    """Where a command got to; `outcome` is what is counted."""

    outcome = "answered"


@contextlib.contextmanager
def following(machine: str, command: Command) -> Iterator[Way]:
    """Bind and count. Kinds are those the machine knows: a client cannot invent label values."""
    known = command.kind in MACHINES[machine].causes
    kind = f"{machine}/{command.kind if known else 'other'}"
    began, way = time.monotonic(), Way()
    try:
        with (
            bound_contextvars(command_id=command.id, subject=command.subject),
            span(
                f"command {kind}",
                gonogo__command_id=command.id,
                gonogo__subject=command.subject,
            ),
        ):
            yield way
    except Refused:
        way.outcome = "refused"
        raise
    except Problem as fault:
        way.outcome = fault.code
        raise
    except BaseException:
        way.outcome = "failed"
        raise
    finally:
        COMMANDS.labels(kind, way.outcome).observe(time.monotonic() - began)
