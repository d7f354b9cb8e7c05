"""Ports for servers that a check starts: free, and free again after a server was killed.

Not from the range out of which the kernel serves outgoing connections and port 0: there, between
two starts of a server, somebody else's connection can sit on its port, or a client that tries the
dead port for long enough is connected to itself.
"""

import contextlib
import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _TRIES = 15_000, 1_000


def free_ports(count: int) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nobody listens."""
    highest = int(_RANGE.read_text("ascii").split()[0]) if _RANGE.exists() else 32_768
    lowest = _LOWEST if highest - _LOWEST >= 1_000 else 1_024
    draw = random.SystemRandom()
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for _ in range(_TRIES):
            if len(found) == count:
                return found
            port = draw.randrange(lowest, highest)
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    raise RuntimeError(f"no {count} free ports between {lowest} and {highest}")
