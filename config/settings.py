"""Every setting, read once from the environment (or .env). A bad value stops the start and names itself."""

import hashlib
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from base.embedded import places

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def home_folder() -> Path:
    return Path(env.str("EARSHOT_HOME", default=str(BASE_DIR / ".earshot"))).expanduser().resolve()


def secret(name: str) -> str:
    """A secret from the environment, or the one `manage.py up` made for this data folder."""
    value = env.str(name, default="")
    if value:
        return value
    kept = EARSHOT_HOME / "secrets" / name.lower()
    if kept.exists():
        return kept.read_text().strip()
    if DEBUG or "up" in sys.argv[1:2]:
        # Stable for this folder and good enough until `up` has written real ones.
        return hashlib.sha256(f"{name}:{EARSHOT_HOME}".encode()).hexdigest()
    raise ImproperlyConfigured(f"{name} is not set. Set it, or run `manage.py up` once to have one made.")


EARSHOT_HOME = home_folder()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
EARSHOT_URL = env.str("EARSHOT_URL", default="http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "django_htmx",
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
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE_URL = env.str("DATABASE_URL", default="") or places.postgres_url(EARSHOT_HOME)
_database = env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": _database
    | {
        "ENGINE": "django.db.backends.postgresql",
        # A pool, never CONN_MAX_AGE: under ASGI every thread would keep a connection for itself.
        "OPTIONS": _database.get("OPTIONS", {}) | {"pool": {"min_size": 1, "max_size": 16, "timeout": 10}},
    }
}

REDIS_URL = env.str("REDIS_URL", default="") or places.redis_url(EARSHOT_HOME)
REDIS_LOG_URL = env.str("REDIS_LOG_URL", default="") or REDIS_URL
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [("", BASE_DIR / "static")] if (BASE_DIR / "static").exists() else []

FIELD_ENCRYPTION_KEYS = [key for key in env.str("FIELD_ENCRYPTION_KEY", default="").split(",") if key]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
            ],
        },
    }
]
