"""The drill: sign up, back up, delete, restore, and see that nobody came back (Rules L2, P2).

`make drill`, or `bin/drill --database=postgresql`. It runs a real `adieu serve` with data, keys and mail of
its own, tells what it does line by line, and ends with 1 when something is not as it should be.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from adieu.deletion.consents import TEXTS
from tests.support import postgresql
from tests.support.callers import Caller
from tests.support.dumps import dump
from tests.support.houses import wait_until
from tests.support.installations import adieu, main_database
from tests.support.scanning import Scanner
from tests.support.served import Served, serve
from tests.support.tokens import ALICE, BOB, Tokens

CODE = re.compile(r"\b\d{8}\b")
FAREWELL = re.compile(r"/deletions/([^/\s]+)/")
RETIRED = "This address cannot be used here again"


@dataclass
class Drill:
    """Where it takes place, what was said, and whether all was as it should be."""

    folder: Path
    databases: Mapping[str, str]
    say: Callable[[str], None]
    is_well: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    # The secret of Alice's farewell page.
    token: str = ""

    @property
    def backup(self) -> Path:
        return self.folder / "monday.adieu"

    @property
    def copy(self) -> Path:
        return self.folder / "copies" / "vault.sqlite3"

    @property
    def receipt(self) -> Path:
        """What Alice kept."""
        return self.folder / "adieu-receipt.json"

    def see_receipt(self) -> None:
        """Check it as anybody can."""
        status, said = self.command("receipt", "verify", str(self.receipt))
        self.see("Alice's receipt is genuine", holds=status == 0 and "is genuine" in said)

    def see(self, what: str, *, holds: bool) -> None:
        """Say what should be so, and whether it is."""
        self.is_well &= holds
        self.say(f"  {'ok' if holds else 'NO'}  {what}")

    def command(self, *words: str) -> tuple[int, str]:
        """Run a command on the installation."""
        return adieu(self.settings, *words)


def drill(folder: Path, databases: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Do it all, and tell whether nobody came back.

    Args:
        folder: an empty one, for all that is written.
        databases: the settings that name databases; on SQLite, none.
        say: takes each line.
    """
    held = Drill(folder, databases, say)
    given = dict(databases)
    if not databases.get("ADIEU_VAULT_URL"):
        held.copy.parent.mkdir()
        given["ADIEU_VAULT_COPY"] = str(held.copy)
    with serve(folder, **given) as served:
        held.settings = served.settings
        say("Adieu runs, with data, keys and mail of its own.")
        alice_id = _live(held, served)
    _restore(held)
    with serve(folder, **given) as served:
        say("Adieu runs again.")
        _look_around(held, served, alice_id)
    say("Nobody came back." if held.is_well else "Something is not as it should be: see the lines with NO.")
    return held.is_well


def _live(held: Drill, served: Served) -> str:
    """Let Alice and Bob sign up, make a backup, let Alice leave; give her id."""
    alice = _sign_up(served, ALICE)
    _sign_up(served, BOB)
    account_id: str = alice.api("GET", "/account").json["id"]
    held.say("Alice and Bob signed up.")
    _back_up(held)
    _leave(held, served, alice)
    held.say("Alice deleted her account, and every step of it is done.")
    held.see_receipt()
    if "ADIEU_VAULT_COPY" in held.settings:
        found = {hit.marker for hit in Scanner((ALICE.marker, BOB.marker)).scan(held.copy.parent)}
        held.see("the copy of the vault knows Bob, and Alice no more", holds=found == {BOB.marker})
    status, said = held.command("restore", str(held.backup))
    is_refused = status != 0 and "Adieu is running" in said
    held.see("a restore is refused as long as Adieu runs", holds=is_refused)
    return account_id


def _back_up(held: Drill) -> None:
    status, said = held.command("backup", str(held.backup))
    held.see(f"a backup is made meanwhile: {said.strip()}", holds=status == 0)
    hits = Scanner((*ALICE.markers, *BOB.markers)).in_bytes(held.backup.read_bytes(), name="backup")
    held.see("no byte in it tells who Alice or Bob is", holds=not hits)


def _restore(held: Drill) -> None:
    held.say("Adieu is stopped, and the backup from before is put back:")
    status, said = held.command("restore", str(held.backup))
    for line in said.splitlines():
        held.say(f"      {line}")
    held.see("the restore went through", holds=status == 0)
    held.see_receipt()
    hits = Scanner(ALICE.markers).scan(held.folder)
    held.see("no byte in the folder tells who Alice was", holds=not hits)


