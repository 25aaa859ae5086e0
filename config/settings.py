"""Every setting, read once from the environment (or .env). A bad value stops the start and names itself."""

import gc
import os
import secrets as randomness
import sys
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF

from base.assets import fingerprint
from base.embedded import places
from base.logs import logging_config
from config import secrets
from config.env import BASE_DIR, BadSetting, host_of, read, words
from config.storage import storages
from config.unfold import UNFOLD as UNFOLD

# While the rooms are loaded, hardly anything goes; config/apps.py has Python look for cycles again.
gc.disable()

EARSHOT_HOME = read("EARSHOT_HOME")
DEBUG = read("DEBUG")


def secret(name, make):
    """From the environment, else the one in the data folder, which the first `manage.py up` makes."""
    value = read(name) or secrets.kept(EARSHOT_HOME, name)
    if not value and (DEBUG or sys.argv[1:2] == ["up"]):
        value = secrets.keep(EARSHOT_HOME, name, make)
    if not value:
        raise BadSetting(f"{name} is not set. Set it, or run `manage.py up` once to have one made.")
    return value


SECRET_KEY = secret("SECRET_KEY", lambda: randomness.token_urlsafe(50))
FIELD_ENCRYPTION_KEYS = words(secret("FIELD_ENCRYPTION_KEY", lambda: Fernet.generate_key().decode()))

EARSHOT_URL = read("EARSHOT_URL")
ALLOWED_HOSTS = [*read("ALLOWED_HOSTS"), "127.0.0.1", "localhost", "[::1]", urlsplit(EARSHOT_URL).hostname]
CSRF_TRUSTED_ORIGINS = [EARSHOT_URL]
CORS_ALLOWED_ORIGINS = read("CORS_ALLOWED_ORIGINS")

ROOMS = [
    # Takes `runserver` over, and brings Twisted: nobody else needs it.
    *(["daphne"] if sys.argv[1:2] == ["runserver"] else []),
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.site.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "config",
    "base",
    "accounts",
    "platforms",
    "streaming",
    "agents",
    "calls",
    "live",
    "webhooks",
    "observability",
]
# `up` only starts the others, and looks into no room: a third of the time, half the memory.
INSTALLED_APPS = ["config"] if sys.argv[1:2] == ["up"] else ROOMS

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE_URL = read("DATABASE_URL") or places.postgres_url(EARSHOT_HOME)
_database = environ.Env.db_url_config(DATABASE_URL)
_pool = {"min_size": 1, "max_size": 16, "timeout": 10}
# `makemigrations` does without a database where there is none, but would wait long for a pool to say so.
_pooled = sys.argv[1:2] != ["makemigrations"]
# A statement that somebody waits for is ended after so long (base/errors.py says so); workers and commands
# take the time they need. In the connection's options, so that it costs nothing; whoever gives some has their
# way.
STATEMENT_SECONDS = 30
_ended = {"options": f"-c statement_timeout={STATEMENT_SECONDS}s"} if sys.argv[1:2] == ["serve"] else {}
DATABASES = {
    "default": _database
    | {
        "ENGINE": "django.db.backends.postgresql",
        # A pool, never CONN_MAX_AGE: under ASGI every thread would keep a connection for itself.
        "OPTIONS": _ended | _database.get("OPTIONS", {}) | ({"pool": _pool} if _pooled else {}),
    }
}

REDIS_URL = read("REDIS_URL") or places.redis_url(EARSHOT_HOME)
REDIS_LOG_URL = read("REDIS_LOG_URL") or REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that is there and does not answer holds nobody up for longer.
        "OPTIONS": {"socket_timeout": 2.0, "socket_connect_timeout": 2.0},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_VERSION = "dev" if DEBUG else fingerprint(BASE_DIR)
STATIC_URL = f"/static/{STATIC_VERSION}/"  # served by base/static.py, whatever the version
STATICFILES_DIRS = [BASE_DIR / "static"]
# Recordings and the like. They have no address of their own: views of ours say who may have them.
STORAGES = storages(EARSHOT_HOME)

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # reads older ones; they move on at the next login
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# What browsers may do with our cookies and pages. With an https EARSHOT_URL everything insists on TLS.
_tls = EARSHOT_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _tls
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # pages carry the CSRF token themselves
SECURE_HSTS_SECONDS = 31_536_000 if _tls else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # subdomains of EARSHOT_URL are not ours to bind to TLS
    "security.W008",  # the proxy that ends TLS redirects; health checks speak plain HTTP to us
    "security.W021",  # nor is the browsers' preload list
]

# How long one live stream is held before the browser is asked to resume.
STREAM_MAX_SECONDS = read("STREAM_MAX_SECONDS")
STREAM_LIMIT_PER_USER = read("STREAM_LIMIT_PER_USER")
# A topic of the live log keeps about so many entries, and all of it so long after the last one.
STREAM_LOG_LENGTH = 8000
STREAM_LOG_SECONDS = 3600

# How often a person may ask in a minute, by their workspace's plan.
RATE_LIMITS = {
    "free": read("RATE_LIMIT_FREE"),
    "pro": read("RATE_LIMIT_PRO"),
    "enterprise": read("RATE_LIMIT_ENTERPRISE"),
}

# With a vendor's key, `seed` gives the first workspace that vendor's models.
OPENAI_API_KEY, OPENAI_BASE_URL = read("OPENAI_API_KEY"), read("OPENAI_BASE_URL")
EMBEDDINGS = read("EMBEDDINGS")
if EMBEDDINGS == "openai" and not OPENAI_API_KEY:
    raise BadSetting("EMBEDDINGS is openai, and OPENAI_API_KEY is not set; set it, or say local.")
# By what each finds, besides what calls/personal/finding.py does.
PERSONAL_DETECTORS = read("PERSONAL_DETECTORS")
ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL = read("ANTHROPIC_API_KEY"), read("ANTHROPIC_BASE_URL")
if os.environ.get("PRIVATE_MODEL_HOSTS"):
    raise BadSetting("PRIVATE_MODEL_HOSTS is called PRIVATE_HOSTS now; rename it.")
# What an admin types may lead to these, though they are on a private network: the operator's own word.
PRIVATE_HOSTS = list(read("PRIVATE_HOSTS"))
# And these for models only, where all is on record and counts toward the budgets: tools are not to ask them.
MODEL_HOSTS = [host_of(address) for address in (OPENAI_BASE_URL, ANTHROPIC_BASE_URL) if address]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "base.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "base.cors.CorsMiddleware",
    "base.errors.ErrorShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ViewerMiddleware",
    "calls.personal.middleware.MaskMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
                "calls.notes.pages.rail",
            ],
            "builtins": ["base.templatetags.ui", "django.templatetags.static"],
        },
    }
]

# Pages run scripts of ours only. The nonce is for the one inline script, the import map.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "worker-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "media-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
METRICS_TOKEN = read("METRICS_TOKEN")
OTEL_EXPORTER_OTLP_ENDPOINT = read("OTEL_EXPORTER_OTLP_ENDPOINT")
SIMULATOR_SPEED, SIMULATOR_CROWD = read("SIMULATOR_SPEED"), read("SIMULATOR_CROWD")
LOGGING = logging_config(read("LOG_FORMAT"))
CSRF_FAILURE_VIEW = "base.errors.csrf_failed"

# Signing in. Sessions are rows, so they outlive Redis; throttling counts in the cache.
SESSION_ENGINE = "accounts.sessions"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/300s/key"}
