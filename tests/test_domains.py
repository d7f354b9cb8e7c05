"""Names as people type them: what can be proven, and what proves nothing."""

import pytest

from gonogo.domains import NoDomain, domain_of, new_challenge, shown


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Example.COM", "example.com"),
        (" example.com. ", "example.com"),
        ("sub.example.co.uk", "sub.example.co.uk"),
        ("Bücher.de", "xn--bcher-kva.de"),
        ("bücher。de", "xn--bcher-kva.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("lumen.github.io", "lumen.github.io"),
    ],
)
def test_a_domain_is_made_plain(typed: str, plain: str) -> None:
    assert domain_of(typed) == plain


@pytest.mark.parametrize(
    "typed",
    [
        "", ".", "com", "co.uk", "github.io", "localhost", "server.local", "a.internal", "x.test",
        "x.example", "x.invalid", "x.onion", "1.2.3.4.in-addr.arpa", "127.0.0.1", "::1",
        "[::1]", "0x7f.1", "2130706433", "1.2.3", "https://example.com", "example.com/path",
        "example.com:443", "user@example.com", "exa mple.com", "*.example.com", "-a.com",
        "a_b.com", "a..com", "a" * 64 + ".com", "a." * 130 + "com", "exam\u202eple.com",
        "example.com\n", "example.com\x00", "ex%61mple.com", "☃.example\u3002com#",
        "xn--a.com", "1۲7.com/",
    ],
)  # fmt: skip
def test_what_cannot_be_proven_is_refused_with_a_sentence(typed: str) -> None:
    if typed.strip() == "example.com":
        assert domain_of(typed) == "example.com"
        return
    with pytest.raises(NoDomain) as fault:
        domain_of(typed)

    assert len(str(fault.value)) > 10


def test_look_alikes_are_shown_as_what_they_are() -> None:
    assert shown(domain_of("раypal.com")).startswith("xn--")
    assert shown("example.com") == "example.com"


def test_challenges_are_long_and_never_the_same() -> None:
    made = {new_challenge() for _ in range(100)}

    assert len(made) == 100
    assert all(len(one) > 60 and one.isascii() and " " not in one for one in made)
