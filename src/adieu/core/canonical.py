"""Canonical forms of identifiers: two spellings of one mailbox have one canonical form (Rule C4)."""

import re
import unicodedata

import idna

# RFC 5321 §4.5.3.1 with RFC 3696 erratum 1690: what an SMTP envelope can carry, in octets.
LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64

# RFC 5321 §4.1.2 Dot-string; RFC 6531 §3.3 adds every character beyond ASCII.
_DOT_STRING = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+(\.[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+)*")


class NotAnAddress(ValueError):
    """This is not an e-mail address that mail can be sent to."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def canonical_email(address: str) -> str:
    """Give the one form that all spellings of a mailbox share.

    No provider rules: dots and plus signs in the local part count.

    Args:
        address: what somebody typed, without surrounding white space.

    Raises:
        NotAnAddress: an SMTP envelope cannot carry it, or it holds characters that cannot be seen.

    Source: RFC 5321 and RFC 6531 (what is an address), UTS 46 (domain), Unicode §3.13 (caseless matching).
    """
    # Length comes first, so that huge input costs nothing.
    if len(address) > LONGEST_ADDRESS or not _is_visible(address):
        raise NotAnAddress
    # NFC goes first for the domain, too: UTS 46 maps before it normalizes, so a few Greek letters with
    # more than one mark would end up as another domain when they are typed in parts.
    local_part, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    if not at:
        raise NotAnAddress
    canonical = f"{_canonical_local_part(local_part)}@{_canonical_domain(domain)}"
    if len(canonical.encode()) > LONGEST_ADDRESS:
        raise NotAnAddress
    return canonical


def _canonical_local_part(local_part: str) -> str:
    folded = unicodedata.normalize("NFC", local_part.casefold())
    if not _DOT_STRING.fullmatch(folded) or len(folded.encode()) > LONGEST_LOCAL_PART:
        raise NotAnAddress
    return folded


def _canonical_domain(domain: str) -> str:
    try:
        a_labels = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except ValueError as error:
        raise NotAnAddress from error
    # A last label of digits is an IPv4 address (RFC 3696 §2), one that is empty ends in a dot.
    last_label = a_labels.rpartition(".")[2]
    if not last_label or last_label.isdigit():
        raise NotAnAddress
    return a_labels


def _is_visible(text: str) -> bool:
    """Tell whether no character is a control, format (bidi, joiner), space, surrogate or unassigned one.

    Unassigned characters are refused because a later Unicode version may fold or compose them,
    and then a retired address would get another canonical form.
    """
    return all(unicodedata.category(character)[0] not in "CZ" for character in text)
