"""What changed from one revision to the next: what a reviewer sees first, what a 409 shows."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from policies.bundle.parts import Bundle, pointer_of


@dataclass(frozen=True)
class FieldChange:
    """One value of the manifest. `before` or `after` is None where `change` says so."""

    pointer: str
    change: Literal["added", "removed", "changed"]
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    """From `old` to `new`. `instructions` are unified diff lines, empty when the text is equal.

    `safety_relevant` holds when instructions, actions (their documents too), capabilities or
    the model changed; `areas` says which of them, and which of the rest.
    """

    fields: tuple[FieldChange, ...]
    instructions: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    areas: tuple[str, ...]
    safety_relevant: bool

    def __bool__(self) -> bool:
        return bool(self.fields or self.instructions or self.added or self.removed or self.changed)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


SAFETY_AREAS = frozenset({"instructions", "actions", "capabilities", "model"})


def difference(old: Bundle, new: Bundle) -> Difference:
    """Everything that differs. The instructions' text is compared as lines, not as a field."""
    fields = tuple(
        change
        for change in _changes(old.manifest.value, new.manifest.value, ())
        if change.pointer != "/instructions"
    )
    changed = tuple(
        path
        for path in sorted(old.files.keys() & new.files.keys())
        if old.files[path] != new.files[path]
    )
    areas = _areas(old, new)
    return Difference(
        fields=fields,
        instructions=_diff_lines(old.manifest.instructions, new.manifest.instructions),
        added=tuple(sorted(new.files.keys() - old.files.keys())),
        removed=tuple(sorted(old.files.keys() - new.files.keys())),
        changed=changed,
        areas=areas,
        safety_relevant=not SAFETY_AREAS.isdisjoint(areas),
    )


def _changes(old: Any, new: Any, steps: tuple[str | int, ...]) -> Iterator[FieldChange]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            if key not in new:
                yield FieldChange(pointer_of(*steps, key), "removed", old[key], None)
            elif key not in old:
                yield FieldChange(pointer_of(*steps, key), "added", None, new[key])
            else:
                yield from _changes(old[key], new[key], (*steps, key))
    elif _is_list(old) and _is_list(new):
        shared = min(len(old), len(new))
        for index in range(shared):
            yield from _changes(old[index], new[index], (*steps, index))
        for index, value in enumerate(old[shared:], shared):
            yield FieldChange(pointer_of(*steps, index), "removed", value, None)
        for index, value in enumerate(new[shared:], shared):
            yield FieldChange(pointer_of(*steps, index), "added", None, value)
    elif type(old) is not type(new) or old != new:
        yield FieldChange(pointer_of(*steps), "changed", old, new)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _diff_lines(old: str, new: str) -> tuple[str, ...]:
    # Line ends are shown, because "\n" and "\r\n" are different bytes and so another revision.
    before, after = (
        [line.removesuffix("\n").replace("\r", "\\r") for line in text.splitlines(keepends=True)]
        for text in (old, new)
    )
    lines = tuple(difflib.unified_diff(before, after, "before", "after", lineterm=""))
    if not lines and old != new:
        return ("--- before", "+++ after", "@@ only the end of the last line differs @@")
    return lines


def _areas(old: Bundle, new: Bundle) -> tuple[str, ...]:
    """Names of what changed by meaning, sorted: a field's first step, or what its file is for."""
    was, now = old.manifest, new.manifest
    compared: Mapping[str, tuple[Any, Any]] = {
        "actions": (_with_documents(old), _with_documents(new)),
        "capabilities": (was.capabilities, now.capabilities),
        "category": (was.category, now.category),
        "description": (was.description, now.description),
        "instructions": (was.instructions, now.instructions),
        "knowledge": (
            ([(path, old.files.get(path)) for path in was.knowledge], was.absent.knowledge),
            ([(path, new.files.get(path)) for path in now.knowledge], now.absent.knowledge),
        ),
        "model": (was.model, now.model),
        "name": (was.name, now.name),
        "starters": (was.starters, now.starters),
    }
    return tuple(area for area, (before, after) in compared.items() if before != after)


def _with_documents(bundle: Bundle) -> list[tuple[Any, bytes | None]]:
    return [(action, bundle.files.get(action.openapi)) for action in bundle.manifest.actions]
