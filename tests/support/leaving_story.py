"""The story of `tests/conformance/test_residue.py`: Alice does everything once, and leaves.

It is told to a real `adieu serve` over HTTP and SMTP. At each moment the databases are read and every file is
scanned.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import psutil

from adieu.deletion.consents import TEXTS
from tests.support import walking
from tests.support.callers import Caller
from tests.support.dumps import Dump, dump
from tests.support.houses import House, refused, wait_until
from tests.support.installations import adieu
from tests.support.scanning import Hit, Scanner
from tests.support.served import Served, serve
from tests.support.smtp import Mode
from tests.support.tokens import ALICE, BOB, CHARLIE, COMMENT, INVITED, THINGS, Tokens

LINK = re.compile(r"/invitations/([^/\s]+)/")
FAREWELL = re.compile(r"/deletions/([^/\s]+)/")
CODE = re.compile(r"(?<!\d)\d{8}(?!\d)")


EVERYBODY = (*ALICE.markers, INVITED, COMMENT, *BOB.markers, *CHARLIE.markers)


@dataclass
class Story:
    """What was seen."""

    house: House
    # Both databases, at each moment that has a name.
    main: dict[str, Dump] = field(default_factory=dict)
    vault: dict[str, Dump] = field(default_factory=dict)
    hits: dict[str, list[Hit]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    scanner: Scanner = field(default_factory=lambda: Scanner(EVERYBODY))
    ids: dict[str, str] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    read_after: dict[str, str] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)

    def look(self, moment: str) -> None:
        """Read both databases."""
        self.main[moment] = dump(self.house.main)
        self.vault[moment] = dump(self.house.vault)

    def keep_secret(self, *secrets: str) -> None:
        """Note what must be written nowhere at any time."""
        for secret in secrets:
            self.secrets.append(secret)
            self.scanner.look_also_for(secret)

    def scan(self, moment: str, served: Served) -> None:
        """Scan every folder and everything that was printed."""
        found = self.scanner.scan(self.house.folder)
        found += self.scanner.in_text("\n".join([*self.logs, served.log]), name="what it printed")
        self.hits[moment] = found


def tell(house: House) -> Story:
    """Live it once."""
    story = Story(house)
    alice = Caller("", ALICE)
    with serve(house.folder, **house.settings, ADIEU_SMTP_URL="") as served:
        _sign_up_without_mail_server(story, served, alice)
    story.logs.append(served.log)
    # The worker makes it anew when it starts, now with Alice in it.
    house.copy.unlink(missing_ok=True)
    with serve(house.folder, **house.settings) as served:
        _live(story, served, alice)
        _leave(story, served, alice)
        story.scan("after, while it runs", served)
        _kill_everything(served)
    story.scan("after kill -9", served)
    story.logs.append(served.log)
    with serve(house.folder, **house.settings) as served:
        _read_as_charlie(story, served)
    story.scan("after a clean stop", served)
    return story


def _sign_up_without_mail_server(story: Story, served: Served, alice: Caller) -> None:
    """Sign up with the development mailbox, which is a table of the vault."""
    alice.url = served.url
    alice.submit("/accounts/signup/", email=ALICE.address, password1=ALICE.password, terms="on")
    answer = alice.submit("/accounts/confirm-email/", code=_code_in_development_mailbox(story))
    assert "Overview" in answer.text, answer
    _fresh(served, ALICE).submit("/accounts/password/reset/", email=ALICE.spellings[0])
    _code_in_development_mailbox(story, mails=2)
    story.look("development mailbox")


def _code_in_development_mailbox(story: Story, *, mails: int = 1) -> str:
    def rows() -> list[Any]:
        return list(dump(story.house.vault)["vault_developmentmail"])

    wait_until(lambda: len(rows()) >= mails, f"{mails} mails in the development mailbox")
    found = CODE.search(rows()[-1]["text"])
    assert found
    return found.group()


def _fresh(served: Served, person: Tokens) -> Caller:
    return Caller(served.url, person)


def _sign_up(served: Served, person: Tokens) -> Caller:
    caller = _fresh(served, person)
    before = len(served.mailbox.messages)
    caller.submit("/accounts/signup/", email=person.address, password1=person.password, terms="on")
    code = walking.code_in_mail(served, person.on_the_wire, about="signing up", after=before)
    answer = caller.submit("/accounts/confirm-email/", code=code)
    assert "Overview" in answer.text, answer
    _say_who_one_is(caller)
    return caller


def _say_who_one_is(caller: Caller) -> None:
    person = caller.person
    answer = caller.submit("/account/", name=person.name, company=person.company, country=person.country)
    assert "is saved" in answer.text, answer


def _live(story: Story, served: Served, alice: Caller) -> None:
    """Do everything that leaves something behind."""
    alice.url = served.url
    _say_who_one_is(alice)
    bob, charlie = _sign_up(served, BOB), _sign_up(served, CHARLIE)
    shared = charlie.api("POST", "/organizations", {"name": "Common ground"}).json["id"]
    _bring(served, charlie, shared, bob, role="member")
    _bring(served, charlie, shared, alice, role="owner")
    for name, caller in (("alice", alice), ("bob", bob), ("charlie", charlie)):
        story.ids[name] = caller.api("GET", "/account").json["id"]
    story.ids["shared"] = shared
    contact = {"contact_id": story.ids["alice"]}
    assert charlie.api("PATCH", f"/organizations/{shared}", contact).status == 200
    _own_things(story, alice, shared)
    _invite_and_be_invited(story, served, alice, charlie, shared)
    _walk_in_by_other_windows(story, served, alice)
    _ask_for_exports(charlie, shared)
    _meet_errors(story, alice, shared)


def _bring(served: Served, owner: Caller, organization: str, guest: Caller, *, role: str) -> None:
    token = _invite(served, owner, organization, guest.person, role=role)
    assert guest.api("POST", f"/invitations/by-link/{token}/accept").status == 200


def _invite(served: Served, owner: Caller, organization: str, guest: Tokens, *, role: str) -> str:
    before = len(served.mailbox.messages)
    body = {"emails": [guest.spellings[1]], "role": role}
    answer = owner.api("POST", f"/organizations/{organization}/invitations", body)
    assert answer.status == 201, answer
    wire = f"zoe\N{COMBINING DIAERESIS}.{guest.marker}@{guest.on_the_wire.rpartition('@')[2]}"
    mail = served.mailbox.wait_for(wire, subject_contains="invited", after=before)
    found = LINK.search(mail.text)
    assert found
    return found.group(1)


def _own_things(story: Story, alice: Caller, shared: str) -> None:
    own = alice.api("POST", "/organizations", {"name": f"House {THINGS}"}).json["id"]
    said = {"description": f"Words {THINGS}", "website": f"https://{THINGS}.example.org"}
    assert alice.api("PATCH", f"/organizations/{own}", said).status == 200
    alice.api("POST", f"/organizations/{own}/projects", {"name": f"Room {THINGS}"})
    for organization in (own, shared):
        made = alice.api("POST", f"/organizations/{organization}/api-keys", {"name": f"Key {THINGS}"}).json
        story.keep_secret(made["key"])
    alice.api("POST", f"/organizations/{shared}/projects", {"name": "A project of all"})


def _invite_and_be_invited(story: Story, served: Served, alice: Caller, charlie: Caller, shared: str) -> None:
    emails = [f"{INVITED}.{number}@example.org" for number in range(2)]
    assert alice.api("POST", f"/organizations/{shared}/invitations", {"emails": emails}).status == 201
    page = f"/organizations/{shared}/invitations/"
    alice.submit(page, addresses=f"{INVITED}.2@example.org", role="member")
    refused = alice.submit(page, addresses=f"{ALICE.marker}@@{INVITED}", role="member")
    assert refused.status == 422, refused
    charlies = charlie.api("GET", "/organizations").json["items"]
    own = next(each["id"] for each in charlies if each["id"] != shared)
    token = _invite(served, charlie, own, ALICE, role="member")
    # In a window that is nobody's yet: it remembers the link, which tells nobody who was invited.
    _fresh(served, ALICE).get(f"/invitations/{token}/")


def _walk_in_by_other_windows(story: Story, served: Served, alice: Caller) -> None:
    window = _fresh(served, ALICE)
    window.submit("/accounts/login/", login=ALICE.spellings[1], password=ALICE.password)
    assert window.get("/account/").url.endswith("/account/")
    story.keep_secret(alice.session_key, window.session_key)
    stranger = _fresh(served, ALICE)
    stranger.submit("/accounts/login/", login=ALICE.spellings[0], password=f"not {ALICE.password}")
    stranger.submit("/accounts/login/", login=ALICE.password, password=ALICE.address)
    stranger.get(f"/{ALICE.marker}/?q={ALICE.marker}")
    stranger.api("POST", "/account/deletion", {ALICE.marker: ALICE.address})
    alice.submit("/account/", name=ALICE.name * 9, company="", country=ALICE.marker)
    before = len(served.mailbox.messages)
    window.submit(
        "/accounts/password/change/", oldpassword=ALICE.password, password1=f"a new {ALICE.password}"
    )
    served.mailbox.wait_for(ALICE.on_the_wire, subject_contains="changed", after=before)
    # Her other sessions ended with the old password.
    alice.cookies.clear()
    alice.submit("/accounts/login/", login=ALICE.address, password=f"a new {ALICE.password}")
    story.keep_secret(alice.session_key)


def _ask_for_exports(charlie: Caller, shared: str) -> None:
    for form in ("csv", "jsonl"):
        assert ALICE.name in charlie.get(f"/organizations/{shared}/activities/export/?format={form}").text
    charlie.get(f"/organizations/{shared}/members/?search={ALICE.marker}")
    charlie.get(f"/api/v1/organizations/{shared}/members?search={ALICE.marker}")


def _meet_errors(story: Story, alice: Caller, shared: str) -> None:
    """Let a page and an endpoint fail in the middle, with what was typed in their hands."""
    said = {"name": ALICE.name, "company": ALICE.company, "country": ALICE.country}
    with refused(story.house, "UPDATE", "vault_entry"):
        story.answers["a page that fails"] = alice.submit("/account/", **said).status
    body = {"emails": [f"{INVITED}.9@example.org"]}
    with refused(story.house, "INSERT", "vault_invitedaddress"):
        failed = alice.api("POST", f"/organizations/{shared}/invitations", body)
        story.answers["an endpoint that fails"] = failed.status


def _leave(story: Story, served: Served, alice: Caller) -> None:
    """Go, while mail waits that nobody takes, and while a step fails at first."""
    for organization in alice.api("GET", "/organizations").json["items"]:
        if organization["name"] != "Common ground":
            alice.api("DELETE", f"/organizations/{organization['id']}", {"name": organization["name"]})
    alice.submit("/account/deletion/feedback/", reason="privacy", comment=f"Taken back, {ALICE.marker}")
    alice.submit("/account/deletion/cancel/")
    alice.submit("/account/deletion/feedback/", reason="privacy", comment=f"Schöne Tage, {COMMENT}")
    before = len(served.mailbox.messages)
    alice.submit("/account/deletion/code/", email=ALICE.spellings[0])
    code = walking.code_in_mail(served, ALICE.on_the_wire, about="delete your account", after=before)
    _have_an_archive(alice)
    _let_mail_wait(served)
    status, said = adieu(served.settings, "backup", str(story.house.backup))
    assert status == 0, said
    story.look("before")
    story.scan("before", served)
    with refused(story.house, "UPDATE", "vault_entry"):
        answer = alice.submit("/account/deletion/confirm/", code=code, consents=list(TEXTS))
        found = FAREWELL.search(answer.url)
        assert found, answer
        story.keep_secret(found.group(1))
        wait_until(lambda: "step.failed" in served.log, "a step that fails")
    _see_it_through(story, served, found.group(1))


def _have_an_archive(alice: Caller) -> None:
    """Ask for all of it twice: the first is downloaded, the second waits while she leaves."""
    for _ in range(2):
        assert alice.api("POST", "/account/export").status == 202
        wait_until(lambda: alice.api("GET", "/account/export").json["state"] == "ready", "an archive")
    file = alice.get("/api/v1/account/export/download").text
    assert all(word in file for word in ("profile.json", ALICE.company, ALICE.network_address, COMMENT))


def _let_mail_wait(served: Served) -> None:
    """Have mail of every kind written to her that the server does not take."""
    served.mailbox.set_mode(Mode.TEMPORARY)
    _fresh(served, ALICE).submit("/accounts/password/reset/", email=ALICE.spellings[1])
    again = _fresh(served, ALICE)
    again.submit("/accounts/signup/", email=ALICE.spellings[1], password1=ALICE.password, terms="on")
    wait_until(lambda: "notice.temporary" in served.log, "a mail that is not taken")
    served.mailbox.set_mode(Mode.DOWN)
    # Asked for again, there is nothing to send: a mail is written that never goes out (Rule A5).
    again.submit("/accounts/confirm-email/", action="resend")


def _see_it_through(story: Story, served: Served, token: str) -> None:
    watcher = Caller(served.url, BOB)

    def state() -> Any:
        return watcher.api("GET", f"/deletions/{token}").json

    wait_until(lambda: state()["state"] == "completed", "every step done")
    story.look("while the last mail waits")
    before = len(served.mailbox.messages)
    served.mailbox.set_mode(Mode.ACCEPT)
    served.mailbox.wait_for(ALICE.on_the_wire, subject_contains="has been deleted", after=before)
    served.mailbox.wait_for(CHARLIE.on_the_wire, subject_contains="ended", after=before)
    wait_until(lambda: all(step["state"] == "done" for step in state()["steps"]), "the address forgotten")
    story.look("after")


def _kill_everything(served: Served) -> None:
    family = [
        psutil.Process(served.process.pid),
        *psutil.Process(served.process.pid).children(recursive=True),
    ]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)


def _read_as_charlie(story: Story, served: Served) -> None:
    charlie = _fresh(served, CHARLIE)
    charlie.submit("/accounts/login/", login=CHARLIE.address, password=CHARLIE.password)
    shared = charlie.api("GET", "/organizations").json["items"]
    own = next(each["id"] for each in shared if each["name"] == "Common ground")
    for path in ("", "members/", "invitations/", "activities/", "activities/export/?format=csv"):
        story.read_after[path] = charlie.get(f"/organizations/{own}/{path}").text
