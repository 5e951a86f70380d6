"""Inviting and being invited, as pages; sign-up on the way (Rules O3, A1, A3)."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.kit.setting_values import SignUp
from adieu.tenancy import offers
from adieu.tenancy.invitations import invite, revoke
from adieu.tenancy.models import Invitation, OrganizationMembership, Role
from adieu.tenancy.queries import organizations_of
from adieu.vault.models import InvitedAddress
from tests.support.entrance import code_to, enter_code, join_by_browser, mail_to, sign_in, sign_up
from tests.support.people import join
from tests.support.rooms import make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"


class Alice:
    """Somebody who is signed in and owns an organization."""

    def __init__(self) -> None:
        self.browser = join_by_browser(ALICE)
        self.id: UUID = Account.objects.latest("registered_at").pk
        self.office = organizations_of(account_id=self.id)[0].id
        self.page = f"/organizations/{self.office}/invitations/"

    def invite(self, address: str) -> str:
        """Invite, and give the path of the link."""
        [invitation] = invite(
            organization_id=self.office,
            account_id=self.id,
            addresses=[address],
            role=Role.MEMBER,
            now=timezone.now(),
        )
        return f"/invitations/{offers.token_of(invitation)}/"


@pytest.fixture
def alice() -> Alice:
    return Alice()


@pytest.fixture
def by_invitation() -> Iterator[None]:
    """Only those who are invited may sign up."""
    with override_settings(ADIEU=replace(settings.ADIEU, signup=SignUp.INVITATION)):
        yield


def is_member(office: UUID, address_owner: UUID) -> bool:
    return OrganizationMembership.objects.filter(organization_id=office, account_id=address_owner).exists()


def test_alice_invites_two_and_sees_them_pending(alice: Alice) -> None:
    answer = alice.browser.post(alice.page, {"addresses": f"{BOB},\n {CHARLIE};", "role": "member"})
    assert answer.status_code == 302
    shown = alice.browser.get(alice.page).content.decode()
    assert "2 invitations are on their way." in shown
    assert BOB in shown
    assert CHARLIE in shown
    links = [offers.link_of(row.id) for row in Invitation.objects.all()]
    assert all(link in shown for link in links)
    assert offers.link_of(Invitation.objects.get(id=first_for(BOB)).id) in str(mail_to(BOB)[0].body)


def first_for(address: str) -> UUID:
    return InvitedAddress.objects.get(address=address).invitation_id


def test_what_is_wrong_is_said_of_each_address_and_nothing_is_sent(alice: Alice) -> None:
    typed = f"{BOB} nobody {ALICE} a@b@c"
    answer = alice.browser.post(alice.page, {"addresses": typed, "role": "member"})
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "nobody: This is not an e-mail address" in said
    assert "a@b@c: This is not an e-mail address" in said
    assert typed in answer.context["form"]["addresses"].value()
    assert not Invitation.objects.exists()
    again = alice.browser.post(alice.page, {"addresses": f"{BOB} {ALICE}", "role": "member"})
    assert f"{ALICE}: This person is a member already." in again.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "typed", ["", " \n ,; ", " ".join(f"g{number}@example.org" for number in range(101))]
)
def test_none_and_too_many_are_refused(alice: Alice, typed: str) -> None:
    assert alice.browser.post(alice.page, {"addresses": typed, "role": "member"}).status_code == 422
    assert not Invitation.objects.exists()


def test_ten_thousand_addresses_are_refused(alice: Alice) -> None:
    typed = " ".join(f"g{number}@example.org" for number in range(10_000))
    answer = alice.browser.post(alice.page, {"addresses": typed, "role": "member"})
    assert answer.status_code in {413, 422}
    assert not Invitation.objects.exists()


def test_a_name_of_markup_stays_text(alice: Alice) -> None:
    answer = alice.browser.post(alice.page, {"addresses": "<script>alert(1)</script>@x", "role": "member"})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.content.decode()


def test_it_is_sent_again_and_taken_back(alice: Alice) -> None:
    alice.invite(BOB)
    invitation = Invitation.objects.get()
    at = f"{alice.page}{invitation.id}"
    hasty = alice.browser.post(f"{at}/resend/", follow=True).content.decode()
    assert "less than a minute ago" in hasty
    assert alice.browser.post(f"{at}/revoke/").status_code == 302
    assert Invitation.objects.get().state == "revoked"
    assert "has ended already" in alice.browser.post(f"{at}/revoke/", follow=True).content.decode()
    assert alice.browser.get(f"{at}/revoke/").status_code == 405


def test_strangers_find_nothing_and_members_give_no_roles(alice: Alice) -> None:
    alice.invite(CHARLIE)
    invitation = Invitation.objects.get()
    bobs = join_by_browser(BOB)
    assert bobs.get(alice.page).status_code == 404
    assert bobs.post(alice.page, {"addresses": "dora@example.org", "role": "owner"}).status_code == 404
    for act in ("resend", "revoke"):
        assert bobs.post(f"{alice.page}{invitation.id}/{act}/").status_code == 404
    put_into(alice.office, Account.objects.latest("registered_at").pk, timezone.now())
    seen = bobs.get(alice.page)
    assert seen.status_code == 200
    assert CHARLIE not in seen.content.decode()
    assert "Role in the organization" not in seen.content.decode()
    assert bobs.post(f"{alice.page}{invitation.id}/revoke/").status_code == 403
    bobs.post(alice.page, {"addresses": "dora@example.org", "role": "owner"})
    assert Invitation.objects.get(id=first_for("dora@example.org")).role == "member"
    assert Invitation.objects.get(id=invitation.id).state == "pending"


def test_a_project_can_be_chosen(alice: Alice) -> None:
    project = make_project(alice.office, alice.id, timezone.now())
    sent = {"addresses": BOB, "role": "member", "project": str(project), "project_role": "owner"}
    assert alice.browser.post(alice.page, sent).status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.project_id, invitation.project_role) == (project, "owner")
    unknown = {"addresses": CHARLIE, "role": "member", "project": str(UUID(int=7)), "project_role": "owner"}
    assert alice.browser.post(alice.page, unknown).status_code == 422


# --- The person who is invited ---


def test_a_newcomer_signs_up_enters_the_code_and_comes_back_to_accept(alice: Alice) -> None:
    link = alice.invite(BOB)
    browser = Client()
    lead = browser.get(link)
    assert lead.status_code == 200
    assert "My organization" in lead.content.decode()
    assert BOB not in lead.content.decode()
    assert ALICE not in lead.content.decode()
    sign_up(browser, BOB, next=link)
    assert enter_code(browser, code_to(BOB)).headers["Location"] == link
    offer = browser.get(link).content.decode()
    assert ALICE in offer
    bob = Account.objects.latest("registered_at").pk
    assert organizations_of(account_id=bob) == []
    answer = browser.post(f"{link}accept/")
    assert answer.headers["Location"] == f"/organizations/{alice.office}/"
    assert [each.id for each in organizations_of(account_id=bob)] == [alice.office]
    # The link they have used leads them where it led.
    assert browser.get(link).headers["Location"] == f"/organizations/{alice.office}/"


def test_the_code_is_asked_for_as_always(alice: Alice) -> None:
    link = alice.invite(BOB)
    browser = Client()
    browser.get(link)
    sign_up(browser, BOB, next=link)
    assert browser.post(f"{link}accept/").headers["Location"].startswith("/accounts/login/")
    assert browser.get(link).context["can_sign_up"] is True
    assert OrganizationMembership.objects.count() == 1


def test_somebody_else_who_has_the_link_is_plainly_refused(alice: Alice) -> None:
    link = alice.invite(BOB)
    charlies = join_by_browser(CHARLIE)
    for answer in (charlies.get(link), charlies.post(f"{link}accept/"), charlies.post(f"{link}decline/")):
        assert answer.status_code == 403
        said = answer.content.decode()
        assert "another address" in said
        assert BOB not in said
        assert ALICE not in said
    assert Invitation.objects.get().state == "pending"
    assert OrganizationMembership.objects.filter(organization_id=alice.office).count() == 1


def test_looking_changes_nothing(alice: Alice) -> None:
    link = alice.invite(BOB)
    join(BOB, timezone.now())
    browser = Client()
    sign_in(browser, BOB)
    assert browser.get(link).status_code == 200
    for act in ("accept", "decline"):
        assert browser.get(f"{link}{act}/").status_code == 405
    assert Invitation.objects.get().state == "pending"


def test_declining(alice: Alice) -> None:
    link = alice.invite(BOB)
    join(BOB, timezone.now())
    browser = Client()
    sign_in(browser, BOB)
    assert "You are invited to" in browser.get("/").content.decode()
    assert browser.post(f"{link}decline/").headers["Location"] == "/"
    assert Invitation.objects.get().state == "declined"
    assert "You are invited to" not in browser.get("/").content.decode()
    assert browser.get(link).status_code == 410


def test_what_has_ended_says_so_to_everybody(alice: Alice) -> None:
    link = alice.invite(BOB)
    revoke(invitation_id=Invitation.objects.get().id, account_id=alice.id, now=timezone.now())
    bobs = join_by_browser(BOB)
    for browser in (Client(), bobs):
        answer = browser.get(link)
        assert answer.status_code == 410
        assert "My organization" not in answer.content.decode()
    assert bobs.post(f"{link}accept/").status_code == 410
    assert OrganizationMembership.objects.filter(organization_id=alice.office).count() == 1


@pytest.mark.parametrize("token", ["x", "A" * 46, "%00", "..%2f"])
def test_a_guessed_link_is_not_found(token: str) -> None:
    assert Client().get(f"/invitations/{token}/").status_code == 404


# --- Sign-up by invitation ---


@pytest.mark.usefixtures("by_invitation")
def test_without_an_invitation_sign_up_is_shut() -> None:
    browser = Client()
    assert browser.get("/accounts/signup/").status_code == 403
    assert sign_up(browser, BOB).status_code == 403
    browser.get(f"/invitations/{'A' * 46}/")
    assert sign_up(browser, BOB).status_code == 403
    assert not Account.objects.exists()


def test_with_an_invitation_sign_up_is_open_for_the_invited_address(alice: Alice) -> None:
    link = alice.invite(BOB)
    with override_settings(ADIEU=replace(settings.ADIEU, signup=SignUp.INVITATION)):
        browser = Client()
        browser.get(link)
        refused = sign_up(browser, CHARLIE, next=link)
        assert refused.status_code == 422
        assert Account.objects.count() == 1
        assert sign_up(browser, "BOB@example.org", next=link).status_code == 302
        enter_code(browser, code_to(BOB))
        assert browser.post(f"{link}accept/").status_code == 302
        assert is_member(alice.office, Account.objects.latest("registered_at").pk)


def test_an_invitation_that_has_ended_opens_no_sign_up(alice: Alice) -> None:
    link = alice.invite(BOB)
    with override_settings(ADIEU=replace(settings.ADIEU, signup=SignUp.INVITATION)):
        browser = Client()
        browser.get(link)
        revoke(invitation_id=Invitation.objects.get().id, account_id=alice.id, now=timezone.now())
        assert sign_up(browser, BOB, next=link).status_code == 403
        assert Account.objects.count() == 1


def test_an_invitation_does_not_open_what_is_closed(alice: Alice) -> None:
    link = alice.invite(BOB)
    with override_settings(ADIEU=replace(settings.ADIEU, signup=SignUp.CLOSED)):
        browser = Client()
        assert "Create an account" not in browser.get(link).content.decode()
        assert sign_up(browser, BOB, next=link).status_code == 403
        assert Account.objects.count() == 1


def test_an_account_that_never_entered_its_code_is_nobody_yet(alice: Alice) -> None:
    link = alice.invite(BOB)
    squatter = Client()
    squatter.get(link)
    sign_up(squatter, BOB, next=link)
    assert squatter.post(f"{link}accept/").headers["Location"].startswith("/accounts/login/")
    assert "Create an account" in squatter.get(link).content.decode()
    assert Invitation.objects.get().state == "pending"
