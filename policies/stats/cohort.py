"""Who is in the exposed cohort: MurmurHash3 x86 32 (Appleby) of salt and unit, in 10000 buckets.

    bucket = murmur3_x86_32(f"{salt}:{unit}") mod 10000 + 1,   exposed ⇔ bucket ≤ weight_bp

It is Unleash's `normalizedValue` (client specification 5, strategies 03 and 10) with 10000 buckets
instead of 100. The unit is hashed as UTF-8. The modulus biases a bucket by at most 1 in 429 496.
"""

import mmh3

BUCKETS = 10_000


def normalised(salt: str, unit: str, buckets: int) -> int:
    """A number from 1 to `buckets`, the same for the same salt and unit wherever it is computed."""
    return mmh3.hash(f"{salt}:{unit}", 0, signed=False) % buckets + 1


def bucket_of(salt: str, unit: str) -> int:
    """The bucket, 1 to 10000, of one unit (a user, or whatever sticks) under one salt."""
    return normalised(salt, unit, BUCKETS)


def exposed(salt: str, unit: str | None, weight_bp: int) -> bool:
    """Whether `unit` is served the candidate at `weight_bp` basis points (0 to 10000).

    Raising the weight only adds units, lowering it only removes them. Without a unit nobody can be
    kept in the same cohort, so nobody is exposed: not even at 10000, which holds until the stage
    is over and the candidate is stable.
    """
    return unit is not None and bucket_of(salt, unit) <= weight_bp
