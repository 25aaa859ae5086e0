"""People, workspaces and what they may do, for whoever runs the installation."""

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import ApiToken, AuditEntry, Membership, Privacy, User, Workspace
from accounts.tokens import revoke_token
from base.admin import Evidence, Rows, readable

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)  # an account has one address, and nothing is sent to it

_POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class Memberships(TabularInline):
    model = Membership
    extra = 0
    fields = ("workspace", "user", "role")
    autocomplete_fields = ("workspace", "user")


@admin.register(User)
class Users(UserAdmin, Rows):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "last_seen_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("-id",)
    readonly_fields = ("last_login", "last_seen_at", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Powers", {"fields": ("is_active", *_POWERS)}),
        ("Seen", {"fields": ("last_login", "last_seen_at", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    inlines = (Memberships,)

    def get_readonly_fields(self, request: HttpRequest, obj=None) -> tuple:
        fields = tuple(super().get_readonly_fields(request, obj))
        # Nobody gives themselves more than they have.
        return fields if request.user.is_superuser else (*fields, *_POWERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_above(obj, request.user) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_above(obj, request.user) and super().has_delete_permission(request, obj)


def _is_above(other: User | None, user: User | AnonymousUser) -> bool:
    """Whether `user`, by giving them another password, could do what they may not. Of staff, anybody else."""
    if other is None or user.is_superuser or other == user:
        return False
    return other.is_staff or other.is_superuser


@admin.register(Group)
class Groups(GroupAdmin, ModelAdmin):
    """What staff who are no superusers may do here. They may look, or they would give themselves more."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser


@admin.register(Workspace)
class Workspaces(Rows):
    list_display = ("name", "plan", "created_at")
    list_filter = ("plan",)
    search_fields = ("name",)
    inlines = (Memberships,)


@admin.register(Membership)
class AllMemberships(Rows):
    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name")
    autocomplete_fields = ("user", "workspace")


@admin.register(ApiToken)
class ApiTokens(Evidence):
    """Made by `manage.py create_api_token`, which shows a token once. Here it can be ended."""

    list_display = ("name", "workspace", "role", "prefix", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("role", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("workspace",)
    ids = ("id", "workspace", "created_by")
    fields = (
        "name",
        "workspace",
        "role",
        "prefix",
        "created_by",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    actions = ("revoke",)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        working = list(tokens.filter(revoked_at=None))
        for token in working:
            revoke_token(token, request.user.pk)
        self.message_user(request, f"Revoked: {len(working)}.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")


@admin.register(AuditEntry)
class AuditLog(Evidence):
    list_display = ("created_at", "action", "target", "actor_id", "workspace")
    list_filter = (("workspace", AutocompleteSelectFilter),)
    list_select_related = ("workspace",)
    ids = ("id", "workspace")
    search_help_text = "A whole id: of the entry or its workspace"
    fields = ("created_at", "action", "target", "actor_id", "workspace", "detail_shown", "trace_id")
    detail_shown = readable("detail")


@admin.register(Privacy)
class PrivacyRows(Evidence):
    """Changed in Settings, Privacy, which says what that would remove."""

    list_display = ("workspace", "retention", "masked", "masked_live", "created_at")
    list_select_related = ("workspace",)
    ids = ("id", "workspace")
    fields = ("workspace", "retention_shown", "masked_shown", "masked_live", "created_at")
    retention_shown = readable("retention")
    masked_shown = readable("masked")
