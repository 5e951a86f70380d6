"""Who stays or leaves in a benchmark.

Ids are digests of what they name, so they are spread over an index as random ones are, and a test can tell
which thing of one person is like which thing of another.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Person:
    """Who stays (numbers from 0) or leaves; those who leave have a kind of organizations of their own."""

    name: str
    reason: str = "privacy"
    # How many organizations they belong to beside the one who stays there.
    ties: int = 0

    def id_of(self, thing: str) -> str:
        """Give the id of a thing of this person's."""
        return digest(f"{self.name} {thing}", 16)

    @property
    def account_id(self) -> UUID:
        """The account's id."""
        return UUID(self.id_of("account"))

    @property
    def session(self) -> str:
        """The digest of the session that the person leaves from."""
        return session_of(self, 0)

    @property
    def key(self) -> str:
        """The claim key of the person's address."""
        return digest(f"{self.name} address", 32)

    @property
    def code(self) -> str:
        """The code that was sent."""
        from adieu.deletion.verification import code_of

        return code_of(request_id=UUID(self.id_of("request")), number=1)

    @property
    def organizations(self) -> list[str]:
        """The ids of the organizations that the person belongs to beside the first who stays."""
        return [self.id_of(f"organization {number}") for number in range(self.ties)]


def digest(of: str, size: int) -> str:
    """Give an id of `size` bytes that looks random and is always the same."""
    return hashlib.blake2b(of.encode(), digest_size=size).hexdigest()


def session_of(person: Person, number: int) -> str:
    """Give the digest of the key of one of a person's sessions."""
    return digest(f"{person.name} session {number}", 32)
