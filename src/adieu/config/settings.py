"""Django's settings; everything that an operator may change comes from the environment."""

from pathlib import Path

DATA = Path(".adieu").resolve()
DATA.mkdir(mode=0o700, exist_ok=True)
SECRET_KEY = "provisional"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "adieu.kit",
    "adieu.identities",
    "adieu.vault",
    "adieu.activities",
    "adieu.notices",
    "adieu.accounts",
    "adieu.tenancy",
    "adieu.deletion",
    "adieu.console",
]
AUTH_USER_MODEL = "accounts.Account"
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
    ),
}
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "adieu.sqlite3", "OPTIONS": SQLITE_OPTIONS},
    "vault": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "vault.sqlite3", "OPTIONS": SQLITE_OPTIONS},
}
DATABASE_ROUTERS = ["adieu.vault.router.VaultRouter"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "adieu.config.urls"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
