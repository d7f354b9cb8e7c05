"""`oidc-provider-mock` in a process of its own, with a switch for every way of lying.

    with running() as url: ...        PUT {url}/lie {"how": "nonce"}      GET {url}/seen

A process, because the library warns about its own imports, and warnings are errors in tests. What
is forged is signed with the provider's own key, so that a test of the nonce tests the nonce.
"""

import base64
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

LIES = (
    "signature",
    "payload",
    "none",
    "hs256",
    "other-key",
    "nonce",
    "no-nonce",
    "issuer",
    "audience",
    "more-audiences",
    "expired",
    "from-the-future",
    "no-subject",
    "no-id-token",
    "token-not-json",
    "discovery-issuer",
    "discovery-http",
    "discovery-list",
    "only-none",
    "huge",
    "packed",
    "down",
)


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The provider's issuer, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.provider"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Liar:
    """WSGI around the mock. It answers truly until it is told `how` to lie."""

    def __init__(self, flask: Any) -> None:
        self._flask, self._app, self._how = flask, flask.wsgi_app, ""
        self._seen: dict[str, Any] = {}
        self._key: Any = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        if request.path == "/lie":
            self._how = json.loads(request.get_data())["how"]
            return Response("{}")(environ, start)
        if request.path == "/seen":
            return Response(json.dumps(self._seen))(environ, start)
        if self._how == "down":
            return Response("away", 503)(environ, start)
        if request.path == "/oauth2/token":
            body = request.get_data()
            form = dict(Request(_again(environ, body)).form)
            self._seen["token"] = {**form, "authorization": request.headers.get("Authorization")}
            environ = _again(environ, body)
        if request.path == "/oauth2/authorize":
            self._seen["authorize"] = dict(request.args)
        answer = Response.from_app(self._app, environ, buffered=True)
        if request.path == "/oauth2/token" and answer.status_code == 200:
            self._about_tokens(answer)
        if request.path == "/.well-known/openid-configuration":
            self._about_itself(answer)
        return answer(environ, start)

    def _about_itself(self, answer: Any) -> None:
        told = json.loads(answer.get_data())
        match self._how:
            case "discovery-issuer":
                told["issuer"] = "https://accounts.example"
            case "discovery-http":
                told["token_endpoint"] = "http://198.51.100.7/oauth2/token"
            case "discovery-list":
                told = [told]
            case "only-none":
                told["id_token_signing_alg_values_supported"] = ["none", "HS256"]
            case "huge":
                told["padding"] = "x" * 1_000_000
            case "packed":
                answer.headers["Content-Encoding"] = "gzip"
            case "post-only":  # no lie, but another way
                told["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
            case "none" | "hs256":
                told["id_token_signing_alg_values_supported"] = ["RS256", "none", "HS256"]
        answer.set_data(json.dumps(told))

    def _about_tokens(self, answer: Any) -> None:
        if self._how == "token-not-json":
            answer.set_data("<html>")
            return
        told = json.loads(answer.get_data())
        if self._how == "no-id-token":
            del told["id_token"]
        elif self._how:
            told["id_token"] = self._forged(told["id_token"])
        answer.set_data(json.dumps(told))

    def _forged(self, token: str) -> str:
        from joserfc import jwk, jwt

        head, body, signature = token.split(".")
        header, claims = _read(head), _read(body)
        now = int(time.time())
        changes: dict[str, dict[str, Any]] = {
            "nonce": {"nonce": "another"},
            "no-nonce": {"nonce": None},
            "issuer": {"iss": "https://accounts.example"},
            "audience": {"aud": "somebody-else"},
            "more-audiences": {"aud": ["somebody-else"], "azp": "gonogo"},
            "expired": {"exp": now - 3600, "iat": now - 7200},
            "from-the-future": {"iat": now + 3600, "exp": now + 7200, "nbf": now + 3600},
            "no-subject": {"sub": None},
        }
        match self._how:
            case "signature":
                return f"{head}.{body}.{signature[:-6]}{'A' * 6}"
            case "payload":
                return f"{head}.{_write({**claims, 'sub': 'the-administrator'})}.{signature}"
            case "none":
                return f"{_write({**header, 'alg': 'none'})}.{body}."
            case "hs256":
                secret = jwk.OctKey.import_key("a secret")
                return jwt.encode({"alg": "HS256"}, claims, secret)
            case "other-key":
                return jwt.encode({"alg": "RS256"}, claims, jwk.RSAKey.generate_key(2048))
        if self._how not in changes:
            return token
        changed = {**claims, **changes[self._how]}
        kept = {name: value for name, value in changed.items() if value is not None}
        return jwt.encode({"alg": "RS256"}, kept, self._own_key())

    def _own_key(self) -> Any:
        import flask
        from joserfc import jwk

        if self._key is None:
            with self._flask.test_request_context():
                self._flask.preprocess_request()
                found = flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
            self._key = jwk.RSAKey.import_key(found)
        return self._key


def _again(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    from io import BytesIO

    return {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _read(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _write(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def main() -> None:
    import oidc_provider_mock
    from werkzeug.serving import make_server

    liar = Liar(oidc_provider_mock.app(require_nonce=True))
    server = make_server("localhost", 0, liar, threaded=True)
    print(f"http://localhost:{server.server_port}", flush=True)  # noqa: T201  # how we are found
    server.serve_forever()


if __name__ == "__main__":
    main()
