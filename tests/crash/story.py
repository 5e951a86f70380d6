"""What the stories of `life.py` have to end with: who is told what, and what is left."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.life import ALICE, BOB, COMMENT
from tests.support.departures import NAME

FAREWELL = ("Your account has been deleted", ALICE)
LATE = ("Deleting your account takes longer than we said", ALICE)
STUCK = ("Deleting your account needs the people who run Adieu", ALICE)
ENDED = ("Invitations to “Office” ended", BOB)
MAILS = {"plain": [FAREWELL, ENDED], "troubled": [FAREWELL, ENDED, LATE, STUCK]}
KINDS = {
    FAREWELL: "deletion.completed",
    LATE: "deletion.late",
    STUCK: "deletion.stuck",
    ENDED: "tenancy.invitations_ended",
}


def check_the_mails(messages: list[Any], story: str) -> bool:
    """Nobody is told twice, nothing is missing; tell whether the same mail came again."""
    ids: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        ids.setdefault((message.subject, message.address), []).append(message.message["Message-ID"])
    assert sorted(ids) == sorted(MAILS[story])
    assert all(len(set(same)) == 1 for same in ids.values()), ids
    return len(messages) > len(ids)


def check_the_end(data: Path, end: dict[str, Any], start: dict[str, Any], story: str) -> None:
    """One completion, and nothing of Alice; Charlie as at the start."""
    assert (end["account"], end["addresses"], end["live_claims"]) == (False, 0, 0)
    assert end["retired_claims"] == 1
    assert end["request"] == "completed"
    assert end["told"] == [story == "troubled"] * 2
    assert {state for _, _, state in end["steps"]} == {"done"}
    assert len(end["steps"]) == 9
    # The first and only leaf of the log, whatever was written twice.
    assert end["receipt"][1:] == [0, 1, 1]
    assert end["reasons"] == [["privacy", 1]]
    kinds = Counter(kind for kind, _ in end["notices"])
    assert all(kinds[KINDS[mail]] == 1 for mail in MAILS[story])
    assert end["comments"] == [[COMMENT, True]]
    assert end["invited"] == 0
    assert not any(end["residue"].values()), end["residue"]
    assert end["charlie"] == start["charlie"]
    files = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
    assert not [word for word in (ALICE, NAME) for file in files if word.encode() in file]
