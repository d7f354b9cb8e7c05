"""When a forecast of a launch is kept without anybody asking: each time its way becomes earnest.

What is said as the gates open, as the poll opens and as the countdown begins is what people decide
on; kept then, it is scored when the launch is over.
"""

from policies.lifecycle.kernel import iso
from policies.lifecycle.launch_state import Launch, Status

_EARNEST = frozenset({Status.GATING, Status.POLL, Status.COUNTDOWN})


def forecast_point(s: Launch) -> str | None:
    """A name for the point at which `s` stands, the same as long as neither its state nor its date
    is another; None where no forecast is kept."""
    if s.status not in _EARNEST or s.target is None or s.target.end is None:
        return None
    return f"{s.status.value}:{iso(s.since)}:{s.target.label}"
