"""How passwords are hashed (Rule A2)."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet, second choice)."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
