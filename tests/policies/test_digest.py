"""One digest, one revision: any changed byte is another one, a comment is not."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from policies.bundle.digest import bundle_digest, bundle_index, file_digest
from tests.policies.bundles import manifest, read, upload

PLAIN = b"""schema: 1
name: Tutor
description: Explains things.
instructions: You explain things.
model: gpt-4o-mini
knowledge: [notes.txt]
"""
SHUFFLED = b"""# the same revision, told in another order
knowledge:
  - "notes.txt"  # declared
model: 'gpt-4o-mini'
instructions: "You explain things."
name: Tutor
description: Explains things.
schema: 1
"""


# sha256sum of the canonical index, written by hand: a change would orphan every stored bundle.
KNOWN = "1643e014e5f1e224eb55a7088ca7193c90bde57b58a24ab8bd258cee0b8803a9"


def test_key_order_quotes_and_comments_do_not_change_the_digest() -> None:
    files = {"notes.txt": b"notes"}

    plain, shuffled = read({"gpt.yaml": PLAIN, **files}), read({"gpt.yaml": SHUFFLED, **files})

    assert bundle_digest(plain) == bundle_digest(shuffled)


def test_the_digest_of_a_known_bundle_is_kept_for_good() -> None:
    bundle = read({"gpt.yaml": PLAIN, "notes.txt": b"notes"})

    assert bundle_digest(bundle) == KNOWN


def test_the_manifest_is_no_file_of_the_index() -> None:
    index = bundle_index(read({"gpt.yaml": PLAIN, "notes.txt": b"notes"}))

    assert index["files"] == {"notes.txt": file_digest(b"notes")}


@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_changed_byte_of_a_file_changes_the_digest(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]

    before = read({"gpt.yaml": PLAIN, "notes.txt": content})
    after = read({"gpt.yaml": PLAIN, "notes.txt": changed})

    assert bundle_digest(before) != bundle_digest(after)


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip() and "{{" not in text
)


@given(TEXTS, TEXTS)
def test_any_changed_string_of_the_manifest_changes_the_digest(one: str, other: str) -> None:
    assume(one != other)

    digests = [bundle_digest(read(upload(manifest(instructions=text)))) for text in (one, other)]

    assert digests[0] != digests[1]


def test_look_alike_text_is_another_revision() -> None:
    digests = {
        bundle_digest(read(upload(manifest(name=name))))
        for name in ("Caf\u00e9", "Cafe\u0301", "C\u0430f\u00e9", "Caf\u00e9 ")
    }

    assert len(digests) == 4


@given(st.permutations(sorted(manifest())))
def test_any_order_of_keys_is_the_same_revision(keys: list[str]) -> None:
    value: dict[str, Any] = manifest()
    lines = "\n".join(f'"{key}": {value[key]}' for key in keys)

    assert bundle_digest(read({"gpt.yaml": lines.encode()})) == bundle_digest(read(upload()))
