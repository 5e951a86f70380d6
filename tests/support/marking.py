"""Marks: words that nobody else writes, to be found again wherever they should not be."""

import itertools
import secrets
import string
from dataclasses import dataclass, field


def _letters() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))


def _network() -> str:
    # Reserved for examples (RFC 3849). A leading 1 keeps every group at four digits.
    return f"2001:db8:1{secrets.token_hex(2)[1:]}:1{secrets.token_hex(2)[1:]}"


@dataclass
class Marks:
    """All marks of one run: what tells of a person begins with one stem, names of things with another."""

    person: str = field(default_factory=lambda: f"zq{_letters()}")
    thing: str = field(default_factory=lambda: f"xj{_letters()}")
    network: str = field(default_factory=_network)
    _number: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def stems(self) -> tuple[str, ...]:
        """What to look for."""
        return self.person, self.thing, self.network

    def word(self) -> str:
        """Give a word of a person that was never given before."""
        return f"{self.person}{next(self._number)}"

    def name(self) -> str:
        """Give a name for a thing."""
        return f"{self.thing}{next(self._number)}"

    def address(self) -> str:
        """Give an e-mail address."""
        return f"{self.word()}@example.org"

    def network_address(self) -> str:
        """Give an IP address; each is a visitor of its own to the limits."""
        return f"{self.network}::{next(self._number) % 0xFFFF:x}"
