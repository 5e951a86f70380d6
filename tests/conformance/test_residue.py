"""Nothing of Alice is left in any byte that a real `adieu serve` has written (Rules P1 to P5, D3, D13).

One story is told once: Alice does everything that leaves something behind, beside Bob and Charlie; she
leaves; the processes are killed, started again and stopped. The tests look at what was written at each of
these moments.

Names of organizations, projects and API keys are names of things (Rule V1): they may stand in the main
database, so they have a word of their own, and it is their rows that must go. What a process holds in memory
is not promised, and not looked at.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import BinaryField, CharField, Field, JSONField, Model, TextField

from adieu.core.declaring import Fate
from tests.completeness.test_fields import declared, every_field
from tests.support.dumps import Row, changed
from tests.support.houses import VAULT, house
from tests.support.leaving_story import EVERYBODY, Story, tell
from tests.support.scanning import Hit, Scanner
from tests.support.tokens import ALICE, BOB, CHARLIE, COMMENT, INVITED, THINGS

AFTERWARDS = ["after, while it runs", "after kill -9", "after a clean stop"]
MARKERS = (ALICE.marker, INVITED, COMMENT, THINGS)

# Text that goes with the account and tells nobody who somebody is: it got no token, and why it needs none.
OPAQUE = {
    "accounts.Account.email": "sealed: the claim key in hex",
    "accounts.Account.password": "a digest",
    "accounts.TermsAgreement.version": "the operator's own word",
    "accounts.Session.key_digest": "a digest",
    "account.EmailAddress.email": "sealed",
    "account.EmailConfirmation.key": "nothing writes this table: codes are used, not links",
    "deletion.DeletionRequest.reason": "one word of eight",
    "deletion.Verification.session_digest": "a digest",
    "deletion.Verification.owned": "a digest",
    "deletion.Verification.consent_texts": "ids of our own texts",
    "notices.Notice.kind": "one word of a list",
    "notices.Notice.payload": "opaque ids and names of things",
    "notices.Notice.state": "one word of four",
    "notices.RefusalMail.address_key": "a claim key",
    "tenancy.OrganizationMembership.role": "one word of two",
    "tenancy.ProjectMembership.role": "one word of two",
    "tenancy.Invitation.address_key": "a claim key",
    "tenancy.ApiKey.digest": "a digest",
    "tenancy.ApiKey.hint": "the last letters of a secret",
    "vault.Entry.country": "two letters, which stand everywhere; the row is looked for",
    "vault.SessionData.key_digest": "a digest",
    "vault.Archive.state": "one word of four",
    "vault.Archive.problem": "one word of two",
    "vault.DevelopmentMail.address_key": "a claim key",
}
OUR_WORDS = "our own words, a code and names of things; the address stands beside it"
OPAQUE |= {
    f"vault.{model}.{name}": OUR_WORDS
    for model in ("Mail", "DevelopmentMail")
    for name in ("subject", "text", "html")
}
# Where a deletion writes down its own work, by ids of its own.
WORK = {
    "deletion_consent",
    "deletion_erasurestep",
    "deletion_reasoncount",
    "deletion_receipt",
    "deletion_verification",
    # Which line of the ledger was read last.
    "ledger_change",
    "ledger_mark",
    "notices_notice",
    "tenancy_apikey",
    "tenancy_invitation",
    "tenancy_organization",
    "tenancy_projectmembership",
    "vault_compaction",
}
TO_FIX_THIS = """
{field} goes with the account, and no token was found in it at any moment of the story. To fix this:
1. If it can hold a word of a person's: let Alice write one there (`tests/support/leaving_story.py`), so that
   the scan would find what is left of it.
2. If it cannot: add it to OPAQUE here and say why.
"""


def has_server() -> bool:
    return "ADIEU_DATABASE_URL" in os.environ


# Where the main database is on PostgreSQL, the vault may be, too; in a file it is as it is beside SQLite.
IN_A_FILE = pytest.param("file", marks=[pytest.mark.long] * has_server(), id="vault in a file")
ON_SERVER = pytest.param("server", id="vault on PostgreSQL")


@pytest.fixture(scope="module", params=[IN_A_FILE, *[ON_SERVER] * has_server()])
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """Tell it once for all tests here."""
    with house(main_on_server=has_server(), vault_on_server=request.param == "server") as made:
        yield tell(made)


def personal_texts() -> list[tuple[type[Model], "Field[Any, Any]"]]:
    """List the fields for words, and for bytes, whose fate is to go with the account."""
    fates = declared()
    return [
        (model, each)
        for model, each in every_field()
        if fates[model._meta.label][each.name] in {Fate.ERASE, Fate.ANONYMIZE}
        and isinstance(each, BinaryField | CharField | TextField | JSONField)
    ]


@pytest.mark.parametrize(
    ("model", "each"), personal_texts(), ids=lambda part: getattr(part, "name", getattr(part, "__name__", ""))
)
def test_every_personal_field_received_a_token(
    story: Story, model: type[Model], each: "Field[Any, Any]"
) -> None:
    name = f"{model._meta.label}.{each.name}"
    dumps = [*story.main.values(), *story.vault.values()]
    values = [row[each.column or ""] for found in dumps for row in found.get(model._meta.db_table, [])]
    has_token = any(
        form in value.lower()
        for value in values
        for marker in (*MARKERS, ALICE.network_address)
        for form in (marker, in_hex(marker))
    )
    assert has_token != (name in OPAQUE), TO_FIX_THIS.format(field=name)


def test_no_app_of_others_that_would_need_a_token_is_installed() -> None:
    """Administration keeps a log, social sign-in what providers tell, Django's sessions what is typed."""
    theirs = {each.label for each in apps.get_app_configs() if not each.name.startswith("adieu.")}
    assert theirs == {"account", "allauth", "auth", "contenttypes", "messages", "staticfiles"}


