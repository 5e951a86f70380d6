"""How the process of a cluster ends when it cannot go on, and what is said about it."""

from enum import IntEnum


class Ending(IntEnum):
    """The exit code of the process."""

    TOLD = 0
    FOLDER_UNUSABLE = 20
    FOLDER_IN_USE = 21
    PORT_TAKEN = 22
    DISK_FAILED = 23
    DATA_UNREADABLE = 24
    # Told to end, it did not in time; what was acknowledged is in the log of milvus-lite.
    CUT_SHORT = 25
    SERVER_AWAY = 26
    TOKEN_REFUSED = 27
    SERVER_FULL = 28
    SERVER_REFUSED = 29
    CERTIFICATE_UNUSABLE = 30


SENTENCES = {
    Ending.TOLD: "It was stopped.",
    Ending.FOLDER_UNUSABLE: "Its folder is missing or cannot be written.",
    Ending.FOLDER_IN_USE: "Another process uses its folder.",
    Ending.PORT_TAKEN: "Another program on this machine uses its port.",
    Ending.DISK_FAILED: "The disk is full or cannot be written.",
    Ending.DATA_UNREADABLE: "Its data cannot be read.",
    Ending.CUT_SHORT: "It did not stop in time and was ended.",
    Ending.SERVER_AWAY: "The Milvus server does not answer.",
    Ending.TOKEN_REFUSED: "The Milvus server does not take the token of this console.",
    Ending.SERVER_FULL: "The Milvus server has as many databases, users or roles as it allows.",
    Ending.SERVER_REFUSED: "The Milvus server does not do what is asked; the log says which call.",
    Ending.CERTIFICATE_UNUSABLE: "The certificate of this console's clusters cannot be read.",
}


class UnableToServe(Exception):
    """The process cannot go on; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(SENTENCES[ending])
        self.ending = ending


def sentence(code: int) -> str:
    """Say what an exit code means to the owner of a cluster."""
    known = {ending.value: said for ending, said in SENTENCES.items()}
    if code in known:
        return known[code]
    return "It was killed." if code < 0 else "It ended by an error; its log says where."
