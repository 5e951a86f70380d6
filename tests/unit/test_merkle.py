"""Merkle trees as RFC 9162 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.core import merkle

# The leaves and roots that implementations of RFC 6962 have been tested with since its first one.
LEAVES = [
    merkle.leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 33
MANY = [merkle.leaf_hash(str(number).encode()) for number in range(MOST)]
OTHER = merkle.leaf_hash(b"something else")


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_everyone_gets(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_every_leaf_of_every_tree_is_proven() -> None:
    for size in range(1, MOST + 1):
        leaves, root = MANY[:size], merkle.root_of(MANY[:size])
        for index, leaf in enumerate(leaves):
            proof = merkle.inclusion_proof(leaves, index=index)
            assert merkle.is_included(leaf=leaf, index=index, size=size, root=root, proof=proof)


def test_nothing_else_is_proven() -> None:
    for size in range(1, 18):
        leaves, root = MANY[:size], merkle.root_of(MANY[:size])
        for index, leaf in enumerate(leaves):
            proof = merkle.inclusion_proof(leaves, index=index)
            for wrong in wrong_proofs(proof):
                assert not merkle.is_included(leaf=leaf, index=index, size=size, root=root, proof=wrong)
            assert not merkle.is_included(leaf=OTHER, index=index, size=size, root=root, proof=proof)
            assert not merkle.is_included(leaf=leaf, index=size, size=size, root=root, proof=proof)
            assert not merkle.is_included(leaf=leaf, index=-1, size=size, root=root, proof=proof)
            others = (at for at in range(size) if at != index)
            assert not any(
                merkle.is_included(leaf=leaf, index=at, size=size, root=root, proof=proof) for at in others
            )


def test_every_growth_is_proven_and_nothing_else() -> None:
    for size in range(1, MOST + 1):
        root = merkle.root_of(MANY[:size])
        for earlier in range(1, size + 1):
            proof = merkle.consistency_proof(MANY[:size], earlier_size=earlier)
            known = merkle.root_of(MANY[:earlier])
            assert fits(earlier, known, size, root, proof)
            assert not fits(earlier, OTHER, size, root, proof)
            assert not fits(earlier, known, size, OTHER, proof)
            assert not any(fits(earlier, known, size, root, wrong) for wrong in wrong_proofs(proof))


def test_nothing_grows_backwards() -> None:
    leaves = MANY[:5]
    root = merkle.root_of(leaves)
    assert not fits(6, OTHER, 5, root, [])
    assert not fits(0, merkle.EMPTY_ROOT, 5, root, [])


@given(st.integers(1, 60), st.integers(1, 60), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_made_up_proofs_end_with_a_no(earlier: int, size: int, proof: list[bytes]) -> None:
    assert not fits(earlier, OTHER, size, MANY[0], proof)
    assert not merkle.is_included(leaf=OTHER, index=earlier - 1, size=size, root=MANY[0], proof=proof)


def fits(earlier: int, earlier_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    return merkle.is_consistent(
        earlier_size=earlier, earlier_root=earlier_root, size=size, root=root, proof=proof
    )


def wrong_proofs(proof: list[bytes]) -> list[list[bytes]]:
    """One hash more, one less, and one that is another."""
    wrong = [[*proof, OTHER], [OTHER, *proof]]
    if proof:
        wrong += [proof[1:], proof[:-1], [OTHER, *proof[1:]], [*proof[:-1], OTHER]]
    return wrong