def test_nobody_ever_stands_outside_the_vault(story: Story) -> None:
    """Rule P1: not even before; and with every statement that the server saw, where there is one."""
    assert [hit for hit in story.hits["before"] if not is_in_vault(hit, story)] == []


def test_the_scan_finds_everybody_in_the_vault(story: Story) -> None:
    """What the scan does not see while it is there proves nothing when it is gone."""
    assert {hit.marker for hit in story.hits["before"]} == set(EVERYBODY)


def test_a_backup_of_the_main_database_from_before_holds_nobody(story: Story) -> None:
    """Rule P2: its data can be read, and what is found in it are names of things."""
    names = {hit.file for hit in story.hits["before"]}
    assert str(story.house.backup) not in names
    found = Scanner((THINGS,)).in_bytes(story.house.backup.read_bytes(), name="backup")
    assert found


def test_the_copy_of_the_vault_held_her_before_and_does_not_after(story: Story) -> None:
    """Rule P2: it is made anew after each erasure, and what is left in it are the others."""
    if not isinstance(story.house.vault, Path):
        assert not story.house.copy.exists()
        return
    copy = str(story.house.copy)
    assert ALICE.marker in {hit.marker for hit in story.hits["before"] if hit.file == copy}
    for moment in AFTERWARDS:
        markers = {hit.marker for hit in story.hits[moment] if hit.file == copy}
        assert BOB.marker in markers
        assert not markers & {*ALICE.markers, INVITED}
    assert [path.name for path in story.house.copy.parent.iterdir()] == [story.house.copy.name]


def test_pages_endpoints_and_steps_have_failed_with_her_words_in_hand(story: Story) -> None:
    assert story.answers == {"a page that fails": 500, "an endpoint that fails": 500}
    log = "\n".join(story.logs)
    assert log.count("OperationalError") + log.count("IntegrityError") + log.count("RaiseException") >= 3


@pytest.mark.parametrize("moment", AFTERWARDS)
def test_nothing_is_left_afterwards(story: Story, moment: str) -> None:
    """But for what was not hers, and her comment, both where people stand (Rule D3)."""
    hits = story.hits[moment]
    assert [hit for hit in hits if hit.marker not in {*BOB.markers, *CHARLIE.markers, COMMENT}] == []
    assert [hit for hit in hits if not is_in_vault(hit, story)] == []
    assert {BOB.marker, CHARLIE.marker, COMMENT} <= {hit.marker for hit in hits}


def test_while_the_last_mail_waits_her_address_is_kept_and_nothing_else(story: Story) -> None:
    """Rule D9. The development mailbox stands for her own, and is emptied with the address."""
    vault = story.vault["while the last mail waits"]
    found = {
        f"{table}.{column}"
        for table, rows in vault.items()
        for row in rows
        for column, value in row.items()
        if any(marker in value.lower() for marker in (*ALICE.markers, INVITED))
        and "developmentmail" not in table
    }
    assert found == {"vault_entry.address"}


def test_no_row_tells_of_her_things_but_the_log_of_what_happened(story: Story) -> None:
    """Rules D11, V1: names of things stay in the activity log."""
    tables = {table for table, rows in story.main["after"].items() if any(THINGS in str(row) for row in rows)}
    assert tables == {"activities_activity"}


def test_her_id_stays_as_evidence_only(story: Story) -> None:
    """Rules V1, D5: what the declarations keep, by an id that leads nowhere."""
    tables = {
        table
        for found in (story.main["after"], story.vault["after"])
        for table, rows in found.items()
        if any(is_about(row, story.ids["alice"]) for row in rows)
    }
    assert tables == {
        "activities_activity",
        "deletion_deletionrequest",
        "ledger_change",
        "notices_notice",
    }


