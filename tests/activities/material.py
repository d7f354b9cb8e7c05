"""Invented credentials and office files for tests of the scanners."""

import io
import zipfile

# Put together here so that no scanner of repositories takes this file for a leak.
FILLER = "0a1B2c3D4e5F6g7H8i9J" * 3
KEYS = {
    "AWS Access Key": "AKIA" + "Q3EGZ5XKYW2PLNMB",
    "GitHub Token": "ghp" + "_" + FILLER[:36],
    "GitHub token": "github" + "_pat_" + FILLER[:22] + "_" + FILLER[:59],
    "GitLab Token": "glpat" + "-" + FILLER[:20],
    "Slack Token": "xox" + "b-123456789012-" + FILLER[:24],
    "Stripe Access Key": "sk" + "_live_" + FILLER[:24],
    "OpenAI key": "sk" + "-proj-" + FILLER[:48],
    "Anthropic key": "sk" + "-ant-api03-" + FILLER[:48],
    "Google key": "AI" + "za" + FILLER[:35],
    "Hugging Face token": "hf" + "_" + FILLER[:34],
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "private key": "-----BEGIN ENCRYPTED " + "PRIVATE KEY-----",
    "database password": "postgres" + "://app:hunter2hunter2@db.example/app",
}


def office(*members: str, text: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in ("[Content_Types].xml", *members):
            archive.writestr(member, f"<w:p><w:t>{text}</w:t></w:p>")
    return buffer.getvalue()
