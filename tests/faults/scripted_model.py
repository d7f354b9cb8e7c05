"""A model server as a process of its own, which writes down every call from outside.

python -m tests.faults.scripted_model PORT LOG

LOG gets a line of JSON at a call's start and at its end: `at` (seconds since 1970), `what`, and
`call`, the digest of what was asked. Instructions that hold TOO LONG meet an endpoint whose context
is smaller; those that hold STUMBLES meet one that fails every third time.
"""

import hashlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.api.store import MODEL
from tests.fake_model import FakeModel, Reply

ANSWER_S = 0.03


def call_of(messages: list[dict[str, Any]]) -> str:
    """What was asked, as one digest; transcripts hold the same messages."""
    told = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


class Script:
    def __init__(self, log: Path) -> None:
        self._log, self._lock, self._count = log, threading.Lock(), 0

    def write(self, what: str, call: str = "") -> int:
        """One line, appended in one piece. Returns how many lines this process wrote."""
        line = json.dumps({"at": time.time(), "pid": os.getpid(), "what": what, "call": call})
        with self._lock:
            self._count += 1
            with self._log.open("a") as log:
                log.write(line + "\n")
            return self._count

    def __call__(self, ask: dict[str, Any]) -> Reply:
        call = call_of(ask["messages"])
        count = self.write("start", call)
        time.sleep(ANSWER_S)
        self.write("end", call)
        instructions = str(ask["messages"][0]["content"])
        if "TOO LONG" in instructions:
            error = {"error": {"code": "context_length_exceeded", "message": "", "type": ""}}
            return Reply(status=400, raw=json.dumps(error))
        if "STUMBLES" in instructions and count % 3 == 0:
            return Reply("busy", status=503, headers={"retry-after": "1"})
        return Reply("A star.", model=MODEL)


def main(port: int, log: Path) -> None:
    script = Script(log)
    script.write("boot")
    with FakeModel(script, port):
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
