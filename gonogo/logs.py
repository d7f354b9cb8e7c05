"""Structured logs: one JSON object per line on stderr. Ids and codes only, never texts.

Every line bears what is bound around it: `request_id` and `actor_id` at the edge, `command_id` and
`subject` on a command's way, `workflow_id`, `run_id`, `activity` and `attempt` in a worker.
"""

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

import structlog

from gonogo.redaction import Redaction, without_words

log = structlog.stdlib.get_logger("gonogo")

# What Temporal's loggers hang on a record → the name under which we log it.
_FROM_TEMPORAL = {
    "workflow_id": "workflow_id",
    "run_id": "run_id",
    "workflow_run_id": "run_id",
    "workflow_type": "workflow",
    "activity_type": "activity",
    "attempt": "attempt",
}
_CHATTY = (
    "httpx",
    "httpcore",
    "httpx2",
    "httpcore2",
    "openai",
    "alembic",
    "aiosmtplib",
    "asyncio",
    "opentelemetry",
    "authlib",
)


def configure_logs(level: str, secrets: Iterable[str] = (), service: str = "") -> None:
    """Send our logs and those of libraries through one pipeline. `secrets` never appear in it."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _temporal_ids],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _of_service(service),
                Redaction(secrets),
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _of_service(service: str) -> structlog.typing.Processor:
    def add(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        if service:
            event["service"] = service
        return event

    return add


def _temporal_ids(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The ids that `workflow.logger` and `activity.logger` know; silent while replaying."""
    record = event.get("_record")
    for extra in ("temporal_workflow", "temporal_activity"):
        told = getattr(record, extra, None)
        if isinstance(told, Mapping):
            for name, ours in _FROM_TEMPORAL.items():
                if name in told:
                    event.setdefault(ours, told[name])
    return event
