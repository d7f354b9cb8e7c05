"""The body of an upload, as JSON or as a form: publisher, GPT, files."""

import base64
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from api.deps import Services
from api.errors import Problem


class BundleFile(BaseModel):
    """One file: `text` for UTF-8, `base64` for anything else."""

    model_config = ConfigDict(extra="forbid")
    path: str = Field(max_length=400)
    text: str | None = None
    base64: str | None = None


class SubmitBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    publisher: str | None = Field(default=None, max_length=80)
    gpt: str | None = Field(default=None, max_length=80)
    files: list[BundleFile] = Field(max_length=64)


def _json_schema() -> dict[str, Any]:
    """With the file's shape inlined: FastAPI does not collect what it did not declare itself."""
    schema = SubmitBody.model_json_schema()
    schema["properties"]["files"]["items"] = schema.pop("$defs")["BundleFile"]
    return schema


REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": _json_schema()},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "publisher": {"type": "string"},
                    "gpt": {"type": "string"},
                    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                },
            }
        },
    },
}


async def read_upload(
    request: Request, svc: Services
) -> tuple[str | None, str | None, dict[str, bytes]]:
    """Publisher, GPT and files of a JSON or multipart body; its size is limited by middleware."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=svc.pack.limits.files + 1, max_fields=4) as form:
            files: dict[str, bytes] = {}
            for value in form.getlist("files"):
                if not isinstance(value, UploadFile) or not value.filename:
                    raise Problem("bad-request", "every part `files` needs a filename")
                if value.filename in files:
                    raise Problem("bad-request", f"two files are named {value.filename!r}")
                files[value.filename] = await value.read()
            return _text(form.get("publisher")), _text(form.get("gpt")), files
    if kind != "application/json":
        raise Problem("bad-request", "send application/json or multipart/form-data")
    try:
        body = SubmitBody.model_validate_json(await request.body())
    except ValueError as fault:
        raise Problem("malformed", str(fault)[:2_000]) from fault
    return body.publisher, body.gpt, _decoded(body.files)


def _text(value: object) -> str | None:
    return value[:80] if isinstance(value, str) and value else None


def _decoded(files: list[BundleFile]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in files:
        if file.path in found:
            raise Problem("bad-request", f"two files are named {file.path!r}")
        if (file.text is None) == (file.base64 is None):
            raise Problem("malformed", f"{file.path!r} needs either `text` or `base64`")
        try:
            found[file.path] = (
                file.text.encode()
                if file.text is not None
                else base64.b64decode(file.base64 or "", validate=True)
            )
        except ValueError as fault:  # binascii.Error and UnicodeError are of its kind
            raise Problem("malformed", f"{file.path!r} is not valid: {fault}") from fault
    return found
