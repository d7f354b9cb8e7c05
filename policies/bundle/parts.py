"""What a bundle is made of: frozen values, and the faults that say why an upload is none.

A `Bundle` is the manifest's value and the exact bytes of every file beside it. The text of
`gpt.yaml` itself is not kept: comments and key order are no part of a revision.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from policies.errors import PolicyError

MANIFEST = "gpt.yaml"

SECRET = re.compile(r"\{\{secret:([a-z][a-z0-9_-]{0,31})\}\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Capabilities(_Part):
    """What the store switches on for the assistant beside conversation."""

    browsing: StrictBool = False
    images: StrictBool = False
    code: StrictBool = False


class Absent(_Part):
    """What the GPT has and this bundle has not: nobody looked at it, and it counts as untested.

    `knowledge` are names of files whose bytes, and so digests, are unknown. A category that is only
    left out is the store's to choose; one that is absent here was not told.
    """

    model: StrictBool = False
    category: StrictBool = False
    knowledge: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.model or self.category or bool(self.knowledge)


class Action(_Part):
    """One outside service: `openapi` is the path of its document inside the bundle.

    `auth` is unknown where an import does not tell; it is then taken for the riskiest.
    """

    name: str
    openapi: str
    auth: Literal["none", "api_key", "oauth", "unknown"]
    privacy_policy_url: str | None = None


class ManifestShape(_Part):
    """The keys of `gpt.yaml`, schema 1, before limits and files are looked at."""

    schema_version: int = Field(alias="schema", strict=True, ge=1, le=1)
    name: str
    description: str
    category: str | None = None
    instructions: str | None = None
    instructions_file: str | None = None
    starters: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    capabilities: Capabilities = Capabilities()
    actions: tuple[Action, ...] = ()
    model: str | None = None  # required unless absent: the reader of bundles says so
    absent: Absent = Absent()


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read. `value` is what the digest covers, exactly as parsed.

    `instructions` is the whole text, wherever it came from; `instructions_file` is None when
    it stood in `gpt.yaml`. `category` is None when the developer left the choice to the store;
    `model` is empty when it is absent.
    """

    value: Mapping[str, Any]
    name: str
    description: str
    category: str | None
    instructions: str
    instructions_file: str | None
    starters: tuple[str, ...]
    knowledge: tuple[str, ...]
    capabilities: Capabilities
    actions: tuple[Action, ...]
    model: str
    absent: Absent = field(default_factory=Absent)


@dataclass(frozen=True)
class Bundle:
    """One revision. `files` holds every file but `gpt.yaml`, by relative POSIX path.

    Knowledge that an import knows by name only is in `manifest.absent`, never among the files.
    """

    manifest: Manifest
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Fault:
    """One reason why an upload is no bundle. `pointer` is RFC 6901, "" for the whole file."""

    file: str
    pointer: str
    code: str
    message: str


class BundleRefused(PolicyError):
    """The upload is no bundle. `faults` are all that were found, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("; ".join(f"{f.file}{f.pointer}: {f.message}" for f in self.faults))


def manifest_of(value: Mapping[str, Any], files: Mapping[str, bytes]) -> Manifest:
    """Build the manifest of a value that passed `read_bundle` once, whatever the limits are now.

    Raises `pydantic.ValidationError`, `KeyError` or `UnicodeDecodeError` if it never did.
    """
    shape = ManifestShape.model_validate(value)
    text = shape.instructions
    if shape.instructions_file is not None:
        text = files[shape.instructions_file].decode("utf-8")
    return Manifest(
        value=value,
        name=shape.name,
        description=shape.description,
        category=shape.category,
        instructions=text or "",
        instructions_file=shape.instructions_file,
        starters=shape.starters,
        knowledge=shape.knowledge,
        capabilities=shape.capabilities,
        actions=shape.actions,
        model=shape.model or "",
        absent=shape.absent,
    )


def secret_names(instructions: str) -> tuple[str, ...]:
    """The names marked `{{secret:NAME}}`, each once, in the order of first use."""
    return tuple(dict.fromkeys(SECRET.findall(instructions)))


def pointer_of(*steps: str | int) -> str:
    """The RFC 6901 JSON Pointer of `steps`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def strings_of(value: Any, *steps: str | int) -> Iterator[tuple[str, str]]:
    """Every string inside a JSON value, keys included, as (pointer, text)."""
    if isinstance(value, str):
        yield pointer_of(*steps), value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield pointer_of(*steps, key), key
            yield from strings_of(inner, *steps, key)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from strings_of(inner, *steps, index)
