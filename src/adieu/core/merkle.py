"""Merkle trees over a list that only grows, after RFC 9162, section 2.1 (the same trees as in RFC 6962).

A root stands for every leaf and their order. An inclusion proof shows that a leaf is in a tree, a consistency
proof that a later tree only added leaves; each with a handful of hashes.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash what a leaf stands for."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into one; the prefix keeps a node from passing for a leaf."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Give the root of a tree.

    Args:
        leaves: The hashes of its leaves, 32 bytes each, in order.

    Source: RFC 9162, section 2.1.1.
    """
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = _largest_power_below(len(leaves))
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


def inclusion_proof(leaves: Sequence[bytes], *, index: int) -> list[bytes]:
    """Prove that a leaf is in a tree.

    Args:
        leaves: The hashes of all leaves.
        index: Which leaf, from 0.

    Returns:
        The hashes of the subtrees beside its path, from the leaf's sibling upwards.

    Source: RFC 9162, section 2.1.3.1.
    """
    if len(leaves) <= 1:
        return []
    half = _largest_power_below(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index=index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index=index - half), root_of(leaves[:half])]


def is_included(*, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows a leaf's hash at an index of the tree of a size and a root.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node_hash(beside, found)
            # The last node of a level that has no sibling moves up unchanged.
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], *, earlier_size: int) -> list[bytes]:
    """Prove that the tree of all leaves begins with the tree of the first ones.

    Args:
        leaves: The hashes of all leaves.
        earlier_size: How many leaves the earlier tree had; from 1 to all.

    Source: RFC 9162, section 2.1.4.1.
    """
    return _subproof(leaves, earlier_size, is_whole=True)


def is_consistent(
    *, earlier_size: int, earlier_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that a tree begins with an earlier one.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 < earlier_size <= size:
        return False
    if earlier_size == size:
        return not proof and earlier_root == root
    # When the earlier tree is a whole subtree, its root is known and not repeated in the proof.
    path = [earlier_root, *proof] if earlier_size & (earlier_size - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = earlier_size - 1, size - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    return _walk_up(path, at, last) == (earlier_root, root)


def _walk_up(path: Sequence[bytes], at: int, last: int) -> tuple[bytes, bytes] | None:
    """Rebuild both roots from a consistency proof; nothing if it has too many or too few hashes."""
    earlier = later = path[0]
    for beside in path[1:]:
        if last == 0:
            return None
        if at % 2 or at == last:
            earlier, later = node_hash(beside, earlier), node_hash(beside, later)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            later = node_hash(later, beside)
        at, last = at >> 1, last >> 1
    return (earlier, later) if last == 0 else None


def _subproof(leaves: Sequence[bytes], size: int, *, is_whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    half = _largest_power_below(len(leaves))
    if size <= half:
        return [*_subproof(leaves[:half], size, is_whole=is_whole), root_of(leaves[half:])]
    return [*_subproof(leaves[half:], size - half, is_whole=False), root_of(leaves[:half])]


def _largest_power_below(count: int) -> int:
    """Give the largest power of two that is smaller than a count of at least 2."""
    return 1 << ((count - 1).bit_length() - 1)
