"""Signed notes as C2SP describes them, with the vectors of Go's own implementation."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gonogo.audit.notes import (
    NOTE_MOST,
    BadNote,
    Checkpoint,
    Signer,
    VerifierKey,
    followers,
    read_note,
    sign,
    signed_by,
    unverified,
)

ORIGIN = "gonogo/default/0011223344556677"
POINT = Checkpoint(ORIGIN, 1042, bytes(range(32)), datetime(2026, 3, 1, 9, tzinfo=UTC))


def signer(seed: int = 1, name: str = ORIGIN) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


# golang.org/x/mod/sumdb/note: its documented example.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n"
)
GO_SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


@pytest.mark.parametrize("text", [PETER, GO_SUM])
def test_keys_of_others_are_read_and_written_back(text: str) -> None:
    assert str(VerifierKey.parse(text)) == text


def test_a_signature_of_gos_own_implementation_holds() -> None:
    # It is no checkpoint, so that is all there is to say against it.
    with pytest.raises(BadNote, match="three lines"):
        read_note(SAID, [VerifierKey.parse(PETER)])
    with pytest.raises(BadNote, match="does not hold"):
        read_note(SAID.replace("answer", "anwser"), [VerifierKey.parse(PETER)])


def test_a_note_tells_what_was_signed() -> None:
    note = sign(POINT, [signer()])

    assert read_note(note, [signer().key]) == unverified(note) == POINT
    assert note.splitlines()[:3] == [
        ORIGIN, "1042", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    ]  # fmt: skip
    assert signed_by(note) == [signer().key.id.hex()]


def test_only_known_keys_count_and_one_is_enough() -> None:
    note = sign(POINT, [signer(1), signer(2)])

    assert read_note(note, [signer(2).key]) == POINT
    with pytest.raises(BadNote, match="no known key"):
        read_note(note, [signer(3).key])
    with pytest.raises(BadNote, match="no known key"):
        read_note(note, [])


@given(st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    note = sign(POINT, [signer()])
    at = data.draw(st.integers(0, len(note) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != note[at]))
    changed = note[:at] + letter + note[at + 1 :]

    with pytest.raises(BadNote):
        read_note(changed, [signer().key])


@given(st.text(max_size=300))
def test_whatever_is_sent_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(BadNote):
        read_note(text, [signer().key])
    with pytest.raises(BadNote):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n01\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n1\nAAAA\n",
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n{'9' * 19}\n{'A' * 43}=\n",
        f"{ORIGIN}\n1\n{'A' * 43}=\nat noon\n",
        f"{ORIGIN}\n1\n{'A' * 43}=\nnext one\n",
    ],
)
def test_signed_nonsense_is_no_checkpoint(text: str) -> None:
    one = signer()

    with pytest.raises(BadNote):
        read_note(f"{text}\n{one.line(text)}", [one.key])


def test_a_note_has_a_limit() -> None:
    with pytest.raises(BadNote, match="bytes"):
        unverified("x" * (NOTE_MOST + 1))


def test_a_key_is_followed_by_those_it_named() -> None:
    first, second, third, stranger = (signer(n).key for n in (1, 2, 3, 4))
    notes = [
        sign(replace(POINT, next=str(third)), [signer(2)]),
        sign(replace(POINT, next=str(second)), [signer(1)]),
        sign(replace(POINT, next=str(stranger)), [signer(4)]),
        sign(POINT, [signer(1), signer(4)]),
        "nonsense",
    ]

    assert followers([first], [first, second, third, stranger], notes) == [first, second, third]
