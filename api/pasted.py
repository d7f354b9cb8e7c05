"""A bundle from a form: name, description and instructions that somebody typed or pasted.

The instructions become a file of their own, byte for byte as sent, so that nothing in them can be
read as YAML. Browsers send line ends as CRLF; they are taken as the LF that was typed.
"""

from collections.abc import Iterable, Sequence

LINES = 50  # of starters; the pack allows fewer, this bounds the work


def pasted_bundle(
    *,
    name: str,
    description: str,
    category: str,
    model: str,
    instructions: str,
    starters: Sequence[str],
) -> dict[str, bytes]:
    """`gpt.yaml` and `instructions.md`. What is wrong with them, `read_bundle` says."""
    lines = ["schema: 1", f"name: {quoted(name)}", f"description: {quoted(description)}"]
    if category:
        lines.append(f"category: {quoted(category)}")
    lines += [f"model: {quoted(model)}", "instructions_file: instructions.md"]
    if starters:
        lines += ["starters:", *(f"  - {quoted(one)}" for one in starters)]
    return {
        "gpt.yaml": ("\n".join(lines) + "\n").encode(),
        "instructions.md": typed(instructions).encode(),
    }


def starters_of(text: str) -> list[str]:
    """One starter a line; empty lines are none."""
    return [line.strip() for line in typed(text).split("\n") if line.strip()][:LINES]


def typed(text: str) -> str:
    return text.replace("\r\n", "\n")


def quoted(text: str) -> str:
    """`text` as a YAML double-quoted scalar: whatever it holds, it is this text again when read."""
    return f'"{"".join(_escaped(text))}"'


def _escaped(text: str) -> Iterable[str]:
    for c in text:
        if c in '"\\':
            yield f"\\{c}"
        elif " " <= c <= "~":
            yield c
        else:
            yield f"\\u{ord(c):04X}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08X}"
