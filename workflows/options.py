"""Timeouts and retries by meaning. Every retry is bounded or says why it is not."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class Local(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class Regular(TypedDict, total=False):
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


# Never worth another try: the input or the installation is wrong, not the moment.
FINAL_ERRORS = [
    "Refused",
    "ValueError",
    "TypeError",
    "KeyError",
    "UnknownStore",
    "PackFault",
    "ValidationError",
    "NotImplementedError",
]

# A question to our own database. An Update waits for it, so few attempts.
QUICK = Local(
    start_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        maximum_attempts=3,
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# The same, while the database is down: it waits as long as it takes, for nothing may be lost.
LASTING = Regular(
    start_to_close_timeout=timedelta(seconds=40),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# A static scan of an ordinary bundle takes milliseconds. The answer to *submit* waits for it, so
# this look is short and made once; what takes longer is looked at again at leisure.
GLANCE = Local(
    start_to_close_timeout=timedelta(seconds=1),
    retry_policy=RetryPolicy(maximum_attempts=1),
)
# The same at leisure: it reads at most one bundle.
SCAN = Regular(
    start_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=1),
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# A whole test plan against a model; its cases are kept one by one, so a retry goes on.
MODEL_CALL = Regular(
    start_to_close_timeout=timedelta(hours=6),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=2),
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# A simulation that nothing waits for: done if it can be, given up if it cannot.
ASIDE = Regular(
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_attempts=3,
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# One workflow commands another.
COMMAND = Regular(
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=FINAL_ERRORS,
    ),
)
# A look at a stranger's DNS and web server: once, since the person who asked waits for it.
LOOK = Regular(
    start_to_close_timeout=timedelta(seconds=8),
    retry_policy=RetryPolicy(maximum_attempts=1),
)
# Erasing by digest, at most everything of one publisher; killed, it goes on where it was.
ERASE = Regular(
    start_to_close_timeout=timedelta(hours=6),
    heartbeat_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)
    ),
)
PROBE_QUEUE = "gonogo-probes"
# A lane of notices waits for something to do and then works on it. It must never end: while the
# database is away it waits as long as it takes, and a worker that was killed is missed in 30 s.
LANE = Regular(
    start_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
    ),
)
