"""The tree: the vectors of Certificate Transparency, and the RFC's own recursion as an oracle."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.audit.merkle import (
    EMPTY,
    BadProof,
    Tree,
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf_hash,
    node_hash,
    root_of_inclusion,
)

# The reference tree of RFC 6962's own implementation (certificate-transparency, merkle_tree_test).
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS: dict[tuple[int, int], list[str]] = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCIES: dict[tuple[int, int], list[str]] = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def tree_of(entries: Sequence[bytes]) -> Tree:
    tree = Tree()
    for entry in entries:
        tree.append(leaf_hash(entry))
    return tree


def naive(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not entries:
        return EMPTY
    if len(entries) == 1:
        return leaf_hash(entries[0])
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return node_hash(naive(entries[:k]), naive(entries[k:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert tree_of(ENTRIES[:size]).root().hex() == ROOTS[size - 1]


def test_an_empty_tree_is_the_hash_of_nothing() -> None:
    assert Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_inclusion_proofs_are_those_of_certificate_transparency(index: int, size: int) -> None:
    path = inclusion_path(index, size, tree_of(ENTRIES).node)

    assert [step.hex() for step in path] == INCLUSIONS[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_consistency_proofs_are_those_of_certificate_transparency(old: int, new: int) -> None:
    path = consistency_path(old, new, tree_of(ENTRIES).node)

    assert [step.hex() for step in path] == CONSISTENCIES[old, new]


def test_every_pair_up_to_forty_leaves_is_proved_and_nothing_else() -> None:
    entries = [bytes([n]) for n in range(40)]
    tree = tree_of(entries)
    roots = [tree.root(n) for n in range(41)]

    assert roots == [naive(entries[:n]) for n in range(41)]
    for new in range(1, 41):
        for at in range(new):
            path = inclusion_path(at, new, tree.node)
            assert root_of_inclusion(leaf_hash(entries[at]), at, new, path) == roots[new]
        for old in range(new + 1):
            steps = consistency_path(old, new, tree.node)
            assert is_consistent(old, new, roots[old], roots[new], steps)
            assert not is_consistent(old, new, leaf_hash(b"x"), roots[new], steps)
            if 0 < old < new:
                assert not is_consistent(old, new, roots[old], leaf_hash(b"x"), steps)
                assert not is_consistent(old, new, roots[old], roots[new], [*steps, EMPTY])
                assert not is_consistent(old, new, roots[old], roots[new], steps[:-1])


@given(st.data())
def test_a_proof_holds_for_its_own_leaf_place_and_tree_alone(data: st.DataObject) -> None:
    entries = data.draw(st.lists(st.binary(max_size=8), min_size=2, max_size=70, unique=True))
    tree, size = tree_of(entries), len(entries)
    at = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != at))
    path = inclusion_path(at, size, tree.node)

    assert root_of_inclusion(leaf_hash(entries[at]), at, size, path) == naive(entries)
    assert root_of_inclusion(leaf_hash(entries[other]), at, size, path) != naive(entries)
    try:
        moved = root_of_inclusion(leaf_hash(entries[at]), other, size, path)
    except BadProof:
        return
    assert moved != naive(entries)


def test_proofs_of_impossible_shape_are_refused() -> None:
    leaf, tree = leaf_hash(b""), tree_of(ENTRIES)
    path = inclusion_path(3, 8, tree.node)

    for index, size, steps in (
        (8, 8, path), (-1, 8, path), (0, 0, []), (3, 8, path[:-1]), (3, 8, [*path, EMPTY]),
        (0, 1, [EMPTY] * 65),
    ):  # fmt: skip
        with pytest.raises(BadProof):
            root_of_inclusion(leaf, index, size, steps)
    with pytest.raises(BadProof):
        inclusion_path(8, 8, tree.node)
    with pytest.raises(BadProof):
        consistency_path(9, 8, tree.node)
    assert not is_consistent(9, 8, leaf, leaf, [])
    assert not is_consistent(1, 2, leaf, leaf, [EMPTY] * 65)


def test_a_leaf_cannot_pass_for_an_inner_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)
