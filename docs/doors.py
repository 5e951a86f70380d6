"""Every door through which an account or an address could come into being, as one list (Rule C3).

`docs/generate.py` writes the reference page from it, `tests/domain/test_doors_*.py` try each door, and
`tests/completeness/test_doors_table.py` fails when a page, an endpoint or a command is not spoken of here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Door:
    """One way in, what it makes, and what keeps a retired address out of it."""

    name: str
    makes: str
    retired: str
    unreadable: str
    # Names of addresses in the URL conf, and commands, that lead here.
    urls: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


CALM = "503, nothing made"
SAME = "answered like a fresh address; only the mailbox learns more"
BY_CLAIM = "the claim at the save refuses"
BY_TRIGGER = "a trigger refuses"
RAISES = "the statement fails, nothing made"

DOORS = (
    Door(
        "sign-up page",
        makes="an account that waits for its code, without a claim",
        retired=SAME,
        unreadable=CALM,
        urls=("account_signup",),
    ),
    Door(
        "sign-up by an invitation's link",
        makes="the same, for the invited address only",
        retired=SAME,
        unreadable=CALM,
        urls=("account_signup", "invitation"),
    ),
    Door(
        "code after sign-up",
        makes="the verified address and its claim",
        retired=f"{BY_CLAIM}; told as a code that does not work any more",
        unreadable=f"{CALM}; the same code works afterwards",
        urls=("account_email_verification_sent",),
    ),
    Door(
        "new code after sign-up",
        makes="nothing; another code is mailed",
        retired=SAME,
        unreadable="reads no claim, makes nothing",
        urls=("account_email_verification_sent",),
    ),
    Door(
        "sign-in",
        makes="a session of an account with a verified address",
        retired="answered like an unknown address",
        unreadable="reads no claim before the password was right, makes nothing",
        urls=("account_login", "account_reauthenticate"),
    ),
    Door(
        "asking for a new password",
        makes="nothing; a code is mailed where there is an account",
        retired=SAME,
        unreadable=f"{CALM}, whether or not there is an account",
        urls=("account_reset_password",),
    ),
    Door(
        "code for a new password",
        makes="nothing; the address has to be verified already",
        retired="no code is right",
        unreadable="reads no claim, makes nothing",
        urls=("account_confirm_password_reset_code",),
    ),
    Door(
        "setting a new password",
        makes="nothing; the row of an erased account is not written back",
        retired="leads back to the start",
        unreadable="reads no claim, makes nothing",
        urls=("account_complete_password_reset",),
    ),
    Door(
        "inviting an address",
        makes="an invitation, no account",
        retired="looks pending to the inviter; nothing but a refusal is mailed",
        unreadable=CALM,
        urls=("organization_invitations", "POST api/v1/organizations/<organization_id>/invitations"),
    ),
    Door(
        "accepting an invitation",
        makes="a membership of whoever holds the live claim on the invited address",
        retired="nobody holds the claim, so nobody is let in",
        unreadable=CALM,
        urls=("invitation_accept", "POST api/v1/invitations/by-link/<token>/accept"),
    ),
    Door(
        "saving an address in Python",
        makes="an address, and its claim once it is verified: `save`, `create`, allauth's managers, the shell",
        retired=f"{BY_CLAIM}, and {BY_TRIGGER}",
        unreadable=RAISES,
        commands=("shell",),
    ),
    Door(
        "writing addresses past `save`",
        makes="rows: `bulk_create`, `update`, fixtures",
        retired=BY_TRIGGER,
        unreadable=RAISES,
        commands=("loaddata", "testserver"),
    ),
    Door(
        "writing an account in Python",
        makes="an account that nobody can sign in to, and that goes after 24 hours",
        retired=BY_TRIGGER,
        unreadable=RAISES,
    ),
    Door(
        "SQL on the main database",
        makes="rows of accounts and addresses",
        retired=BY_TRIGGER,
        unreadable=RAISES,
        commands=("dbshell",),
    ),
    Door(
        "createsuperuser",
        makes="nothing: accounts are made by signing up",
        retired="refused for every address",
        unreadable="reads no claim, makes nothing",
        commands=("createsuperuser",),
    ),
    Door(
        "allauth's other pages",
        makes="nothing: links by mail, codes for signing in, several addresses, other providers and the admin are shut",
        retired="404, for every address",
        unreadable="404",
    ),
)

# What allauth, or a page for those without an account, offers besides, and why it is no door.
NO_DOORS = {
    "account_logout": "ends a session",
    "account_inactive": "a text",
    "account_email": "leads to account settings",
    "account_change_password": "writes the password of an account that is there, and nothing else",
    "account_password_reset_completed": "a text",
    "account_settings": "shows and keeps name, company and country; the address cannot be changed yet (Rule A7)",
    "end_other_sessions": "ends sessions",
    "end_session": "ends a session",
}

# All else begins with one of these, and is tried with a retired address in every field.
NO_DOORS_BEGINNING = {
    "organizations/": "for whoever has an account; places and invitations are of accounts that are there",
    "projects/": "for whoever has an account",
    "clusters/": "for whoever has an account",
    "v2": "Zilliz Cloud's clients, each with an API key of an account that is there; nobody is named by an address",
    "invitations/": "shows, accepts or declines; a link proves nothing (Rule O3)",
    "appearance/": "keeps light or dark in a cookie",
    "operators/": "for operators: shows how deletions go and what operators did, and deletes accounts",
    "terms/": "records that an account agreed",
    "account/deletion/": "the way out",
    "account/data/": "the archive of one's data, for whoever has an account",
    "deletions/": "shows the progress of a deletion, and gives its receipt",
    ".well-known/": "publishes keys that check receipts",
    "development/mailbox/": "shows mails, on loopback only",
    "api/v1/": "for whoever has an account; none of it takes an address but invitations and the way out",
    "healthz": "says that the process serves",
    "readyz": "says what cannot be read",
    "metrics": "gives numbers to whoever has the token",
}

NO_DOOR_COMMANDS = {
    "changepassword": "writes the password of an account that is there",
    "account_unsetmultipleprimaryemails": "changes which of an account's addresses is the first",
    "migrate": "makes tables, not rows of people",
    "flush": "empties the tables",
    "test": "works on databases of its own",
    "check": "reads",
    "compilemessages": "touches no database",
    "createcachetable": "makes a table",
    "diffsettings": "reads",
    "dumpdata": "reads",
    "inspectdb": "reads",
    "makemessages": "touches no database",
    "makemigrations": "touches no row",
    "optimizemigration": "touches no database",
    "runserver": "serves the same addresses",
    "sendtestemail": "sends a mail",
    "showmigrations": "reads",
    "sqlflush": "prints",
    "sqlmigrate": "prints",
    "sqlsequencereset": "prints",
    "squashmigrations": "touches no database",
    "startapp": "touches no database",
    "startproject": "touches no database",
    "collectstatic": "touches no database",
    "findstatic": "touches no database",
    "remove_stale_contenttypes": "erases rows about tables that are gone",
}

# The commands of `adieu` itself.
NO_DOOR_ADIEU_COMMANDS = {
    "serve": "serves the same addresses",
    "web": "serves the same addresses",
    "worker": "sends, erases and sweeps",
    "clusters": "runs databases of their own, which know accounts by their API keys",
    "migrate": "makes tables, not rows of people",
    "compact": "rewrites the vault and adds nothing",
    "doctor": "reads",
    "identities": "lifts a retired address: it is free then, and nobody's",
    "accounts": "deletes an account",
    "operators": "marks an account that is there, or takes the mark away",
    "log": "reads",
    "ledger": "erases again, retires, locks and unlocks what is there; adds no account and no address",
    "deletions": "shows deletions that are under way, and lets those that are stuck go on",
    "backup": "reads",
    "restore": "puts back rows that were there, and then takes out, from the ledger, whoever left since",
    "keys": "makes or prints keys that sign receipts",
    "receipt": "reads a receipt",
    "django": "runs one of Django's commands, each spoken of on its own",
}
