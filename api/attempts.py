"""Failed attempts to sign in, counted per address.

No secret here can be guessed (tokens have 190 random bits); this keeps a mistaken or hostile
program from occupying the database and the identity provider. It lives in memory: every API
process counts for itself, a restart forgets, nothing is written about anybody.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from api.errors import Problem

MOST, WITHIN_S = 20, 300.0
_ADDRESSES = 10_000


class Attempts:
    """`clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def require_few(self, address: str) -> None:
        """Raises `too-many-attempts` while `address` failed too often of late."""
        failed = self._recent(address)
        if failed is not None and len(failed) >= MOST:
            wait = max(1, int(failed[0] + WITHIN_S - self._clock()) + 1)
            raise Problem(
                "too-many-attempts",
                f"from this address, signing in failed {MOST} times within "
                f"{WITHIN_S / 60:.0f} minutes; try again in {wait} s",
                headers={"Retry-After": str(wait)},
            )

    def failed(self, address: str) -> None:
        found = self._failed.setdefault(address, deque(maxlen=MOST))
        found.append(self._clock())
        self._failed.move_to_end(address)
        while len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)

    def _recent(self, address: str) -> deque[float] | None:
        found = self._failed.get(address)
        while found and found[0] <= self._clock() - WITHIN_S:
            found.popleft()
        if found is not None and not found:
            del self._failed[address]
        return found
