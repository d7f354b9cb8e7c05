"""One look at one part: what was found, how bad that is, what to do, and what may be mended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from gonogo.redaction import Redaction

State = Literal["ok", "warn", "fail"]
SKEW_WARN_S, SKEW_FAIL_S = 2.0, 30.0


@dataclass(frozen=True)
class Check:
    """`remedy` is empty when there is nothing to do. `mend` does what is safe to do unasked: it
    loses nothing, stops nothing, and doing it twice is doing it once. It says what it did."""

    state: State
    name: str
    found: str
    remedy: str = ""
    mend: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    def as_value(self) -> dict[str, str | bool]:
        return {
            "state": self.state,
            "name": self.name,
            "found": self.found,
            "remedy": self.remedy,
            "fixable": self.mend is not None,
        }


def foreseen(name: str, fault: Exception) -> Check:
    """A failed check instead of a traceback; the words of the fault without secrets."""
    return Check(
        "fail",
        name,
        Redaction().text(f"{type(fault).__name__}: {str(fault)[:200]}"),
        "see the line above, and the logs in the data folder",
    )


def clock(name: str, ahead_s: float) -> Check:
    """`ahead_s`: by how much this machine's clock is ahead of the other's."""
    apart = abs(ahead_s)
    state: State = "ok" if apart < SKEW_WARN_S else "warn" if apart < SKEW_FAIL_S else "fail"
    return Check(
        state,
        "clock",
        f"{apart:.0f} s apart from {name}",
        "" if state == "ok" else "let both machines follow a time server",
    )


class Stopwatch:
    ms = 0.0

    def __str__(self) -> str:
        return f"{self.ms:.0f} ms"


@contextmanager
def timed() -> Iterator[Stopwatch]:
    watch, began = Stopwatch(), time.monotonic()
    try:
        yield watch
    finally:
        watch.ms = (time.monotonic() - began) * 1000
