"""Words that pages and the command line share: how far away a moment is."""

_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def distance(seconds: float) -> str:
    """`in 25 min`, `3 days ago`, `now`. Whole units, the largest that fits."""
    size = abs(seconds)
    if size < 1:
        return "now"
    step, unit = next((step, unit) for step, unit in _UNITS if size >= step)
    count = round(size / step)
    name = "days" if unit == "day" and count != 1 else unit
    return f"in {count} {name}" if seconds > 0 else f"{count} {name} ago"


# Why a domain did not prove its publisher: code → what was seen, and what to do.
PROOF_FAULTS = {
    "txt_missing": "there is no TXT record at that name; new records can take an hour to show",
    "txt_other": "the TXT record there says something else; add ours beside it",
    "txt_older": "the TXT record is of an older challenge; replace it by the one shown",
    "dns_timeout": "the name server of the domain did not answer in time",
    "dns_failed": "the name server of the domain gave no usable answer",
    "no_address": "the domain has no address, so no file can be fetched from it",
    "address_not_public": "the domain leads to an address that is not public",
    "too_many_addresses": "the domain has more addresses than an honest one",
    "https_timeout": "its web server did not answer in time",
    "https_unreachable": "nothing answers https on port 443 of the domain",
    "https_unreadable": "its web server broke the connection",
    "https_redirect": "the file's address redirects; it has to be at exactly that address",
    "https_too_large": "the file is larger than 4 kB",
    "certificate": "the certificate of its web server does not hold for this domain",
    "file_other": "the file is there and the line is not in it",
    "file_older": "the file is of an older challenge; replace it by the one shown",
    "domain_erased": "the domain was erased; name it again",
    "no_domain": "no domain is named",
    "not_looked": "nobody could look; that is on our side, try again",
    "attestation_old": "the attestation of the name has run out; staff attest it anew",
    "renamed": "the name was changed after it was attested",
    "revoked": "the store's staff revoked it",
}


def proof_fault(code: str) -> str:
    """The sentence for a code, `https_status:404` included."""
    first, _, rest = code.partition(":")
    if first == "https_status":
        return f"its web server answered {rest} instead of the file"
    return PROOF_FAULTS.get(code, code.replace("_", " "))
