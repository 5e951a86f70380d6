"""Alice, Bob and what they have, all of it marked, in a console that is running."""

import re
from dataclasses import dataclass, field
from uuid import uuid4

from tests.support.driving import Driver
from tests.support.filling import Filling
from tests.support.installations import adieu
from tests.support.marking import Marks
from tests.support.people import PASSWORD
from tests.support.served import Served

CODE = re.compile(r"\b\d{8}\b|\b\d{4} \d{4}\b")


@dataclass
class MarkedWorld:
    """Who is there, and what they have."""

    served: Served
    marks: Marks = field(default_factory=Marks)
    addresses: dict[str, str] = field(default_factory=dict)
    filling: Filling = field(init=False)

    def __post_init__(self) -> None:
        self.nobody = Driver(self.served.url, self.marks, bearer=self.marks.word())
        self.alice, self.bob = self.nobody.as_another(), self.nobody.as_another()
        self.keyed = self.nobody.as_another()
        for name, person in (("alice", self.alice), ("bob", self.bob)):
            self.addresses[name] = self._sign_up(person)
        # To others the pages for operators are not there.
        named = adieu(self.served.settings, "operators", "add", typed=f"{self.addresses['alice']}\n")
        assert named == (0, "The account is an operator.\n"), named

    def furnish(self) -> None:
        """Make one of everything, anew: Alice's organization with a project, a key, Bob and an invitation."""
        alice, marks = self.alice, self.marks
        office = alice.rest("POST", "/api/v1/organizations", {"name": marks.name()}).json()["id"]
        of_office = f"/api/v1/organizations/{office}"
        project = alice.rest("POST", f"{of_office}/projects", {"name": marks.name()}).json()["id"]
        key = alice.rest("POST", f"{of_office}/api-keys", {"name": marks.name()}).json()
        token = self._invite_bob(of_office)
        offered = alice.rest("POST", f"{of_office}/invitations", {"emails": [marks.address()]}).json()
        bob = self.bob.rest("GET", "/api/v1/account").json()["id"]
        self.keyed.bearer = key["key"]
        ids = {
            "account_id": bob,
            "api_key_id": key["id"],
            "archive_id": str(uuid4()),
            "cluster_id": self._make_cluster(),
            "invitation_id": offered["items"][0]["id"],
            "member_id": bob,
            "message_id": str(uuid4()),
            "organization_id": office,
            "project_id": project,
            "session_id": marks.word(),
            "wanted_id": str(uuid4()),
        }
        self.filling = Filling(marks, ids, {"invitations": token, "deletions": marks.word()})

    def _make_cluster(self) -> str:
        """Give a cluster in an organization of its own, where it keeps nothing else from being deleted."""
        rest, marks = self.alice.rest, self.marks
        farm = rest("POST", "/api/v1/organizations", {"name": marks.name()}).json()["id"]
        project = rest("POST", f"/api/v1/organizations/{farm}/projects", {"name": marks.name()}).json()["id"]
        made = rest("POST", f"/api/v1/projects/{project}/clusters", {"name": marks.name()})
        assert made.status == 201, made.body
        cluster_id: str = made.json()["id"]
        return cluster_id

    def sign_in(self) -> Driver:
        """Give Alice with a session that lives."""
        if self.alice.rest("GET", "/api/v1/account").status != 200:
            self.alice.cookies.clear()
            sent = {"login": self.addresses["alice"], "password": PASSWORD}
            answer = self.alice.form("/accounts/login/", sent)
            # Else everything after it would be driven as nobody.
            assert answer.status == 302, answer.body
        return self.alice

    def let_bob_go(self) -> None:
        """Delete Bob's account over REST and look at his farewell page; another Bob takes his place."""
        rest, address = self.bob.rest, self.addresses["bob"]
        for blocker in rest("GET", "/api/v1/account/deletion/preflight").json()["blockers"]:
            self._settle(blocker["subject"])
        consents = [
            each["id"] for each in rest("GET", "/api/v1/account/deletion/preflight").json()["consents"]
        ]
        rest("POST", "/api/v1/account/deletion", {"reason": "privacy", "comment": self.marks.word()})
        before = len(self.served.mailbox.messages)
        rest("POST", "/api/v1/account/deletion/code", {"email": address})
        code = self._code(address, after=before)
        left = rest("POST", "/api/v1/account/deletion/confirm", {"code": code, "consents": consents})
        assert left.status == 202, left.body
        self.served.mailbox.wait_for(address, subject_contains="deleted", after=before)
        self.nobody.send("GET", left.json()["status_url"].removeprefix(self.served.url))
        self.bob = self.nobody.as_another()
        self.addresses["bob"] = self._sign_up(self.bob)

    def _settle(self, subject: dict[str, str]) -> None:
        """Let Bob delete what is in his way: clusters that were made while everything was driven, too."""
        rest, projects = self.bob.rest, [subject]
        if subject["kind"] == "organization":
            projects = rest("GET", f"/api/v1/organizations/{subject['id']}/projects").json()["items"]
        for project in projects:
            for cluster in rest("GET", f"/api/v1/projects/{project['id']}/clusters").json()["items"]:
                rest("DELETE", f"/api/v1/clusters/{cluster['id']}", {"name": cluster["name"]})
        if subject["kind"] == "organization":
            rest("DELETE", f"/api/v1/organizations/{subject['id']}", {"name": subject["name"]})

    def _sign_up(self, person: Driver) -> str:
        address = self.marks.address()
        person.form("/accounts/signup/", {"email": address, "password1": PASSWORD, "terms": "on"})
        code = self._code(address)
        assert person.form("/accounts/confirm-email/", {"code": code}).status == 302
        return address

    def _code(self, address: str, *, after: int = 0) -> str:
        found = CODE.search(self.served.mailbox.wait_for(address, subject_contains="code", after=after).text)
        assert found
        return found[0].replace(" ", "")

    def _invite_bob(self, of_office: str) -> str:
        """Let Bob become a member; give the secret part of the link."""
        before = len(self.served.mailbox.messages)
        self.alice.rest("POST", f"{of_office}/invitations", {"emails": [self.addresses["bob"]]})
        mail = self.served.mailbox.wait_for(self.addresses["bob"], subject_contains="invite", after=before)
        found = re.search(r"/invitations/([\w-]+)", mail.text)
        assert found, mail.text
        accepted = self.bob.rest("POST", f"/api/v1/invitations/by-link/{found[1]}/accept", {})
        assert accepted.status == 200, accepted.body
        return found[1]
