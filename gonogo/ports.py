"""Ports for servers that a check starts: free, free again after a server was killed, and given to
no other process that asks here.

Not from the range out of which the kernel serves outgoing connections and port 0: there, between
two starts of a server, somebody else's connection can sit on its port, or a client that tries the
dead port for long enough is connected to itself. And from a block that this process locks for as
long as it lives: between the moment when a port is found free and the one when a loaded machine
has brought its server so far as to listen lie seconds, in which a second run of checks beside
this one would find the same port free.
"""

import contextlib
import fcntl
import functools
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _BLOCK = 15_000, 100


def free_ports(count: int) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nobody listens. A port comes again only after
    all others of the block. Raises `RuntimeError` when there are not so many."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in itertools.islice(_ports(), _BLOCK):
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError(f"no {count} of {_BLOCK} ports are free: end what listens on them")


@functools.cache
def _ports() -> Iterator[int]:
    return itertools.cycle(_claimed())


def _claimed() -> range:
    """A block that no other living process has claimed; its lock goes with this process."""
    highest = int(_RANGE.read_text("ascii").split()[0]) if _RANGE.exists() else 32_768
    lowest = _LOWEST if highest - _LOWEST >= 1_000 else 1_024
    blocks = range(lowest, highest - _BLOCK + 1, _BLOCK)
    locks = Path(tempfile.gettempdir()) / f"gonogo-ports-{os.getuid()}"
    locks.mkdir(mode=0o700, exist_ok=True)
    for first in random.SystemRandom().sample(blocks, len(blocks)):
        lock = os.open(locks / str(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return range(first, first + _BLOCK)  # `lock` stays open: the kernel keeps it with us
    raise RuntimeError(f"all {len(blocks)} blocks of ports are claimed; see {locks}")
