"""Who may do what: users, workspaces, memberships, API tokens, and the log of what they did."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(Row, AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by email; what they may do comes from their memberships."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True)  # to the minute

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        words = (self.name or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in words[:2]).upper()


class Workspace(Row):
    """One company's calls, agents and people. Every other row hangs off one."""

    class Plan(models.TextChoices):
        FREE = "free"
        PRO = "pro"
        ENTERPRISE = "enterprise"

    name = models.CharField(max_length=80)
    plan = models.CharField(max_length=12, choices=Plan, default=Plan.FREE)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Membership(Row):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workspace", "user", name="one_membership_per_workspace")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.workspace}"


class Privacy(Row):
    """What a workspace keeps of its callers, for how long, and who sees it."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="privacy")
    retention = models.JSONField(
        default=dict
    )  # {name of accounts.retention.PARTS: days}; not there: for ever
    # {kind of calls/personal: the lowest role that sees it}; not there: as calls/personal/seeing.py has it.
    masked = models.JSONField(default=dict)
    # Whether that holds while it is spoken, too: then digits are dots until a turn is finished.
    masked_live = models.BooleanField(default=False)
    # Of the hashes by which erased calls are known again: the rows alone say nothing.
    key = EncryptedTextField(blank=True, default="")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "privacy"

    def __str__(self) -> str:
        return f"privacy of {self.workspace}"


class ApiToken(Row):
    """A program's key to one workspace. Only its hash is kept; the token itself is shown once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_tokens")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=10, choices=Role)
    prefix = models.CharField(max_length=16)  # the start of the token, so a person can tell which one it is
    digest = models.CharField(
        max_length=64, unique=True
    )  # SHA-256, hex; tokens are random, so no slow hash is needed
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEntry(Row):
    """One thing somebody did. Append-only: the database refuses to change or remove a row.

    Holds ids, never names, numbers or words, so erasing a person never needs to touch it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, null=True, related_name="+")
    actor_id = models.UUIDField(null=True)  # a user, or the token's id for a program
    action = models.CharField(max_length=60)  # "session.login", "api_token.create", …
    target = models.CharField(max_length=80, blank=True)  # "call:<id>"
    detail = models.JSONField(default=dict)
    trace_id = models.CharField(max_length=32, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"])]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
