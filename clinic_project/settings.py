"""All settings, and the only place that reads the environment. docs/operations.md lists the variables."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from clinic_project import __version__

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = BASE_DIR / "var"

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

DEBUG: bool = env.bool("DEBUG", False)
SECRET_KEY: str = env.str("SECRET_KEY", "only-for-a-demo-on-one-machine-never-for-real-patients" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to a long random string (or DEBUG=true for a demo on this machine).")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
# Whole origins (scheme://host:port) of pages on other hosts that may call the API and open sockets.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", ["http://localhost:3000"] if DEBUG else [])
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "x-csrftoken"]
CORS_EXPOSE_HEADERS = ["idempotent-replay", "retry-after"]
CORS_URLS_REGEX = r"^/(api|realtime|static)/.*$"
# Whole origins under which the site itself is reached behind a TLS proxy.
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
BEHIND_TLS_PROXY: bool = env.bool("BEHIND_TLS_PROXY", False)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS_PROXY
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 0)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

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
    "corsheaders",
    "csp",
    "clinic_project.login_log.LoginLogConfig",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "clinics",
    "patients",
    "appointments",
    "queue",
    "payments",
    "realtime",
    "clinic_project",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinics.middleware.OpenLoginMiddleware",
    "clinics.language.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "clinic_project.urls"
ASGI_APPLICATION = "clinic_project.asgi.application"
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
                "clinic_project.context.preferences",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------
# Under ASGI each request has a thread and so a connection of its own: persistent connections would pile up until
# PostgreSQL refuses (CONN_MAX_AGE=0), psycopg's pool gives them back at once.
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.dj_db_url("DATABASE_URL", f"sqlite:///{STATE_DIR / 'db.sqlite3'}", conn_max_age=0)
}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("postgresql"):
    _database["ENGINE"] = "clinic_project.postgresql"
    _database.setdefault("OPTIONS", {}).update(
        {
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", 20),
                "timeout": 3,  # as long as a request waits for a connection before it answers 503
                # The pool's pauses between tries double until it gives up, and the next request begins anew: so none is
                # ever longer than two seconds, however long the database was away.
                "reconnect_timeout": 3,
            },
            "connect_timeout": 5,
            # A host that is gone says nothing: without these the system waits for it for hours.
            "tcp_user_timeout": 15_000,  # milliseconds
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            # Nobody waits longer than this for a lock or an answer: a clear error beats a frozen desk.
            "options": "-c lock_timeout=5s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s",
        }
    )
else:
    _database.setdefault("OPTIONS", {}).update(
        {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # recursive_triggers: a row that REPLACE throws out is a deleted one, also to the guards (ADR 22).
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
            "PRAGMA recursive_triggers=ON;",
        }
    )
    # A file, not memory: threads of the hub and of the test must see one database as in production.
    _database["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Channel layer --------------------------------------------------------------------------------------------------
# The doorbell of the event log (docs/architecture.md). Without Redis: one process only.
REDIS_URL: str = env.str("REDIS_URL", "")
CHANNEL_PREFIX: str = env.str("CHANNEL_PREFIX", "clinic")
# Short, and never below the layer's own 0.1 s read: a dead Redis must not slow a write.
REDIS_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 0.5}], "prefix": CHANNEL_PREFIX},
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}
    )
}

# --- Real time: limits of docs/protocol.md ---------------------------------------------------------------------------
REALTIME: dict[str, Any] = {
    "HEARTBEAT": 20,  # seconds between a client's pings
    "EXPIRY_GRACE": 10,  # seconds a socket outlives its token
    "RETENTION": timedelta(days=7),
    "PRUNE_EVERY": timedelta(hours=1),  # how often one of the processes deletes what is older than that
    "CLOSE_DAYS_EVERY": timedelta(minutes=5),  # how often one of the processes looks for clinics' days that are over
    "REPLAY_LIMIT": 5_000,  # events; more than that is a snapshot
    # Seconds between looks at the log while the channel layer works: one that dies costs no event more than two. The
    # in-memory one doesn't hear other processes (a management command), which may take rights away: within a second.
    "POLL_INTERVAL": 1.5 if REDIS_URL else 0.5,
    "POLL_INTERVAL_DEGRADED": 0.25,  # … and while it doesn't
    "FRAME_LIMIT": 16 * 1024,  # bytes of a client's frame
    "FRAMES_PER_SECOND": 20,
    "FRAMES_BURST": 150,  # a client with all its rooms may come back at once
    "BAD_FRAMES": 20,  # in a minute, then 4429
    "ROOMS_PER_SOCKET": 100,
    "SOCKETS_PER_USER": env.int("SOCKETS_PER_USER", 100),
    # Sockets opened from one address: a whole clinic is behind one, and comes back at once.
    "HANDSHAKES_BURST": env.int("HANDSHAKES_BURST", 1_500),
    "HANDSHAKES_PER_SECOND": env.float("HANDSHAKES_PER_SECOND", 20.0),
    "BUFFER_LIMIT": 1024 * 1024,  # bytes waiting for one socket, then 4408
}

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "clinics.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "landing"
LOGOUT_REDIRECT_URL = "login"
# By user and address together: by address alone one typing error would lock out a whole clinic behind its router.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "clinics.lockout.locked_out"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its own pages delete; ours (clinics.admin.tries) read

SIMPLE_JWT: dict[str, Any] = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.int("ACCESS_TOKEN_SECONDS", 300)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "UPDATE_LAST_LOGIN": False,
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "clinics.authentication.LoginTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["clinics.permissions.RolePermission"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "clinic_project.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PARSER_CLASSES": [
        "clinic_project.parsers.TextJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "clinic_project.errors.handle",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Clinic front desk",
    "DESCRIPTION": "The live front desk of a clinic: appointments, queue, patients, payments.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "clinic_project.schema.describe_errors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AppointmentStatusEnum": "appointments.models.Appointment.Status",
        "VisitStatusEnum": "queue.models.Visit.Status",
        "PaymentStatusEnum": "payments.models.Payment.Status",
        "MethodEnum": "payments.models.LedgerEntry.Method",
        "KindEnum": "payments.models.LedgerEntry.Kind",
        "CashMovementKindEnum": "payments.models.CashMovement.Kind",
        "CashShiftStatusEnum": "payments.models.CashShift.Status",
        "PresenceEnum": "queue.models.Presence.State",
        "DoctorStateEnum": "queue.presence.STATES",
    },
}

# --- Languages, time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ar", "العربية")]  # each in its own words, for whoever looks for theirs
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"  # what is stored and sent; a clinic's own day comes from its own zone
USE_I18N = USE_TZ = True

# --- Static files ---------------------------------------------------------------------------------------------------
# The release in the path instead of hashed names: relative imports of ES modules stay as written (ADR 5).
STATIC_URL = f"/static/{__version__}/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "clinic_project.static_files.ReleaseStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False


def _is_immutable(path: str, url: str) -> bool:
    return not DEBUG and url.startswith(STATIC_URL)


WHITENOISE_IMMUTABLE_FILE_TEST = _is_immutable

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django's own handler would say it all a second time with DEBUG.
        "django": {"handlers": []},
        "axes": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # It prints a traceback a second while Redis is away; the hub says it once.
        "channels_redis": {"level": "CRITICAL"},
        # It says every try of every connection while the database is away; each call that fails says so once.
        "psycopg.pool": {"level": "ERROR"},
    },
}
