"""Where actions may not send what users say, in every notation a resolver accepts."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.hosts import action_findings, url_rules
from tests.policies.bundles import OPENAPI, read, with_action


def rules(url: str) -> set[str]:
    return {rule for rule, _ in url_rules(url)}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.weather.example/v2",
        "https://API.Weather.Example.:8443/",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        "https://1.example",
        "https://localhost.example",
    ],
)
def test_a_public_name_over_https_is_fine(url: str) -> None:
    assert rules(url) == set()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_loopback_is_seen_in_every_notation(host: str) -> None:
    assert rules(f"https://{host}/") == {"action-host-ip", "action-host-loopback"}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("8.8.8.8", {"action-host-ip"}),
        ("[2606:4700::1111]", {"action-host-ip"}),
        ("10.0.0.1", {"action-host-ip", "action-host-private"}),
        ("192.168.257", {"action-host-ip", "action-host-private"}),
        ("100.64.0.1", {"action-host-ip", "action-host-private"}),
        ("224.0.0.1", {"action-host-ip", "action-host-private"}),
        ("[fd00::1]", {"action-host-ip", "action-host-private"}),
        ("169.254.169.254", {"action-host-ip", "action-host-link-local"}),
        ("[fe80::1]", {"action-host-ip", "action-host-link-local"}),
        ("1.2.3.4.5", {"action-host-ip"}),
        ("256.1.1.1", {"action-host-ip"}),
        ("09.1.1.1", {"action-host-ip"}),
        ("localhost", {"action-host-loopback"}),
        ("api.LOCALHOST.", {"action-host-loopback"}),
        ("printer.local", {"action-host-private"}),
        ("metadata.google.internal", {"action-host-private"}),
        ("intranet", {"action-host-private"}),
        ("10.0.0.1.nip.io", {"action-host-private"}),
        ("a..b", {"action-spec-invalid"}),
        ("a_.exa mple", {"action-spec-invalid"}),
        ("{host}", {"action-spec-invalid"}),
        ("[::1", {"action-spec-invalid"}),
        ("", {"action-spec-invalid"}),
    ],
)
def test_a_host_is_classified(host: str, expected: set[str]) -> None:
    assert rules(f"https://{host}/") == expected


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://api.example.com", "action-not-https"),
        ("ftp://api.example.com", "action-not-https"),
        ("/relative", "action-spec-invalid"),
        ("https://user:pass@api.example.com", "action-spec-invalid"),
        ("https://api.example.com\\@127.0.0.1", "action-spec-invalid"),
        ("https://api.example.com\t.evil", "action-spec-invalid"),
        ("https://api.example.com:99999", "action-spec-invalid"),
    ],
)
def test_transport_and_form_are_checked(url: str, rule: str) -> None:
    assert rules(url) == {rule}


@given(st.ip_addresses(v=4), st.sampled_from(["{0}", "{1}", "{1:#x}", "0{1:o}", "[::ffff:{0}]"]))
def test_an_ipv4_address_is_never_taken_for_a_name(
    address: ipaddress.IPv4Address, notation: str
) -> None:
    assert "action-host-ip" in rules(f"https://{notation.format(address, int(address))}/")


@given(st.text(max_size=30))
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(rules("https://" + text), set)


def test_a_clean_action_has_no_finding() -> None:
    assert action_findings(read(with_action())) == []


def test_every_url_and_the_privacy_policy_of_an_action_are_judged() -> None:
    document = OPENAPI.replace(b"https://api.weather.example", b"http://127.0.0.1")

    bundle = read(with_action(document, privacy_policy_url=None))

    assert [(f.rule, f.file, f.pointer) for f in action_findings(bundle)] == [
        ("action-not-https", "weather.yaml", "/servers/0/url"),
        ("action-host-ip", "weather.yaml", "/servers/0/url"),
        ("action-host-loopback", "weather.yaml", "/servers/0/url"),
        ("action-privacy-missing", "gpt.yaml", "/actions/0/privacy_policy_url"),
    ]


def test_a_privacy_policy_nobody_can_open_is_a_missing_one() -> None:
    bundle = read(with_action(privacy_policy_url="https://localhost/privacy"))

    assert [f.rule for f in action_findings(bundle)] == ["action-privacy-missing"]


def test_an_outside_reference_is_an_invalid_document() -> None:
    document = OPENAPI + b"x: {$ref: 'https://other.example/spec.yaml'}\n"

    assert [f.rule for f in action_findings(read(with_action(document)))] == ["action-spec-invalid"]
