"""Ports of checks: free, different, and never the same for two processes at once."""

import itertools
import socket
import subprocess
import sys

import pytest

from gonogo import ports
from gonogo.ports import free_ports

_ASK = "from gonogo.ports import free_ports; print(*free_ports(3), flush=True); input()"


def test_ports_are_different_and_can_be_listened_on() -> None:
    found = free_ports(4) + free_ports(4)
    assert len(set(found)) == 8
    for port in found:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = free_ports(2)
    monkeypatch.setattr(ports, "_ports", lambda: itertools.cycle([taken, other]))
    with socket.create_server(("127.0.0.1", taken)):
        assert free_ports(1) == [other]


def test_a_port_comes_again_only_after_all_others() -> None:
    (first,) = free_ports(1)
    assert first not in [free_ports(1)[0] for _ in range(ports._BLOCK // 2)]


def test_two_processes_are_never_given_the_same_block() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    blocks = []
    for one in asking:
        assert one.stdout
        blocks.append({int(port) // ports._BLOCK for port in one.stdout.readline().split()})
    for one in asking:
        one.communicate("\n")
    blocks.append({port // ports._BLOCK for port in free_ports(3)})
    assert [len(block) for block in blocks] == [1] * 7
    assert len(set.union(*blocks)) == 7


def test_more_than_there_are_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="end what listens"):
        free_ports(ports._BLOCK + 1)
