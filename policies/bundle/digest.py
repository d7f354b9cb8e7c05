"""The name of a revision: one SHA-256 over the manifest's value and the bytes of every file.

The index, the document that is hashed, is RFC 8785 canonical JSON. Its hash is the bundle's
digest, so a store that addresses objects by content finds the bundle under its digest.
"""

import hashlib
from typing import Any

import rfc8785

from policies.bundle.parts import Bundle


def file_digest(data: bytes) -> str:
    """Hex SHA-256 of exact bytes."""
    return hashlib.sha256(data).hexdigest()


def bundle_index(bundle: Bundle) -> dict[str, Any]:
    """`{"manifest": value, "files": {path: hex digest}}`; `gpt.yaml` is the manifest, no file."""
    return {
        "manifest": bundle.manifest.value,
        "files": {path: file_digest(data) for path, data in bundle.files.items()},
    }


def bundle_digest(bundle: Bundle) -> str:
    """Hex SHA-256 of the canonical index."""
    return hashlib.sha256(rfc8785.dumps(bundle_index(bundle))).hexdigest()
