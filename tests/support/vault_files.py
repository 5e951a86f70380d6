"""Looking for a person in the bytes of the vault's files."""

from pathlib import Path

from django.db import connections


def vault_files() -> list[Path]:
    """List the vault's database, its log and its index of the log, as far as they are there."""
    database = Path(connections["vault"].settings_dict["NAME"])
    return [
        file
        for file in (database.with_name(database.name + end) for end in ("", "-wal", "-shm"))
        if file.exists()
    ]


def is_in_vault_files(*texts: str) -> bool:
    """Tell whether a byte scan finds any of these texts, in the forms in which they may be stored."""
    written = b"\0".join(file.read_bytes() for file in vault_files())
    forms = {text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le")}
    forms |= {text.encode("unicode_escape") for text in texts}
    return any(form in written for form in forms)
