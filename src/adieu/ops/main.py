"""The `adieu` command."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from adieu.kit import logs
from adieu.kit.environment import Environment, read_environment, refuse_readable_mail
from adieu.kit.errors import Fact, UnableToStart

WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a wrong setting is one line and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Django's own commands read what follows themselves, also --help.
    chosen = argparse.Namespace(command=django, words=words[1:]) if words[:1] == ["django"] else _parse(words)
    command: Callable[[argparse.Namespace, Environment], int] = chosen.command
    # Not for developers: their shell shows what they ask for.
    if command is not django:
        logs.take_over()
    try:
        return command(chosen, read_environment(os.environ))
    except UnableToStart as error:
        print(f"adieu: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return 130


def serve(chosen: argparse.Namespace, environment: Environment) -> int:
    """Make the data folder, migrate, and serve everything until Ctrl-C."""
    from adieu.ops import preparing
    from adieu.ops.supervisor import Supervisor, say

    refuse_readable_mail(environment)
    preparing.refuse_taken_port(environment.bind)
    preparing.set_up()
    preparing.be_present()
    preparing.migrate()
    preparing.open_ledger()
    supervisor = Supervisor(environment)
    supervisor.start()
    say(f"Data folder: {environment.data_dir}")
    say(f"Console:     {environment.base_url}")
    say(f"Mail:        {preparing.mail_goes(environment)}")
    supervisor.watch()
    return 0


def web(chosen: argparse.Namespace, environment: Environment) -> int:
    """Serve the console only."""
    from adieu.ops.web import serve_web

    refuse_readable_mail(environment)
    _become_child_or_look(chosen, environment)
    serve_web(environment)
    return 0


def worker(chosen: argparse.Namespace, environment: Environment) -> int:
    """Run the worker only: mail, erasure steps, sweeps."""
    from adieu.ops import preparing

    _become_child_or_look(chosen, environment)
    preparing.set_up()
    from adieu.ops.worker import work_until_told

    work_until_told()
    return 0


def migrate(chosen: argparse.Namespace, environment: Environment) -> int:
    """Bring the databases to the newest form."""
    from adieu.ops import preparing

    preparing.set_up()
    preparing.migrate()
    preparing.open_ledger()
    return 0


def doctor(chosen: argparse.Namespace, environment: Environment) -> int:
    """Show the settings and what is wrong."""
    from adieu.ops import preparing

    preparing.set_up()
    from adieu.ops.doctor import examine, send_test_mail

    if chosen.send_test_mail:
        send_test_mail(chosen.send_test_mail)
    return 0 if examine() else 1


def compact(chosen: argparse.Namespace, environment: Environment) -> int:
    """Remove what was erased from every file of the vault, now."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    from adieu.ops.vaults import compact as compact_vault
    from adieu.vault.checkpoints import UnableToCheckpoint

    try:
        print(compact_vault())
    except UnableToCheckpoint as fact:
        print(f"adieu: {fact}", file=sys.stderr)
        return 1
    return 0


def deletions(chosen: argparse.Namespace, environment: Environment) -> int:
    """Show deletions that are under way, and let stuck ones go on."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    from adieu.deletion.stuck import NothingStuck
    from adieu.ops.deletions import show, try_again

    if chosen.act == "list":
        show(only_stuck=chosen.stuck)
        return 0
    try:
        try_again(wanted_id=chosen.id)
    except NothingStuck as fact:
        print(f"adieu: {fact}", file=sys.stderr)
        return 1
    return 0


def ledger(chosen: argparse.Namespace, environment: Environment) -> int:
    """Look at the list of deletions outside the database, and settle what a restore left open."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    from adieu.ops import ledgers

    try:
        for line in ledgers.ACTS[chosen.act](chosen):
            print(line)
    except ledgers.REFUSALS as fact:
        print(f"adieu: {fact}", file=sys.stderr)
        return 1
    return 0


