"""What the vault does when an account is deleted (Rules D8, D9)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Going, Override, Step, StepSpec, Subject
from adieu.kit.crashing import crash_point
from adieu.vault import archives
from adieu.vault.emptying import leave_no_byte
from adieu.vault.exporting import profile
from adieu.vault.models import Archive, Entry, Mail, SessionData
from adieu.vault.operations import cut_down
from adieu.vault.session_contents import erase_contents_of

ERASE_ARCHIVE = "erase_archive"
ERASE_SESSIONS = "erase_sessions"
CUT_DOWN = "cut_down"


class VaultKeeper:
    """Keeps who a person is; after the point of no return, only the address for the last mail."""

    name = "vault"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Nothing in the vault is in the way."""
        del account_id
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Tell that the profile goes."""
        count = Entry.objects.filter(account_id=account_id).count()
        going = Going("profile (address, name, company, country)", "profiles", count)
        return Description(goes=(going,))

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give what the person said about themselves."""
        return (profile(account_id=account_id),)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """Lock nothing: the vault takes no part in the main transaction (Rule P4)."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Erase nothing yet: what the vault holds goes after the commit (Rule P4)."""

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare what goes at once; the address itself goes after the last mail."""
        # Whoever asks for an archive keeps the account from going meanwhile, so none comes after this look.
        has_archive = Archive.objects.filter(account_id=account_id).exists()
        archive = StepSpec(ERASE_ARCHIVE, "Erase the archive of your data")
        return (
            *([archive] if has_archive else []),
            # In this order: pending sign-ins are found by the address, which cutting down leaves.
            StepSpec(ERASE_SESSIONS, "Erase what your browsers' sessions held"),
            StepSpec(CUT_DOWN, "Erase your name, company and country"),
        )

    def run(self, *, step: Step, now: datetime) -> None:
        """Erase, and make sure that no byte of it is left in a file (Rule P3).

        Raises:
            NotYet: somebody keeps reading the vault.
        """
        if step.name == ERASE_ARCHIVE:
            archives.erase(account_id=step.account_id)
        elif step.name == ERASE_SESSIONS:
            erase_contents_of(account_id=step.account_id)
        elif step.name == CUT_DOWN:
            cut_down(account_id=step.account_id)
        crash_point(f"vault.{step.name}")
        leave_no_byte()

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the vault's tables that still hold something of the person."""
        tables = {
            "vault entry": Entry,
            "session content": SessionData,
            "waiting mail": Mail,
            "archive": Archive,
        }
        return [
            name
            for name, model in tables.items()
            if model._default_manager.filter(account_id=account_id).exists()  # noqa: SLF001
        ]
