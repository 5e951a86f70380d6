"""What a command prints about a wrong setting, a server or a mail tells no secret, no address (Rule P1)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import DatabaseError

from adieu.kit.environment import SECRETS, WrongSetting, read_environment
from adieu.ops import preparing
from tests.support.marking import Marks
from tests.support.served import free_port, start
from tests.support.smtp import Mode, SmtpServer

SECONDS = 60
MARK = Marks().word()
# Wrong in as many ways as we know; what one setting takes, another refuses.
WRONG = [
    MARK,
    f"{MARK}\0",
    f"/{MARK}",
    f"1:{MARK} 1:{MARK}",
    f"https://adieu:{MARK}@127.0.0.1",
    f"postgresql://adieu:{MARK}@[::1/adieu",
    f"postgresql://adieu:{MARK}@127.0.0.1:5432",
    f"postgresql://127.0.0.1/adieu?{MARK}={MARK}",
    f"smtp://adieu:{MARK}@127.0.0.1:{MARK}",
    f"smtp://adieu:{MARK}@127.0.0.1/{MARK}",
    f"smtps://adieu:{MARK}@127.0.0.1?starttls",
    f"smtp://127.0.0.1?{MARK}",
]


@pytest.mark.parametrize("name", SECRETS)
def test_wrong_secret_is_not_echoed(name: str) -> None:
    refused = 0
    for value in WRONG:
        for setting in (name, f"{name}_FILE"):
            try:
                read_environment({setting: value})
            except WrongSetting as error:
                refused += 1
                assert MARK not in str(error)
    assert refused > len(WRONG)


@pytest.mark.parametrize(
    "url",
    [
        # An @ or / in a password that was not encoded moves its end into the host or the database's name.
        f"postgresql://adieu:p@{MARK}@127.0.0.1:1/adieu",
        f"postgresql://adieu:p@127.0.0.1:1/{MARK}",
        f"postgresql://{MARK}:{MARK}@127.0.0.1:1/adieu",
    ],
)
def test_database_that_cannot_be_used_is_one_line(tmp_path: Path, url: str) -> None:
    settings = {"ADIEU_DATA_DIR": str(tmp_path / "data"), "ADIEU_DATABASE_URL": url}
    process = start(settings, "migrate")
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert said.startswith("adieu: ADIEU_DATABASE_URL: the database cannot be used (")
    assert said.count("\n") == 1
    assert MARK not in said


def test_what_a_database_says_is_put_into_our_words(tmp_path: Path) -> None:
    file = tmp_path / MARK
    file.write_text(MARK * 1000)
    said = DatabaseError(f"file {MARK} is not a database")
    with closing(sqlite3.connect(file)) as connection, pytest.raises(sqlite3.DatabaseError) as caught:
        connection.execute("SELECT * FROM sqlite_master")
    said.__cause__ = caught.value
    assert preparing._why(said) == "it is no database"
    assert preparing._why(DatabaseError(MARK)) == "DatabaseError"


def test_test_mail_that_is_refused_does_not_quote_its_address(tmp_path: Path) -> None:
    with SmtpServer() as mailbox:
        mailbox.set_mode(Mode.REFUSE_RECIPIENT)
        settings = {
            "ADIEU_DATA_DIR": str(tmp_path / "data"),
            "ADIEU_BIND": f"127.0.0.1:{free_port()}",
            "ADIEU_SMTP_URL": mailbox.url,
        }
        process = start(settings, "doctor", "--send-test-mail", f"{MARK}@example.org")
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert said == "adieu: The test mail did not go (SMTPRecipientsRefused smtp_code=550).\n"