def backup(chosen: argparse.Namespace, environment: Environment) -> int:
    """Write a backup of the main database; nobody can be read in it."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    from django.utils import timezone

    from adieu.ops.backups import back_up

    back_up(chosen.file, now=timezone.now())
    print(f"The main database is in {chosen.file}. The vault, the ledger and the keys are not in it.")
    return 0


def restore(chosen: argparse.Namespace, environment: Environment) -> int:
    """Put a backup back, and make everything true that the ledger says."""
    from adieu.ops import preparing

    preparing.set_up_to_restore(environment)
    from adieu.ops.restoring import restore as put_back

    for line in put_back(chosen.file):
        print(line)
    return 0


def identities(chosen: argparse.Namespace, environment: Environment) -> int:
    """Lift a retired address, so that it can be used for an account again."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    preparing.open_ledger()
    from adieu.ops import identities as acts

    try:
        for line in acts.lift_address(chosen):
            print(line)
    except acts.REFUSALS as fact:
        print(f"adieu: {fact}", file=sys.stderr)
        return 1
    return 0


def log(chosen: argparse.Namespace, environment: Environment) -> int:
    """Show what operators did."""
    from adieu.ops import preparing

    preparing.set_up_what_is_there(environment)
    from adieu.ops.identities import show_acts

    for line in show_acts():
        print(line)
    return 0


def django(chosen: argparse.Namespace, environment: Environment) -> int:
    """Run one of Django's own commands, for developers."""
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["adieu django", *chosen.words])
    except Fact as error:
        raise UnableToStart(str(error)) from error
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="adieu", description="A cloud console that people can leave for good."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        listed = commands.add_parser(command.__name__, help=command.__doc__)
        listed.set_defaults(command=command)
        if command in {web, worker}:
            listed.add_argument("--parent", type=int, help=argparse.SUPPRESS)
        if command is deletions:
            _add_deletions(listed)
        if command is ledger:
            _add_ledger(listed)
        if command in {backup, restore}:
            listed.add_argument("file", type=Path, metavar="FILE")
        if command is identities:
            _add_identities(listed)
        if command is doctor:
            listed.add_argument(
                "--send-test-mail", metavar="ADDRESS", help="send one mail to this address first"
            )
    return parser.parse_args(words)


def _add_deletions(listed: argparse.ArgumentParser) -> None:
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    showing = acts.add_parser("list", help="show deletions that have steps to do, the oldest first")
    showing.add_argument("--stuck", action="store_true", help="only those with a step that is stuck")
    retrying = acts.add_parser("retry", help="let stuck steps be tried again")
    chosen = retrying.add_mutually_exclusive_group(required=True)
    chosen.add_argument("id", nargs="?", type=UUID, metavar="ID", help="of a step or of a deletion")
    chosen.add_argument("--all", action="store_true", help="every step that is stuck")


def _add_ledger(listed: argparse.ArgumentParser) -> None:
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("verify", help="read every line, and say what waits for you")
    acts.add_parser("replay", help="take in what the ledger says; each start does this, too")
    settling = acts.add_parser("settle", help="say whether a deletion that a restore left open had happened")
    settling.add_argument("id", type=UUID, metavar="DELETION")
    said = settling.add_mutually_exclusive_group(required=True)
    said.add_argument("--was-erased", action="store_true", help="erase the account once more")
    said.add_argument("--was-not-erased", action="store_true", help="let the person in again")
    giving = acts.add_parser("give", help="name an owner of an organization that a restore left without one")
    giving.add_argument("id", type=UUID, metavar="ORGANIZATION")
    giving.add_argument("--to", required=True, metavar="ADDRESS", help="of a member")


def _add_identities(listed: argparse.ArgumentParser) -> None:
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    lifting = acts.add_parser(
        "lift", help="let a retired address be used again; it is read from standard input"
    )
    # The values of OperatorReason, which cannot be imported before the settings are there.
    lifting.add_argument("--reason", required=True, choices=["asked", "mistake", "restore", "law"])


def _become_child_or_look(chosen: argparse.Namespace, environment: Environment) -> None:
    """Belong to the process that started us and has looked; or look ourselves whether all is there."""
    from adieu.ops import preparing
    from adieu.ops.processes import die_with

    if chosen.parent:
        die_with(chosen.parent)
    else:
        preparing.set_up_what_is_there(environment)
    # The process that started us may end a moment before us.
    preparing.be_present()
    if not chosen.parent:
        preparing.open_ledger()


COMMANDS = (
    serve,
    web,
    worker,
    migrate,
    doctor,
    compact,
    deletions,
    ledger,
    identities,
    log,
    backup,
    restore,
    django,
)

if __name__ == "__main__":
    sys.exit(main())
