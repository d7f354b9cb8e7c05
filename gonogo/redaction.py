"""What may stand in a log line: ids, codes, numbers. Secrets and texts of people are taken out.

The last processor before a line is written. It cannot know every text, so it fails closed: values
of names that carry secrets or prose go whatever they hold, an exception says its type and where it
came from, and what it said only where that is known to be harmless.
"""

import re
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from types import TracebackType
from typing import Any

GONE = "[redacted]"
LONGEST = 2_000  # characters of one value
DEEPEST, WIDEST = 4, 50
_FRAMES = 12

# Whole parts of a name: `api_key` and `x-api-key` are meant, `idempotency_key` is not.
_SECRET_NAME = re.compile(
    r"(^|[_-])(authorization|cookie|token|secret|password|passwd|api[_-]?key|private[_-]?key|mac|"
    r"credentials?|canar(y|ies)|signature)s?$",
    re.IGNORECASE,
)
_PROSE_NAME = frozenset(
    [
        "note",
        "notes",
        "text",
        "prose",
        "prompt",
        "prompts",
        "answer",
        "answers",
        "content",
        "contents",
        "instructions",
        "messages",
        "body",
        "query",
        "query_string",
        "statement",
        "parameters",
        "params",
        "comment",
        "description",
    ]
)
_SECRETS = re.compile(
    r"gng_[A-Za-z0-9]+"
    r"|wh(?:sec|pk|sk)_[A-Za-z0-9+/=_-]+"
    r"|\bsk-[A-Za-z0-9_-]{8,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_SCHEMES = re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_TRACEBACK = "Traceback (most recent call last)"
_FRAME = re.compile(r'^\s*File "([^"\n]{1,300}", line \d{1,7}, in [\w<>.]{1,100})$', re.MULTILINE)
_TYPE = re.compile(r"^([A-Za-z_][\w.]{0,100})(?=: |:?$)", re.MULTILINE)
_QUERY = re.compile(r"(?<=[\w/])\?[^\s\"'<>?=]*=[^\s\"'<>]*")
# What these say names files, addresses, attributes, never what somebody wrote or typed.
_HARMLESS = frozenset(
    [
        "OSError",
        "FileNotFoundError",
        "PermissionError",
        "ConnectionError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "BrokenPipeError",
        "TimeoutError",
        "ImportError",
        "ModuleNotFoundError",
        "AttributeError",
        "NameError",
        "NotImplementedError",
        "RecursionError",
        "MemoryError",
        "ObjectMissing",
        "PackFault",
        "PayloadKeyMissing",
    ]
)


class Redaction:
    """A structlog processor. `secrets` are values of this installation that must never appear."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first, so that one secret within another leaves no rest.
        self._secrets = sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True)

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for name in list(event):
            event[name] = self._value(name, event[name], 0)
        return event

    def text(self, text: str) -> str:
        """`text` without secrets, control characters and its rest beyond `LONGEST`."""
        for secret in self._secrets:
            text = text.replace(secret, GONE)
        # Cut with some air before matching: a hostile text must not cost more than a line is worth.
        text = text[: 4 * LONGEST]
        if _TRACEBACK in text:
            text = _places_in(text)
        text = _QUERY.sub("", _USERINFO.sub("", _SECRETS.sub(GONE, text)))
        text = _SCHEMES.sub(rf"\1 {GONE}", text)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

    def _value(self, name: str, value: Any, depth: int) -> Any:
        if _SECRET_NAME.search(name) and not isinstance(value, bool | int | float | None):
            return GONE
        if name.lower() in _PROSE_NAME and not isinstance(value, bool | int | float | None):
            return GONE
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth >= DEEPEST:
            return GONE
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): self._value(str(key), one, depth + 1)
                for key, one in list(value.items())[:WIDEST]
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value("", one, depth + 1) for one in list(value)[:WIDEST]]
        if isinstance(value, BaseException):
            return said(value)
        return self.text(str(value))


def _places_in(text: str) -> str:
    """A traceback that a library wrote as a text: where it was, and types; no words of anybody."""
    found = [text.partition(_TRACEBACK)[0].strip(), *_FRAME.findall(text)[-_FRAMES:]]
    return " | ".join(part for part in (*found, *_TYPE.findall(text)[-DEEPEST:]) if part)


def said(fault: BaseException) -> str:
    """Type of an exception, its code if it has one, its words only if they are harmless."""
    name = type(fault).__name__
    code = getattr(fault, "code", None) or getattr(fault, "type", None)
    if isinstance(code, str) and re.fullmatch(r"[A-Za-z0-9_.:-]{1,60}", code):
        name = f"{name}[{code}]"
    return f"{name}: {fault}" if type(fault).__name__ in _HARMLESS else name


def without_words(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replaces `exc_info` by the chain of exceptions: types, and where each came from."""
    given = event.pop("exc_info", None)
    if given is True:
        import sys

        given = sys.exc_info()
    fault = given[1] if isinstance(given, tuple) else given
    if isinstance(fault, BaseException):
        event["exception"] = list(_chain(fault))
    return event


def _chain(fault: BaseException) -> Iterable[dict[str, Any]]:
    seen: set[int] = set()
    one: BaseException | None = fault
    while one is not None and id(one) not in seen and len(seen) < DEEPEST:
        seen.add(id(one))
        yield {"type": said(one), "at": _places(one.__traceback__)}
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{'/'.join(f.filename.split('/')[-3:])}:{f.lineno} {f.name}" for f in frames]
