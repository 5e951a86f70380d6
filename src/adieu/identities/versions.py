"""The keys an identifier has had under every rule and every pepper, newest first (Rule C4)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

from adieu.core.canonical import canonical_email
from adieu.core.claim_keys import claim_key
from adieu.kit.errors import Fact

RULE_VERSION = 1

RULES: Mapping[str, Mapping[int, Callable[[str], str]]] = {"email": {1: canonical_email}}


class UnknownKind(Fact):
    """No identifiers of this kind can be claimed."""


@dataclass(frozen=True)
class VersionedKey:
    """A claim key with the versions it was made under."""

    key: str
    rule_version: int
    pepper_version: int


def keys_of(*, kind: str, identifier: str) -> list[VersionedKey]:
    """List the keys of an identifier under all versions; the first is the one to insert under.

    Raises:
        UnknownKind: there is no such kind.
        NotAnAddress: the identifier has no canonical form.
    """
    if kind not in RULES:
        raise UnknownKind
    return list(_versions(kind, identifier))


def _versions(kind: str, identifier: str) -> Iterator[VersionedKey]:
    for rule_version in sorted(RULES[kind], reverse=True):
        canonical = RULES[kind][rule_version](identifier)
        for pepper_version in sorted(settings.PEPPERS, reverse=True):
            pepper = settings.PEPPERS[pepper_version]
            key = claim_key(pepper=pepper, kind=kind, canonical=canonical)
            yield VersionedKey(key, rule_version, pepper_version)
