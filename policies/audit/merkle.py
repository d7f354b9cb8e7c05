"""The Merkle tree of RFC 6962 (2.1) and RFC 9162 (2.1): roots, inclusion and consistency proofs.

A leaf is SHA-256(0x00 ‖ entry), an inner node SHA-256(0x01 ‖ left ‖ right). Leaves are counted from
0. Every function that needs the tree takes `node(level, index)`: the hash of the complete subtree
over the leaves `index·2^level … (index+1)·2^level - 1`. Where those hashes are kept is not known
here; with them, a root or a proof over n leaves takes O(log n).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

EMPTY = hashlib.sha256(b"").digest()
SIZE = 32  # bytes of a hash
# A proof over 2^63 leaves has this many hashes; whatever is longer is none.
LONGEST = 64

Node = Callable[[int, int], bytes]


class BadProof(ValueError):
    """A proof of impossible shape: wrong length for its sizes, or an index outside the tree."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(index: int, leaf: bytes, node: Node) -> Iterator[tuple[int, bytes]]:
    """The (level, hash) of every subtree that leaf `index` completes, its own level 0 first."""
    level, here = 0, leaf
    yield level, here
    while index & 1:
        here = node_hash(node(level, index - 1), here)
        level, index = level + 1, index >> 1
        yield level, here


def root(size: int, node: Node) -> bytes:
    """The root over the first `size` leaves; of none it is the hash of nothing."""
    return _range(0, size, node) if size else EMPTY


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]): the hashes that lead from leaf `index` to the root, nearest first.

    Raises `BadProof` unless `0 ≤ index < size`.
    """
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start = 0
    while size > 1:
        split = _split(size)
        if index < split:
            path.append(_range(start + split, size - split, node))
            size = split
        else:
            path.append(_range(start, split, node))
            start, index, size = start + split, index - split, size - split
    return path[::-1]


def consistency_path(old: int, new: int, node: Node) -> list[bytes]:
    """PROOF(old, D[new]): why the first `old` of `new` leaves are those of the older tree.

    Empty for `old == 0` (everything extends nothing) and `old == new`. Raises `BadProof` unless
    `0 ≤ old ≤ new`.
    """
    if not 0 <= old <= new:
        raise BadProof(f"a tree of {new} does not extend one of {old}")
    path: list[bytes] = []
    start, whole = 0, True  # whole: the subtree in hand is the older tree itself
    while 0 < old < new:
        split = _split(new)
        if old <= split:
            path.append(_range(start + split, new - split, node))
            new = split
        else:
            path.append(_range(start, split, node))
            start, old, new, whole = start + split, old - split, new - split, False
    if old and not whole:
        path.append(_range(start, old, node))
    return path[::-1]


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to (RFC 9162, 2.1.3.2). Raises `BadProof` on impossible shapes."""
    if not 0 <= index < size or len(path) > LONGEST:
        raise BadProof(f"there is no such path of leaf {index} in a tree of {size}")
    here, last, at = leaf, size - 1, index
    for step in path:
        if last == 0:
            raise BadProof("the path is too long")
        if at & 1 or at == last:
            here = node_hash(step, here)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            here = node_hash(here, step)
        at, last = at >> 1, last >> 1
    if last:
        raise BadProof("the path is too short")
    return here


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that the tree of `new` extends that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new or len(path) > LONGEST:
        return False
    if old == 0:
        return not path and old_root == EMPTY
    if old == new:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


class Tree:
    """All complete subtrees in memory: 64 bytes a leaf."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = []

    @property
    def size(self) -> int:
        return len(self._levels[0]) // SIZE if self._levels else 0

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        for level, here in completed(self.size, leaf, self.node):
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += here

    def node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * SIZE : (index + 1) * SIZE])

    def root(self, size: int | None = None) -> bytes:
        return root(self.size if size is None else size, self.node)


def _split(size: int) -> int:
    """The largest power of two below `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(start: int, size: int, node: Node) -> bytes:
    """MTH over `size` leaves from `start`, where a complete subtree of that rank begins."""
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    split = _split(size)
    return node_hash(_range(start, split, node), _range(start + split, size - split, node))
