"""Passwords of tests, which guard nothing."""

from adieu.kit.passwords import Argon2idHasher


class QuickHasher(Argon2idHasher):
    """The same hash with the least memory and one pass: tests make thousands of accounts.

    Whatever is served as in production has the real one, and so do the tests about it.
    """

    memory_cost = 8
    time_cost = 1
