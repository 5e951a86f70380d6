"""What tells who a person is stands in the vault, and leaves it (Rules P1, P4, D3, D9)."""

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.db import transaction as django_transaction

from adieu.kit.transactions import transaction
from adieu.vault import operations, queries
from adieu.vault.countries import COUNTRIES
from adieu.vault.fields import TooLong, UnknownCountry, UnusableCharacter
from adieu.vault.models import Comment, CommentRound, Entry, SessionData
from adieu.vault.queries import Person
from adieu.vault.session_contents import erase_contents_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

ALICE_AT = "alice@example.org"
HOUR = timedelta(hours=1)


@pytest.fixture
def alice(now: datetime) -> UUID:
    account_id = uuid4()
    operations.put(
        account_id=account_id, address=ALICE_AT, now=now, name="Alice", company="Example", country="DE"
    )
    return account_id


def person(account_id: UUID) -> Person | None:
    return queries.read([account_id]).get(account_id)


def change(account_id: UUID, *, name: str = "", company: str = "", country: str = "") -> None:
    operations.change_profile(account_id=account_id, name=name, company=company, country=country)


class TestEntry:
    def test_what_is_put_can_be_read(self, alice: UUID) -> None:
        assert person(alice) == Person(ALICE_AT, "Alice", "Example", "DE")

    def test_many_are_read_in_one_query(self, alice: UUID, now: datetime, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        bob, charlie = uuid4(), uuid4()
        operations.put(account_id=bob, address="bob@example.org", now=now)
        with django_assert_num_queries(1, using="vault"):
            people = queries.read([alice, bob, charlie])
        assert set(people) == {alice, bob}

    def test_putting_again_replaces(self, alice: UUID, now: datetime) -> None:
        operations.put(account_id=alice, address="new@example.org", now=now + HOUR)
        assert person(alice) == Person("new@example.org", "", "", "")
        assert Entry.objects.get().created_at == now

    def test_putting_is_never_part_of_a_larger_transaction(self, now: datetime) -> None:
        with pytest.raises(RuntimeError), transaction(using="vault"):
            operations.put(account_id=uuid4(), address=ALICE_AT, now=now)

    def test_a_profile_is_changed(self, alice: UUID) -> None:
        change(alice, name="  Alice\u0301 B.  ", company="", country="FR")
        assert person(alice) == Person(ALICE_AT, "Alic\u00e9 B.", "", "FR")

    def test_changing_a_profile_that_is_gone_brings_nothing_back(self) -> None:
        change(uuid4(), name="Alice")
        assert not Entry.objects.exists()

    def test_cutting_down_leaves_the_address(self, alice: UUID) -> None:
        operations.cut_down(account_id=alice)
        operations.cut_down(account_id=alice)
        assert person(alice) == Person(ALICE_AT, "", "", "")

    def test_erasing_leaves_nothing_and_touches_nobody_else(self, alice: UUID, now: datetime) -> None:
        bob = uuid4()
        operations.put(account_id=bob, address="bob@example.org", now=now)
        operations.erase(account_id=alice)
        operations.erase(account_id=alice)
        assert set(queries.read([alice, bob])) == {bob}

    def test_a_person_is_called_by_name_then_address(self, alice: UUID) -> None:
        assert queries.display_name(queries.read([alice]), alice) == "Alice"
        operations.cut_down(account_id=alice)
        assert queries.display_name(queries.read([alice]), alice) == ALICE_AT
        operations.erase(account_id=alice)
        assert queries.display_name(queries.read([alice]), alice) == "Deleted account"


class TestFields:
    @pytest.mark.parametrize("field", ["name", "company"])
    @pytest.mark.parametrize(
        "character", ["\0", "\n", "\r\nBcc: x", "\x1b", "\x85", "\u2028", "\u202e", "\u2066", "\ud800"]
    )
    def test_a_character_that_hides_is_refused(self, alice: UUID, field: str, character: str) -> None:
        with pytest.raises(UnusableCharacter):
            change(alice, **{field: f"Al{character}ice"})
        assert person(alice) == Person(ALICE_AT, "Alice", "Example", "DE")

    @pytest.mark.parametrize(
        "name",
        ["<script>alert(1)</script>", "O'Hara & Söhne", "\u0645\u06cc\u200c\u062e\u0648", "李雷", "a" * 100],
    )
    def test_any_other_name_is_kept_as_it_is(self, alice: UUID, name: str) -> None:
        change(alice, name=name)
        assert person(alice) == Person(ALICE_AT, name, "", "")

    @pytest.mark.parametrize("name", ["a" * 101, "a" * 10_000_000])
    def test_a_long_name_is_refused(self, alice: UUID, name: str) -> None:
        with pytest.raises(TooLong):
            change(alice, name=name)

    @pytest.mark.parametrize("country", ["XX", "de", "DEU", "D", " ", "D\0"])
    def test_an_unknown_country_is_refused(self, alice: UUID, country: str) -> None:
        with pytest.raises(UnknownCountry):
            change(alice, country=country)

    def test_there_are_249_countries(self) -> None:
        assert len(COUNTRIES) == 249
        assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)


