"""What this process counts, for Prometheus. docs/operating.md lists every name; a test compares.

Labels take values of our own code only (kinds, stages, route templates, the configured model), so
that no client can make their number grow.
"""

from prometheus_client import Counter, Gauge, Histogram

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MODEL = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

HTTP = Histogram(
    "gonogo_http_request_seconds",
    "time to the end of an answer",
    ("method", "route", "status"),
    buckets=_QUICK,
)
COMMANDS = Histogram(
    "gonogo_command_seconds",
    "time until a command was answered",
    ("kind", "outcome"),
    buckets=_QUICK,
)
STOPS = Histogram(
    "gonogo_stop_seconds",
    "time from the order to a stop in force",
    buckets=_QUICK,
)
SWEEPS = Counter("gonogo_sweeps_total", "rounds over commands left half-way", ("outcome",))
SWEPT = Counter("gonogo_swept_commands_total", "commands that a sweep brought to an end")
ACTIVITIES = Histogram(
    "gonogo_activity_seconds",
    "time of one attempt of an activity",
    ("activity", "where", "outcome"),
    buckets=(*_QUICK, 60, 120, 300, 3_600),
)
RETRIES = Counter(
    "gonogo_activity_retries_total", "attempts after the first", ("activity", "where")
)
MODEL_CALLS = Histogram(
    "gonogo_model_call_seconds",
    "time of one call of the model endpoint",
    ("model", "outcome"),
    buckets=_MODEL,
)
MODEL_TOKENS = Counter(
    "gonogo_model_tokens_total", "tokens the endpoint says it took", ("model", "direction")
)
MODEL_COST = Counter(
    "gonogo_model_cost_total", "tokens by the prices of the settings, in their currency", ("model",)
)
WEDGED = Gauge("gonogo_workflows_wedged", "workflows whose tasks fail over and over")
RECORD_FAULTS = Gauge("gonogo_record_faults", "faults that the last verification found")
RECORD_VERIFIED = Gauge(
    "gonogo_record_verified_seconds", "when the record was verified last, in Unix time"
)
CHECKPOINT_ALARM = Gauge(
    "gonogo_checkpoint_alarm", "1 while the record contradicts what was signed of it"
)
