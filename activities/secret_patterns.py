"""Credentials by their shape: the low-noise patterns of detect-secrets, and what it lacks.

The patterns are used, not the framework: its filters would let a bundle excuse itself with an
allow-list comment, its verification calls the provider. Entropy and keyword detectors are left
out; prose about passwords is not a password. Long lines are read in windows and every pattern of
ours is bounded, so that no text makes matching quadratic.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

BORROWED: tuple[type[RegexBasedDetector], ...] = (
    AWSKeyDetector,
    AzureStorageKeyDetector,
    DiscordBotTokenDetector,
    GitHubTokenDetector,
    GitLabTokenDetector,
    MailchimpDetector,
    PrivateKeyDetector,
    PypiTokenDetector,
    SendGridDetector,
    SlackDetector,
    SquareOAuthDetector,
    StripeDetector,
    TelegramBotTokenDetector,
    TwilioKeyDetector,
)

OWN: tuple[tuple[str, str], ...] = (
    ("OpenAI key", r"(?<![A-Za-z0-9])sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,200}"),
    (
        "OpenAI key",
        r"(?<![A-Za-z0-9])sk-(?:[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|"
        r"[A-Za-z0-9]{48})(?![A-Za-z0-9])",
    ),
    ("Anthropic key", r"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{32,200}"),
    ("OpenRouter key", r"(?<![A-Za-z0-9])sk-or-v1-[0-9a-f]{64}"),
    ("Google key", r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}"),
    ("Groq key", r"(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{52}"),
    ("Perplexity key", r"(?<![A-Za-z0-9])pplx-[A-Za-z0-9]{40,64}"),
    ("Hugging Face token", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34}"),
    ("GitHub token", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    ("npm token", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}"),
    ("Slack app token", r"xapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[0-9a-f]{32,128}"),
    ("Stripe webhook secret", r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/]{32,64}"),
    ("private key", r"BEGIN ENCRYPTED PRIVATE KEY"),
    (
        "database password",
        r"(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?)"
        r"://[^\s:@/{}<>$]{1,64}:[^\s@/{}<>$]{4,128}@[A-Za-z0-9]",
    ),
)


def _borrowed() -> Iterator[tuple[str, re.Pattern[str]]]:
    for detector in BORROWED:
        attributes: Any = detector  # typed as methods there, plain class attributes in truth
        for regex in attributes.denylist:
            yield attributes.secret_type, regex


PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *_borrowed(),
    *((kind, re.compile(regex)) for kind, regex in OWN),
)

WINDOW, OVERLAP = 2048, 512
SHOWN = 4
LEAST_VARIETY = 6  # `sk-proj-xxxxxxxx…` in a manual is no key


@dataclass(frozen=True)
class Sighting:
    """A credential's type, its line (1-based) and its first characters; never the whole."""

    kind: str
    line: int
    start: str


def sightings(text: str) -> Iterator[Sighting]:
    """Every credential in `text`, each value once at its first place."""
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        for window in _windows(line):
            for kind, regex in PATTERNS:
                for match in regex.finditer(window):
                    if match[0] not in seen and not _placeholder(match[0]):
                        seen.add(match[0])
                        yield Sighting(kind, number, match[0][:SHOWN])


def _windows(line: str) -> Iterator[str]:
    if len(line) <= WINDOW:
        yield line
        return
    for start in range(0, len(line), WINDOW - OVERLAP):
        yield line[start : start + WINDOW]


def _placeholder(value: str) -> bool:
    """Whether documentation wrote this: one letter over and over, or Amazon's own examples."""
    return value.endswith("EXAMPLE") or len(set(value[8:])) < LEAST_VARIETY
