"""Text that a person cannot see and a model reads: tags, bidirectional controls, zero widths.

    hidden-tag-characters   U+E0000–E007F outside the three emoji flags that Unicode recommends
                            (England, Scotland, Wales); runs of variation selectors, which carry
                            bytes the same way
    hidden-bidi-control     overrides U+202D, 202E anywhere; embeddings and isolates U+202A–202C,
                            2066–2069 on a line without Arabic, Hebrew or kin, or unbalanced
    hidden-bidi-mark        the same embeddings and isolates where such a script makes them
                            legitimate, and the marks U+200E, 200F, 061C where nothing does
    hidden-zero-width       U+200B, 200C, 200D, 2060, FEFF outside emoji sequences and outside
                            scripts whose spelling needs them
    stray-zero-width        a single one of these in a knowledge file: web pages are full of them,
                            a code in them needs runs

Marks in Arabic and Hebrew text are ordinary typing and no finding at all. Which rules block is
the pack's to say. Source for flags: Unicode emoji-test.txt; for the bidirectional controls:
Boucher and Anderson, "Trojan Source" (USENIX Security 2023).
"""

import re
from collections.abc import Iterator

from policies.bundle.findings import Finding

CANDIDATE = re.compile(
    "[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
FLAG = re.compile(
    "\U0001f3f4(?:"
    + "|".join(
        "".join(chr(0xE0000 + ord(c)) for c in region) for region in ("gbeng", "gbsct", "gbwls")
    )
    + ")\U000e007f"
)
TAG = re.compile("[\U000e0000-\U000e007f]")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
LINE = re.compile("[^\n\r\u2028\u2029]+")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
OVERRIDE = re.compile("[\u202d\u202e]")
EMBEDDING = re.compile("[\u202a-\u202c\u2066-\u2069]")
MARK = re.compile("[\u061c\u200e\u200f]")
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff]+")

# Arabic to Mandaic, Indic, Tibetan, Myanmar, Khmer, Mongolian, presentation forms: joining is
# spelling there. South-East Asian scripts mark word ends with U+200B.
JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
)
SPACELESS = re.compile("[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff]")
PICTOGRAPH = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\U000e007f]"
)
MODIFIERS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\u20e3"


def hidden_text(
    text: str, file: str, pointer: str = "", *, knowledge: bool = False
) -> list[Finding]:
    """Findings in one text, at most one per rule, with count and first line (1-based).

    `knowledge` permits a byte-order mark at the start and single zero widths as advisory. Text
    read from any other file should lose its leading mark before it comes here.
    """
    if text.isascii() or not CANDIDATE.search(text):
        return []
    if knowledge:
        text = text.removeprefix("\ufeff")
    places: dict[str, list[tuple[int, str]]] = {}
    for rule, at, what in (*_tags(text), *_bidi(text), *_zero_width(text, knowledge)):
        places.setdefault(rule, []).append((at, what))
    return [_finding(rule, text, found, file, pointer) for rule, found in places.items()]


def _finding(
    rule: str, text: str, found: list[tuple[int, str]], file: str, pointer: str
) -> Finding:
    at, what = min(found)
    line = text.count("\n", 0, at) + 1
    times = f"{len(found)} places, first on" if len(found) > 1 else "on"
    return Finding(rule, file, pointer, f"{what}, {times} line {line}")


def _tags(text: str) -> Iterator[tuple[str, int, str]]:
    flags = {at for match in FLAG.finditer(text) for at in range(*match.span())}
    for match in TAG.finditer(text):
        if match.start() not in flags:
            what = f"invisible tag character U+{ord(match[0]):04X}"
            yield "hidden-tag-characters", match.start(), what
    for match in SELECTORS.finditer(text):
        what = f"{len(match[0])} variation selectors in a row"
        yield "hidden-tag-characters", match.start(), what


def _bidi(text: str) -> Iterator[tuple[str, int, str]]:
    for match in LINE.finditer(text) if BIDI.search(text) else ():
        line, start = match[0], match.start()
        if not BIDI.search(line):
            continue
        legitimate = RIGHT_TO_LEFT.search(line) is not None and _balanced(line)
        for control in OVERRIDE.finditer(line):
            yield _control("hidden-bidi-control", start + control.start(), control[0])
        for control in EMBEDDING.finditer(line):
            rule = "hidden-bidi-mark" if legitimate else "hidden-bidi-control"
            yield _control(rule, start + control.start(), control[0])
    if not RIGHT_TO_LEFT.search(text):
        for mark in MARK.finditer(text):
            yield _control("hidden-bidi-mark", mark.start(), mark[0])


def _control(rule: str, at: int, character: str) -> tuple[str, int, str]:
    return rule, at, f"bidirectional control U+{ord(character):04X}"


def _balanced(line: str) -> bool:
    """Whether every embedding and isolate is closed on its line, in order."""
    closers = {
        "\u202a": "\u202c",
        "\u202b": "\u202c",
        "\u202d": "\u202c",
        "\u202e": "\u202c",
        "\u2066": "\u2069",
        "\u2067": "\u2069",
        "\u2068": "\u2069",
    }
    awaited: list[str] = []
    for control in BIDI.findall(line):
        if control in closers:
            awaited.append(closers[control])
        elif not awaited or awaited.pop() != control:
            return False
    return not awaited


def _zero_width(text: str, knowledge: bool) -> Iterator[tuple[str, int, str]]:
    for match in ZERO_WIDTH.finditer(text):
        if len(match[0]) == 1 and _spells(text, match.start(), match[0]):
            continue
        rule = "stray-zero-width" if knowledge and len(match[0]) == 1 else "hidden-zero-width"
        yield rule, match.start(), f"zero-width character U+{ord(match[0][0]):04X}"


def _spells(text: str, at: int, character: str) -> bool:
    """Whether this one zero width is how the script around it is written."""
    before, after = text[max(0, at - 8) : at], text[at + 1 : at + 2]
    if character == "\u200b":
        return bool(SPACELESS.match(after) and SPACELESS.match(before[-1:]))
    if character not in "\u200c\u200d":
        return False
    if JOINING.match(after) or JOINING.match(before[-1:]):
        return True
    base = before.rstrip(MODIFIERS)[-1:]
    return character == "\u200d" and bool(PICTOGRAPH.match(base) and PICTOGRAPH.match(after))