class TestOrphans:
    def sweep(self, now: datetime, *known: UUID) -> int:
        return operations.sweep_orphans(known_account_ids=lambda ids: set(ids) & set(known), now=now)

    def test_an_entry_without_an_account_goes_after_an_hour(self, alice: UUID, now: datetime) -> None:
        assert self.sweep(now + HOUR) == 0
        assert self.sweep(now + HOUR + timedelta(seconds=1)) == 1
        assert person(alice) is None

    def test_an_entry_that_is_still_needed_stays(self, alice: UUID, now: datetime) -> None:
        bob = uuid4()
        operations.put(account_id=bob, address="bob@example.org", now=now)
        assert self.sweep(now + 2 * HOUR, alice) == 1
        assert set(queries.read([alice, bob])) == {alice}

    def test_many_are_asked_about_in_batches(self, now: datetime) -> None:
        accounts = [uuid4() for _ in range(operations.BATCH + 1)]
        Entry.objects.bulk_create(
            Entry(account_id=account, address=ALICE_AT, created_at=now) for account in accounts
        )
        asked: list[int] = []

        def all_known(account_ids: list[UUID]) -> set[UUID]:
            asked.append(len(account_ids))
            return set(account_ids)

        operations.sweep_orphans(known_account_ids=all_known, now=now + 2 * HOUR)
        assert asked == [operations.BATCH, 1]
        assert Entry.objects.count() == len(accounts)


class TestComments:
    def keep(self, text: str = "It was fine.") -> UUID:
        request_id = uuid4()
        operations.keep_comment(request_id=request_id, text=text)
        return request_id

    def test_a_comment_is_kept_with_its_request(self) -> None:
        request_id = self.keep("One line.\r\nAnother.  ")
        comment = Comment.objects.get(request_id=request_id)
        assert comment.text == "One line.\nAnother."
        assert 1 <= comment.key < 2**31

    def test_a_new_comment_replaces_the_old_one(self) -> None:
        request_id = self.keep()
        operations.keep_comment(request_id=request_id, text="Better said.")
        assert Comment.objects.get().text == "Better said."

    def test_an_empty_comment_is_none(self) -> None:
        request_id = self.keep()
        operations.keep_comment(request_id=request_id, text=" \n ")
        assert not Comment.objects.exists()

    @pytest.mark.parametrize("text", ["a" * 1001, "a" * 10_000_000])
    def test_a_long_comment_is_refused(self, text: str) -> None:
        with pytest.raises(TooLong):
            self.keep(text)

    @pytest.mark.parametrize("text", ["a\0", "a\u202eb", "a\x1bb"])
    def test_a_character_that_hides_is_refused(self, text: str) -> None:
        with pytest.raises(UnusableCharacter):
            self.keep(text)

    def test_a_cancelled_request_leaves_no_comment(self) -> None:
        operations.forget_comment(request_id=self.keep())
        assert not Comment.objects.exists()

    def test_a_loosened_comment_says_nothing_of_its_request(self) -> None:
        request_id = self.keep()
        key = Comment.objects.get().key
        operations.loosen_comment(request_id=request_id)
        operations.loosen_comment(request_id=request_id)
        comment = Comment.objects.get()
        assert comment.request_id is None
        assert comment.text == "It was fine."
        assert comment.key != key

    def test_loosened_comments_are_cleared_once_a_year(self, now: datetime) -> None:
        assert operations.sweep_comments(now=now) == 0
        bound = self.keep("Still bound.")
        operations.loosen_comment(request_id=self.keep())
        assert operations.sweep_comments(now=now.replace(month=12, day=31)) == 0
        assert operations.sweep_comments(now=now.replace(year=now.year + 1, month=1, day=1)) == 1
        assert operations.sweep_comments(now=now.replace(year=now.year + 1, month=1, day=1)) == 0
        assert Comment.objects.get().request_id == bound

    def test_a_vault_that_knows_of_no_clearing_is_cleared(self, now: datetime) -> None:
        operations.loosen_comment(request_id=self.keep())
        assert operations.sweep_comments(now=now) == 1

    def test_there_is_one_round(self) -> None:
        CommentRound.objects.create(id=1, cleared_in_year=2030)
        with (
            pytest.raises(IntegrityError, match="one_comment_round"),
            django_transaction.atomic(using="vault"),
        ):
            CommentRound.objects.create(id=2, cleared_in_year=2031)


def test_a_pending_flow_in_another_spelling_goes_with_the_account(now: datetime) -> None:
    account_id = uuid4()
    operations.put(account_id=account_id, address="spüll@bücher.example", now=now)
    for digest, typed in (("1" * 64, "SPÜLL@xn--bcher-kva.EXAMPLE"), ("2" * 64, "charlie@example.org")):
        content = json.dumps({"plain_addresses": {"sealed": typed}})
        SessionData.objects.create(key_digest=digest, content=content, expires_at=now + timedelta(minutes=15))
    erase_contents_of(account_id=account_id)
    assert [row.key_digest for row in SessionData.objects.all()] == ["2" * 64]