def _look_around(held: Drill, served: Served, alice_id: str) -> None:
    ids = str(dump(main_database(held.settings))["accounts_account"]).replace("-", "")
    held.see("Alice's account is gone", holds=alice_id.replace("-", "") not in ids)
    held.see("she cannot sign in", holds=_sign_in(served, ALICE).api("GET", "/account").status == 401)
    _fresh(served, ALICE).submit(
        "/accounts/signup/", email=ALICE.address, password1=ALICE.password, terms="on"
    )
    mail = served.mailbox.wait_for(ALICE.on_the_wire, subject_contains="")
    held.see(f"she cannot sign up; her mailbox says “{mail.subject}”", holds=mail.subject == RETIRED)
    after = str(dump(main_database(held.settings))["accounts_account"]).replace("-", "")
    held.see("and no account was made", holds=after == ids)
    _look_at_receipt(held, served)
    places = _sign_in(served, BOB).api("GET", "/organizations")
    held.see(
        "Bob signs in and has what he had", holds=places.status == 200 and len(places.json["items"]) == 1
    )


def _look_at_receipt(held: Drill, served: Served) -> None:
    stranger = _fresh(served, ALICE)

    def found() -> str:
        return stranger.get(f"/deletions/{held.token}/receipt.json").text

    # The steps of the deletion are done once more, and the receipt comes from the ledger.
    wait_until(lambda: "proof" in found(), "the receipt on the farewell page")
    held.see("her farewell page has the same receipt", holds=found() == held.receipt.read_text())


def _fresh(served: Served, person: Tokens) -> Caller:
    return Caller(served.url, person)


def _sign_in(served: Served, person: Tokens) -> Caller:
    caller = _fresh(served, person)
    caller.submit("/accounts/login/", login=person.address, password=person.password)
    return caller


def _sign_up(served: Served, person: Tokens) -> Caller:
    caller = _fresh(served, person)
    caller.submit("/accounts/signup/", email=person.address, password1=person.password, terms="on")
    code = _code_in_mail(served, person, about="signing up")
    caller.submit("/accounts/confirm-email/", code=code)
    caller.submit("/account/", name=person.name, company=person.company, country=person.country)
    return caller


def _code_in_mail(served: Served, person: Tokens, *, about: str) -> str:
    return CODE.findall(served.mailbox.wait_for(person.on_the_wire, subject_contains=about).text)[0]  # type: ignore[no-any-return]


def _leave(held: Drill, served: Served, alice: Caller) -> None:
    for place in alice.api("GET", "/organizations").json["items"]:
        alice.api("DELETE", f"/organizations/{place['id']}", {"name": place["name"]})
    alice.submit("/account/deletion/feedback/", reason="privacy", comment="")
    alice.submit("/account/deletion/code/", email=ALICE.address)
    code = _code_in_mail(served, ALICE, about="delete your account")
    answer = alice.submit("/account/deletion/confirm/", code=code, consents=list(TEXTS))
    held.token = FAREWELL.findall(answer.url)[0]
    last = served.mailbox.wait_for(ALICE.on_the_wire, subject_contains="has been deleted")
    held.receipt.write_bytes(next(last.message.iter_attachments()).get_content())

    def is_done() -> bool:
        steps = alice.api("GET", f"/deletions/{held.token}").json["steps"]
        return all(step["state"] == "done" for step in steps)

    wait_until(is_done, "every step of the deletion done")


def main() -> int:
    """Do it in a folder that goes away afterwards."""
    parser = argparse.ArgumentParser(prog="bin/drill", description="See that a backup brings nobody back.")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    with ExitStack() as made:
        # Not below the home folder: a server that root starts runs as somebody else.
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="adieu-drill-")))
        databases: dict[str, str] = {}
        if chosen.database == "postgresql":
            server = postgresql.start(folder / "server", is_fit_for_a_vault=True)
            postgresql.put_tools_on_path()
            for setting, kind in (("ADIEU_DATABASE_URL", "drill"), ("ADIEU_VAULT_URL", "drill_vault")):
                databases[setting] = made.enter_context(postgresql.database(server, kind))
        (folder / "adieu").mkdir()
        return 0 if drill(folder / "adieu", databases, lambda line: print(line, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