def test_her_comment_is_tied_to_nothing(story: Story) -> None:
    """Rule D3: the one text that is left, on purpose: no person, no request, no time, no order."""
    (comment,) = story.vault["after"]["vault_comment"]
    assert set(comment) == {"key", "request_id", "text"}
    assert COMMENT in comment["text"]
    assert comment["request_id"] == "NULL"
    (bound,) = story.vault["before"]["vault_comment"]
    assert bound["request_id"] != "NULL"
    assert bound["key"] != comment["key"]
    ids = {value for rows in story.main["after"].values() for row in rows for value in row.values()}
    assert comment["key"].strip("'") not in {value.strip("'") for value in ids}


def test_bob_and_charlie_are_byte_for_byte_the_same(story: Story, record_property: Any) -> None:
    """One row comes to them, because owners are told of the invitations that ended."""
    came_to_them, same = [], 0
    for dumps in (story.main, story.vault):
        gone, came = changed(dumps["before"], dumps["after"])
        assert [(table, row) for table, row in gone if is_of_neighbours(table, row, story)] == []
        came_to_them += [(table, row) for table, row in came if is_of_neighbours(table, row, story)]
        rows = [(table, row) for table, found in dumps["before"].items() for row in found]
        same += sum(is_of_neighbours(table, row, story) for table, row in rows)
    assert [(table, row["kind"]) for table, row in came_to_them] == [
        ("notices_notice", "'tenancy.invitations_ended'")
    ]
    assert same > 20
    record_property("rows of neighbours that stayed byte for byte the same", same)


def test_only_rows_about_her_are_touched(story: Story) -> None:
    for dumps in (story.main, story.vault):
        gone, came = changed(dumps["before"], dumps["after"])
        touched = {table for table, row in (*gone, *came) if not is_about_alice(row, story)}
        assert touched <= WORK, touched - WORK
    (before,), (after,) = (
        [row for row in story.main[moment]["tenancy_organization"] if is_about(row, story.ids["shared"])]
        for moment in ("before", "after")
    )
    assert {**before, "owner_count": "1", "contact_id": "NULL"} == {**after, "owner_count": "1"}


def test_neither_pages_nor_exports_show_her(story: Story) -> None:
    for path, text in story.read_after.items():
        assert not [marker for marker in (*ALICE.markers, INVITED) if marker in text.lower()], path
    assert "Deleted account" in story.read_after["activities/"]
    assert "Deleted account" in story.read_after["activities/export/?format=csv"]


def test_how_much_was_looked_at(story: Story, record_property: Any) -> None:
    scanner, where = story.scanner, "server" if isinstance(story.house.vault, str) else "file"
    record_property(f"bytes scanned for residue, vault in a {where}", scanner.scanned_bytes)
    record_property(f"files scanned for residue, vault in a {where}", scanner.scanned_files)
    record_property("markers and secrets looked for", len(EVERYBODY) + len(story.secrets))
    assert scanner.scanned_bytes > 1_000_000


def is_in_vault(hit: Hit, story: Story) -> bool:
    """Tell whether a file is one of the vault's, or in the folder of its server."""
    path = Path(hit.file)
    is_file = path.is_relative_to(story.house.folder)
    return is_file and any(part.startswith(VAULT) for part in path.relative_to(story.house.folder).parts)


def is_about(row: Row, *account_ids: str) -> bool:
    """Tell whether a row holds an opaque id, in either way of writing it."""
    forms = [form for each in account_ids for form in (each, each.replace("-", ""))]
    return any(form in value for form in forms for value in row.values())


def is_of_neighbours(table: str, row: Row, story: Story) -> bool:
    """Tell whether a row belongs to Bob or Charlie, by their id, their word or their place."""
    neighbours = (story.ids["bob"], story.ids["charlie"])
    places = story.main["before"]["tenancy_organizationmembership"]
    theirs = {place["id"] for place in places if is_about(place, *neighbours)}
    has_place = table in {"tenancy_projectmembership", "tenancy_apikey"} and row["member_id"] in theirs
    has_word = BOB.marker in str(row).lower() or CHARLIE.marker in str(row).lower()
    return has_place or has_word or is_about(row, *neighbours)


def in_hex(word: str) -> str:
    """Write a word as a dump shows it in the middle of bytes."""
    return word.encode().hex()


def is_about_alice(row: Row, story: Story) -> bool:
    claims = story.main["before"]["identities_identityclaim"]
    keys = [claim["key"].strip("'") for claim in claims if is_about(claim, story.ids["alice"])]
    words = (ALICE.marker, INVITED, COMMENT, THINGS, in_hex(ALICE.marker), *keys)
    return is_about(row, story.ids["alice"]) or any(word in str(row).lower() for word in words)
