"""Errors that state a fact."""

import inspect


class Fact(Exception):
    """Something is not as the caller assumed."""

    def __str__(self) -> str:
        return inspect.cleandoc(type(self).__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")


class UnableToStart(Fact):
    """Adieu cannot start."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return self.why or super().__str__()
