"""Django's settings; everything that an operator may change comes from the environment."""

import os
from pathlib import Path

from django.utils.csp import CSP

from adieu.config import wiring
from adieu.core.keys import derive_key
from adieu.kit import keys, logs
from adieu.kit.databases import databases
from adieu.kit.environment import read_environment
from adieu.kit.static import static_version

ADIEU = read_environment(os.environ)
keys.prepare_data_folder(ADIEU.data_dir)
ROOT_KEY = keys.root_key(data_dir=ADIEU.data_dir, given=ADIEU.secret_key)
PEPPERS = keys.peppers(data_dir=ADIEU.data_dir, given=ADIEU.pepper)
keys.prepare_signing_keys(ADIEU.data_dir)
SECRET_KEY = derive_key(ROOT_KEY, "django").hex()

DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
DELETION_KEEPERS = wiring.DELETION_KEEPERS
CLUSTER_ENGINES = wiring.CLUSTER_ENGINES
CLUSTERS_FOLDER = ADIEU.data_dir / "clusters"
ROOT_URLCONF = "adieu.config.urls"
AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["adieu.accounts.backends.VerifiedAddressBackend"]
PASSWORD_HASHERS = ["adieu.kit.passwords.Argon2idHasher"]
# The address is unique among verified ones only, which the identity claims see to.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

INSTALLED_APPS = [
    # Before allauth, so that our pages stand in for its own.
    "adieu.console",
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
    "adieu.ledger",
    "adieu.notices",
    "adieu.accounts",
    "adieu.tenancy",
    "adieu.clusters",
    "adieu.deletion",
    "adieu.archives",
]
MIDDLEWARE = [
    "adieu.kit.logs.request_id_middleware",
    "adieu.kit.network.network_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "adieu.kit.headers.headers_middleware",
    "adieu.api.v2.envelope.envelope_middleware",
    "adieu.kit.sizes.small_requests_middleware",
    "adieu.api.methods.methods_middleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "adieu.accounts.sessions.seen_middleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "adieu.api.v1.authentication.api_key_middleware",
    "adieu.console.accounts.terms.terms_middleware",
    "adieu.console.current.current_organization_middleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Databases, cache, mail ---
DATABASES = databases(data_dir=ADIEU.data_dir, database_url=ADIEU.database_url, vault_url=ADIEU.vault_url)
DATABASE_ROUTERS = ["adieu.vault.router.VaultRouter"]
VAULT_COPY = ADIEU.vault_copy
LEDGER = ADIEU.ledger or ADIEU.data_dir / "ledger.jsonl"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kit_cacheentry",
        "KEY_FUNCTION": "adieu.kit.cache.peppered_key",
        # allauth's limits are kept here: a full cache would forget some of them.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
DEFAULT_FROM_EMAIL = ADIEU.mail_from
if ADIEU.smtp_url:
    MAILERS = {
        "default": {
            "BACKEND": "adieu.notices.smtp.SmtpMailer",
            "OPTIONS": {
                "host": ADIEU.smtp_url.host,
                "port": ADIEU.smtp_url.port,
                "username": ADIEU.smtp_url.name,
                "password": ADIEU.smtp_url.password,
                "use_ssl": ADIEU.smtp_url.is_tls,
                "use_tls": ADIEU.smtp_url.is_starttls,
                "timeout": 20,
            },
        },
    }
else:
    MAILERS = {"default": {"BACKEND": "adieu.notices.development.DevelopmentMailbox"}}

# --- Who may ask, and what a browser may do ---
# The loopback names only where nobody else can reach us: a forged Host would end up in links.
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"] if ADIEU.is_on_loopback else []
ALLOWED_HOSTS = [f"[{ADIEU.host}]" if ":" in ADIEU.host else ADIEU.host, *LOOPBACK_HOSTS]
CSRF_TRUSTED_ORIGINS = [
    ADIEU.base_url,
    *(f"http://{host}:{ADIEU.bind.port}" for host in LOOPBACK_HOSTS),
]
CSRF_COOKIE_NAME = "__Host-csrf" if ADIEU.is_https else "csrf"
CSRF_COOKIE_SECURE = ADIEU.is_https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_AGE = None
CSRF_FAILURE_VIEW = "adieu.console.errors.form_too_old"
SESSION_ENGINE = "adieu.accounts.sessions"
SESSION_COOKIE_NAME = "__Host-session" if ADIEU.is_https else "session"
SESSION_COOKIE_SECURE = ADIEU.is_https
SESSION_COOKIE_HTTPONLY = True
# The cookie's own end only tidies up; the session decides (Rule A6).
SESSION_COOKIE_AGE = 6 * 60 * 60
# Messages quote addresses, and the default storage would put them into a cookie (Rule P1).
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if ADIEU.is_https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- Static files ---
STATIC_FOLDER = Path(__file__).parent.parent / "console" / "static"
STATIC_URL = f"/static/{static_version(STATIC_FOLDER)}/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 365 * 24 * 60 * 60
WHITENOISE_IMMUTABLE_FILE_TEST = ".*"

# --- Logs ---
LOGGING = logs.configuration()

# --- Accounts (allauth) ---
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "adieu.accounts.passwords.LengthValidator"},
    {"NAME": "adieu.accounts.passwords.CommonValidator"},
]
ACCOUNT_ADAPTER = "adieu.accounts.adapter.AccountsAdapter"
ACCOUNT_USER_DISPLAY = "adieu.accounts.adapter.display"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
# Codes: 8 digits, 10 minutes, 5 tries; after a sign-up a new one can be asked for 5 times.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 8}
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 10 * 60
# Rule A5. "key" is the sealed address; all of it lies in the cache under peppered keys.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,10/15m/key",
    "signup": "20/m/ip",
    "signup_address": "10/h/key",
    "confirm_email": "5/m/key,20/h/key",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
