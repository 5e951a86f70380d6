"""Unguessable links that nobody stores: each is derived from a key and the id of what it leads to."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

TAG_BYTES = 18
TOKEN_LENGTH = 46


class NotALink(ValueError):
    """This link was not made here, or for something else."""


@dataclass(frozen=True)
class Links:
    """The links for one purpose: a token of one is worth nothing to another, even under one key."""

    purpose: str

    def token(self, *, key: bytes, subject_id: UUID) -> str:
        """Give the secret part of the link: the id and 144 bits of HMAC over it, in URL-safe base64."""
        message = f"adieu/{self.purpose}/v1".encode() + subject_id.bytes
        tag = hmac.digest(key, message, hashlib.sha256)[:TAG_BYTES]
        return base64.urlsafe_b64encode(subject_id.bytes + tag).rstrip(b"=").decode()

    def read(self, token: str, *, key: bytes) -> UUID:
        """Give the id of what the link leads to.

        Raises:
            NotALink: the token was not made with this key for this purpose.
        """
        if len(token) != TOKEN_LENGTH or not token.isascii():
            raise NotALink
        try:
            raw = base64.urlsafe_b64decode(token + "==")
            subject_id = UUID(bytes=raw[:16])
        except (binascii.Error, ValueError) as error:
            raise NotALink from error
        if not hmac.compare_digest(self.token(key=key, subject_id=subject_id), token):
            raise NotALink
        return subject_id


# To the progress of one deletion (Rule D10), and to one invitation (Rule O3).
FAREWELLS = Links("farewell-link")
INVITATIONS = Links("invitation-link")
