"""The API as the command line uses it: one key per command, repeats that change nothing."""

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from gonogo.cli.exits import REFUSED, STRANGER, UNAVAILABLE, USAGE, Failure
from gonogo.cli.words import remedy_of

LONG_POLL_S = 30
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TRIES = 4
_PENDING_S = 120.0  # how long a command may stay without an answer


class Refusal(Failure):
    """The API said no. `problem` is its RFC 9457 body."""

    def __init__(self, problem: Mapping[str, Any], exit_code: int) -> None:
        self.code = str(problem.get("type", "")).rpartition("/")[2]
        self.problem = problem
        super().__init__(
            str(problem.get("title") or "Refused"),
            _detail(problem),
            remedy_of(self.code),
            exit_code=exit_code,
            value=dict(problem),
        )


def _detail(problem: Mapping[str, Any]) -> str:
    """The sentence, and one line per fault of the request. Faults of a bundle are a table."""
    lines = [str(problem.get("detail") or "")]
    if not str(problem.get("type")).endswith("/bundle-refused"):
        for fault in problem.get("faults", ()):
            known = fault.get("known")
            lines.append(
                f"{fault.get('pointer', '')}: {fault.get('message', '')}"
                + (f"; known: {', '.join(known)}" if known else "")
            )
    return "\n".join(lines)


class Api:
    """Raises `Failure` with `UNAVAILABLE` when nobody answers, `Refusal` for every problem."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause_s: float = 2.0,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(
                "This is no address of an API", url, "--url http://host:port", exit_code=USAGE
            )
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise Failure(
                "A token would travel in the clear",
                url,
                "use https for another machine",
                exit_code=USAGE,
            )
        self.url, self._pause_s = url, pause_s
        self.replayed = False
        self._http = httpx.Client(
            base_url=url,
            transport=transport,
            trust_env=parts.hostname not in _LOOPBACK,
            # Reading every certificate of the machine takes longer than the whole call.
            verify=parts.scheme == "https",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=httpx.Timeout(LONG_POLL_S + 20, connect=5),
        )

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at `path`."""
        return self._answer(self._send("GET", path, params=_given(query)))

    def text(self, path: str) -> str:
        """The text at `path`: a table, a page."""
        response = self._send("GET", path)
        if not response.is_success:
            self._answer(response)
        return response.text

    def get_or_none(self, path: str, **query: Any) -> Any:
        """The JSON at `path`, None where there is nothing, or nothing for us."""
        try:
            return self.get(path, **query)
        except Refusal as refusal:
            if refusal.code in ("not-found", "not-allowed"):
                return None
            raise

    def command(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Give a command and wait for its answer. `version` is what was seen (If-Match). With a
        `key` of yours, `replayed` tells afterwards whether it was given before."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        given = _given(body or {})
        content: dict[str, Any] = {"data": given, "files": files} if files else {"json": given}
        response = self._send("POST", path, headers=headers, **content)
        self.replayed = response.headers.get("Idempotent-Replayed") == "true"
        until = time.monotonic() + _PENDING_S
        while response.status_code == 202:
            if time.monotonic() > until:
                raise Failure(
                    "No answer yet",
                    f"the command is kept; ask later at {response.url}",
                    exit_code=UNAVAILABLE,
                    value=dict(response.json()),
                )
            time.sleep(self._pause_s)
            response = self._send("GET", response.headers.get("Location", path))
        value: dict[str, Any] = self._answer(response)
        return value

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Set what is at `path`; doing it again changes nothing. None where nothing is answered."""
        response = self._send("PUT", path, json=_given(body or {}))
        return None if response.status_code == 204 else self._answer(response)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send, again if the answer got lost or the API asks for it: same key, so once."""
        for attempt in range(1, _TRIES + 1):
            last = attempt == _TRIES
            try:
                response = self._http.request(method, path, **request)
            except httpx.ConnectError as fault:
                raise self._nobody(fault) from fault
            except httpx.TransportError as fault:
                if last:
                    raise self._nobody(fault) from fault
            else:
                if last or response.status_code != 503 or "retry-after" not in response.headers:
                    return response
            time.sleep(self._pause_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _nobody(self, fault: httpx.TransportError) -> Failure:
        return Failure(
            "The API does not answer",
            f"{self.url}: {fault or type(fault).__name__}",
            "is it running? `gonogo up` starts it here, `gonogo doctor` looks closer",
            exit_code=UNAVAILABLE,
        )

    def _answer(self, response: httpx.Response) -> Any:
        try:
            value = response.json()
        except ValueError:
            value = None
        if response.is_success and value is not None:
            return value
        problem = (
            value
            if isinstance(value, dict)
            else {
                "title": f"An answer that is none of ours ({response.status_code})",
                "detail": f"{response.request.url} may not be a gonogo API",
            }
        )
        raise Refusal(problem, _exit_code(response.status_code))


def _exit_code(status: int) -> int:
    if status == 401:
        return STRANGER
    return UNAVAILABLE if status >= 500 else REFUSED


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
