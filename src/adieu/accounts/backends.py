"""Who may sign in with an address and a password."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser

from adieu.accounts.queries import account_row_with


class VerifiedAddressBackend(AuthenticationBackend):
    """Lets accounts in whose address was verified; one that was not is answered like none (Rule A5).

    Otherwise a sign-up for somebody else's address, followed by a sign-in, would tell whether
    an account was there before. allauth spends one hash whenever no password was checked.
    """

    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        return self._check_password(account_row_with(sealed=email), password)
