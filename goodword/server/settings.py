"""Django settings. Everything that differs between installations comes from the environment."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from bootstrap_wrapper import get_bootstrap_css_dir
from csp.constants import NONCE, NONE, SELF

from goodword.domain.webhook_targets import read_loopback

PACKAGE = Path(__file__).resolve().parent.parent


def _secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE names."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, "")


def database_settings(url: str, *, role: str = "") -> dict[str, object]:
    """Django's settings for this address; with `role`, every session starts as that role."""
    parts = urlsplit(url)
    options: dict[str, object] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    if role:
        options["options"] = f"{options.get('options', '')} -c role={role}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "goodword",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "") or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DEBUG = os.environ.get("GOODWORD_DEBUG") == "1"
# Without a kept key sessions end with the process; `goodword serve` keeps one in the data folder.
SECRET_KEY = _secret("GOODWORD_SECRET_KEY") or secrets.token_urlsafe(50)
BASE_URL = os.environ.get("GOODWORD_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
# Where partners' links lead through; a domain of its own, if there is one for links.
LINKS_URL = os.environ.get("GOODWORD_LINKS_URL", "").rstrip("/")
ALLOWED_HOSTS = [
    urlsplit(BASE_URL).hostname or "127.0.0.1",
    "127.0.0.1",
    "localhost",
    "[::1]",
    *filter(None, os.environ.get("GOODWORD_ALLOWED_HOSTS", "").split(",")),
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# Set by `server.database`: the role to work as, where the login of DATABASE_URL owns the tables.
DATABASE_ROLE = os.environ.get("GOODWORD_ROLE_IN_USE", "")
DATABASES = {
    "default": database_settings(
        os.environ.get("DATABASE_URL", "postgresql://goodword@127.0.0.1/goodword"), role=DATABASE_ROLE
    )
}
# Limits on attempts must count over all workers: the cache is a table (made by a migration of accounts).
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "accounts_cache", "TIMEOUT": 3600}
}
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "goodword.accounts",
    "goodword.ledger",
    "goodword.partners",
    "goodword.referrals",
    "goodword.commissions",
    "goodword.payouts",
    "goodword.mail",
    "goodword.webhooks",
    "goodword.connections",
    "goodword.api",
    "goodword.ingest",
    "goodword.insights",
    "goodword.backoffice",
    "goodword.portal",
    "goodword.site",
    "goodword.server",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "goodword.api.cross_origin.CrossOriginMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "goodword.accounts.access.AccessMiddleware",  # last: nothing may run a view that it has not let through
]

ROOT_URLCONF = "goodword.server.urls"
WSGI_APPLICATION = "goodword.server.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "goodword.insights.context.nonce",
            ],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("GOODWORD_STATIC_ROOT") or None
STATICFILES_DIRS = [PACKAGE / "static", ("bootstrap/css", get_bootstrap_css_dir())]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_REDIRECT_URL = "/home"
LOGIN_URL = "/account/login/"

ACCOUNT_ADAPTER = "goodword.accounts.signin.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are invited: following the mailed link proves the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_FORMS = {
    "login": "goodword.accounts.forms.LoginForm",
    "request_login_code": "goodword.accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "goodword.accounts.forms.ConfirmLoginCodeForm",
    "reset_password": "goodword.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "goodword.accounts.forms.ResetPasswordKeyForm",
    "change_password": "goodword.accounts.forms.ChangePasswordForm",
    "set_password": "goodword.accounts.forms.SetPasswordForm",
    "reauthenticate": "goodword.accounts.forms.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "goodword.accounts.forms.AuthenticateForm",
    "reauthenticate": "goodword.accounts.forms.AgainForm",
    "activate_totp": "goodword.accounts.forms.ActivateAppForm",
    "add_webauthn": "goodword.accounts.forms.AddPasskeyForm",
    "login_webauthn": "goodword.accounts.forms.SignInByKeyForm",
    "authenticate_webauthn": "goodword.accounts.forms.KeyForm",
    "reauthenticate_webauthn": "goodword.accounts.forms.KeyAgainForm",
    "edit_webauthn": "goodword.accounts.forms.RenamePasskeyForm",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_REDIRECT_URL = "/account/login/"
MFA_ADAPTER = "goodword.accounts.signin.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Goodword"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not BASE_URL.startswith("https:")  # browsers allow it on localhost only
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("GOODWORD_TRUSTED_PROXIES", "0"))

CSRF_FAILURE_VIEW = "goodword.accounts.refusals.csrf_failed"
SESSION_COOKIE_SECURE = BASE_URL.startswith("https:")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# For developers and tests: receivers on this machine, as host:port. Everything else private stays refused.
WEBHOOK_LOOPBACK = read_loopback(os.environ.get("GOODWORD_WEBHOOK_LOOPBACK", ""))
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8_000  # terms with two hundred rules, each with some forty fields
IMPORT_MAX_BYTES = int(os.environ.get("GOODWORD_IMPORT_MAX_MB", "200")) * 1024 * 1024
# Where Stripe's list of events is read; another address serves tests and proxies.
STRIPE_API = os.environ.get("GOODWORD_STRIPE_API", "https://api.stripe.com").rstrip("/")
# How long bodies of received webhooks stay whole.
RECEIVED_BODY_DAYS = int(os.environ.get("GOODWORD_WEBHOOK_BODY_DAYS", "90"))
SPOOL_MAX_BYTES = int(os.environ.get("GOODWORD_SPOOL_MAX_MB", "256")) * 1024 * 1024

EMAIL_BACKEND = "goodword.mail.backend.OutboxBackend"
EMAIL_HOST = os.environ.get("GOODWORD_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("GOODWORD_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("GOODWORD_SMTP_USER", "")
EMAIL_HOST_PASSWORD = _secret("GOODWORD_SMTP_PASSWORD")
EMAIL_USE_TLS = os.environ.get("GOODWORD_SMTP_TLS", "1") == "1"
DEFAULT_FROM_EMAIL = os.environ.get("GOODWORD_MAIL_FROM", "Goodword <goodword@localhost>")
