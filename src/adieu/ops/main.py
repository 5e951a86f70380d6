"""The `adieu` command."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from adieu.kit import logs
from adieu.kit.environment import Environment, read_environment, refuse_readable_mail
from adieu.kit.errors import Fact, UnableToStart
from adieu.ops import arguments, printing
from adieu.ops.printing import Printing

WRONG = 2
type Command = Callable[[argparse.Namespace, Environment], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a wrong setting is one line and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Django's own commands read what follows themselves, also --help.
    is_django = words[:1] == ["django"]
    chosen = argparse.Namespace(command=django, words=words[1:]) if is_django else parser().parse_args(words)
    command: Command = chosen.command
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
    preparing.require_pepper()
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


def clusters(chosen: argparse.Namespace, environment: Environment) -> int:
    """Run the clusters of this data folder only."""
    from adieu.ops import preparing

    _become_child_or_look(chosen, environment)
    preparing.set_up()
    from adieu.ops.clusters import run_until_told

    run_until_told()
    return 0


def migrate(chosen: argparse.Namespace, environment: Environment) -> int:
    """Bring the databases to the newest form."""
    from adieu.ops import preparing

    preparing.set_up()
    preparing.migrate()
    preparing.require_pepper()
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


def receipt(chosen: argparse.Namespace, environment: Environment) -> int:
    """Check the receipt of a deletion."""
    from adieu.ops import preparing, receipts

    try:
        if chosen.keys:
            published = receipts.keys_from(chosen.keys)
        else:
            preparing.set_up_what_is_there(environment)
            from adieu.ops.signing import own_keys

            published = own_keys()
        # Not an argument: everybody on this machine could read it there.
        address = sys.stdin.readline().strip() if chosen.address else None
        for line in receipts.check(chosen.file, keys=published, address=address):
            print(line)
    except receipts.Refused as fact:
        print(f"adieu: {fact}", file=sys.stderr)
        return 1
    return 0


def django(chosen: argparse.Namespace, environment: Environment) -> int:
    """Run one of Django's own commands, for developers."""
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["adieu django", *chosen.words])
    except Fact as error:
        raise UnableToStart(str(error)) from error
    return 0


def parser() -> argparse.ArgumentParser:
    """Give what knows every command and what can be said after it."""
    parser = argparse.ArgumentParser(
        prog="adieu", description="A cloud console that people can leave for good."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        name, says = _listed(command)
        listed = commands.add_parser(name, help=says)
        listed.set_defaults(command=command)
        add_arguments = arguments.OF.get(name)
        if add_arguments:
            add_arguments(listed)
    return parser


def _listed(command: Command) -> tuple[str, str | None]:
    """Give the word for a command, and what it does."""
    if isinstance(command, Printing):
        return command.name, command.help
    return command.__name__, command.__doc__


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


COMMANDS: tuple[Command, ...] = (
    serve,
    web,
    worker,
    clusters,
    migrate,
    doctor,
    compact,
    *printing.COMMANDS,
    backup,
    restore,
    receipt,
    django,
)

if __name__ == "__main__":
    sys.exit(main())
