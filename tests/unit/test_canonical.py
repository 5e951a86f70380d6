"""All spellings of one mailbox have one canonical form, and nothing else gets one (Rule C4)."""

import time
import unicodedata
from contextlib import suppress

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adieu.core.canonical import NotAnAddress, canonical_email

LOCAL_PARTS = st.from_regex(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~äöüéßσΣжЖñ한-]{1,12}", fullmatch=True)
DOMAINS = st.sampled_from(["example.org", "bücher.example", "faß.example", "пример.example", "例え.example"])


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("alice@example.org", "alice@example.org"),
        ("Alice@Example.ORG", "alice@example.org"),
        ("ALICE+tag@example.org", "alice+tag@example.org"),
        ("a.l.i.c.e@example.org", "a.l.i.c.e@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("JOS\u00c9@example.org", "jos\u00e9@example.org"),
        ("stra\u00dfe@example.org", "strasse@example.org"),
        ("alice@B\u00dcCHER.example", "alice@xn--bcher-kva.example"),
        ("alice@bu\u0308cher.example", "alice@xn--bcher-kva.example"),
        ("alice@XN--BCHER-KVA.example", "alice@xn--bcher-kva.example"),
        ("alice@example\u3002org", "alice@example.org"),
        ("alice@\uff45xample.org", "alice@example.org"),
        # Non-transitional: these are two domains.
        ("alice@fa\u00df.example", "alice@xn--fa-hia.example"),
        ("alice@fass.example", "alice@fass.example"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("alice@localhost", "alice@localhost"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_spellings_of_one_mailbox_agree(typed: str, canonical: str) -> None:
    assert canonical_email(typed) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "alice",
        "alice@",
        "@example.org",
        "alice@bob@example.org",
        " alice@example.org",
        "alice@example.org ",
        "ali ce@example.org",
        "alice@exam ple.org",
        "alice@example.org\r\nBcc: bob@example.org",
        "alice\x00@example.org",
        "alice@example.org\x00",
        "alice\u202e@example.org",
        "alice\u200b@example.org",
        "alice@exam\u202eple.org",
        "alice\u00a0@example.org",
        "\ud800@example.org",
        "\U000e0001@example.org",
        "\u0378@example.org",
        '"alice"@example.org',
        '"ali ce"@example.org',
        "alice@[192.0.2.1]",
        "alice@[IPv6:2001:db8::1]",
        "alice@192.0.2.1",
        "<alice@example.org>",
        "alice(comment)@example.org",
        "alice,bob@example.org",
        "alice;@example.org",
        "alice\\@example.org",
        ".alice@example.org",
        "alice.@example.org",
        "ali..ce@example.org",
        "alice@.example.org",
        "alice@example..org",
        "alice@example.org.",
        "alice@-example.org",
        "alice@exam_ple.org",
        "alice@xn--\u00fc.example",
        "alice@xn--.example",
        "alice@xn--zzzzzzzz99999.example",
        "a" * 65 + "@example.org",
        "\u00e9" * 33 + "@example.org",
        "alice@" + "a" * 64 + ".org",
        "alice@" + "a." * 125 + "org",
        "a@" * 2000,
    ],
)
def test_what_an_envelope_cannot_carry_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAddress) as refusal:
        canonical_email(typed)
    assert str(refusal.value) == "This is not an e-mail address that mail can be sent to."


def test_huge_input_is_refused_before_any_work() -> None:
    huge = "\u1e9e" * 5_000_000 + "@example.org"
    started = time.perf_counter()
    with pytest.raises(NotAnAddress):
        canonical_email(huge)
    assert time.perf_counter() - started < 0.01


@given(st.text(max_size=260))
@example("@xn--0.example")
@example("a@\u06dd")
@example("a@\u200d.org")
@example("a@\u0660\u06f0.org")
def test_nothing_but_the_one_refusal_is_raised(typed: str) -> None:
    with suppress(NotAnAddress):
        canonical_email(typed)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
@example("\u0390", "example.org")
@example("\u1fb7\u0301", "example.org")
@example("\u0345\u0301", "example.org")
@example("a", "xn--a.\u00df")
def test_a_canonical_form_is_its_own(local_part: str, domain: str) -> None:
    with suppress(NotAnAddress):
        canonical = canonical_email(f"{local_part}@{domain}")
        assert canonical_email(canonical) == canonical


@given(st.text(min_size=1, max_size=20))
def test_unicode_forms_of_a_local_part_agree(local_part: str) -> None:
    with suppress(NotAnAddress):
        canonical = canonical_email(f"{local_part}@example.org")
        for form in ("NFC", "NFD"):
            assert canonical_email(f"{unicodedata.normalize(form, local_part)}@example.org") == canonical


@pytest.mark.parametrize("domain", ["\u1f88\u0f18a.org", "\u1f83\u05b8.org", "b\u00fccher.example"])
def test_unicode_forms_of_a_domain_agree(domain: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, domain) for form in ("NFC", "NFD"))
    assert canonical_email(f"alice@{composed}") == canonical_email(f"alice@{decomposed}")


@given(LOCAL_PARTS, DOMAINS)
def test_case_unicode_form_and_punycode_agree(local_part: str, domain: str) -> None:
    canonical = canonical_email(f"{local_part}@{domain}")
    a_label = idna.encode(domain).decode()
    # Upper case of an eszett is a double s, which is another domain; the local part folds it.
    upper_domain = a_label.upper()
    spellings = [
        f"{local_part.upper()}@{upper_domain}",
        f"{local_part.swapcase()}@{a_label}",
        f"{unicodedata.normalize('NFD', local_part)}@{unicodedata.normalize('NFD', domain)}",
        f"{local_part}@{domain.replace('.', '\u3002')}",
    ]
    for spelling in spellings:
        assert canonical_email(spelling) == canonical


@given(LOCAL_PARTS, DOMAINS)
def test_a_canonical_form_can_be_carried(local_part: str, domain: str) -> None:
    canonical_local, _, canonical_domain = canonical_email(f"{local_part}@{domain}").rpartition("@")
    assert len(canonical_local.encode()) <= 64
    assert canonical_domain.isascii()
    assert canonical_domain == canonical_domain.lower()
