"""What people type about a connection, checked with words that say what to do."""

from django import forms

from agents.models import Agent
from base.forms import MOST_SECRET, PartForm, check_secret, checked_address
from platforms.models import Connection


class NamedForm(PartForm):
    """A connection's name, unlike the workspace's others."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name."})

    def __init__(self, *args, others, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.others = others

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if self.others.filter(name__iexact=name).exists():
            raise forms.ValidationError("Another connection has that name.")
        return name


class ConnectionForm(NamedForm):
    """A new connection, and the same for an edit of one."""

    current: Connection | None = None
    api_key = forms.CharField(required=False, max_length=MOST_SECRET, widget=forms.PasswordInput)
    base_url = forms.CharField(required=False, max_length=200)

    def clean_api_key(self) -> str:
        return check_secret(self.cleaned_data["api_key"])

    def clean_base_url(self) -> str:
        value = self.cleaned_data["base_url"]
        if self.current and value == self.current.base_url:
            return value  # whoever put it there may have been allowed to
        return checked_address(value)


class NewConnectionForm(ConnectionForm):
    part = "new"
    platform = forms.ChoiceField(
        choices=Connection.Platform.choices, error_messages={"invalid_choice": "Choose a platform."}
    )
    # Whether the platform signs its webhooks with that API key, so that it need not be pasted twice.
    signs = forms.BooleanField(required=False)


class EditForm(ConnectionForm):
    part = "edit"
    forget_api_key = forms.BooleanField(required=False)
    current: Connection

    def __init__(self, *args, current: Connection, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.current = current

    def clean(self) -> dict:
        values = super().clean() or {}
        is_kept = self.current.api_key and not values.get("api_key") and not values.get("forget_api_key")
        if not self.errors and is_kept and values["base_url"] not in ("", self.current.base_url):
            # Whoever may choose the address could otherwise have it sent to their own, and read it there.
            self.add_error("api_key", "Type the key again: it would go to another address.")
        return values


class RotateForm(PartForm):
    """A rotation: a key pasted from the platform, or one of ours."""

    part = "rotate"
    PASTED, OURS = "pasted", "ours"
    made = forms.ChoiceField(choices=[(PASTED, ""), (OURS, "")])
    secret = forms.CharField(required=False, max_length=MOST_SECRET, widget=forms.PasswordInput)

    def __init__(self, *args, current: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.current = current

    def clean_secret(self) -> str:
        return check_secret(self.cleaned_data["secret"])

    def clean(self) -> dict:
        values = super().clean() or {}
        if values.get("made") == self.OURS:
            values["secret"] = ""
        elif not self.errors and not values.get("secret"):
            self.add_error("secret", "Paste the key, or let Earshot make a secret.")
        elif not self.errors and values["secret"] == self.current:
            self.add_error("secret", "This is the secret in use already.")
        return values


class LinkForm(PartForm):
    """Which agent of ours the platform's is: one there is, or a new one by name."""

    part, NEW = "link", "new"
    platform_agent_id = forms.CharField(max_length=100)
    agent = forms.CharField(max_length=36)
    name = forms.CharField(required=False, max_length=80)

    def __init__(self, *args, workspace, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_agent(self) -> Agent | None:
        """None: a new one."""
        wanted = self.cleaned_data["agent"]
        if wanted == self.NEW:
            return None
        try:
            return Agent.objects.for_workspace(self.workspace).get(pk=wanted)
        except (Agent.DoesNotExist, ValueError, forms.ValidationError):
            raise forms.ValidationError("Choose an agent.") from None

    def clean(self) -> dict:
        values = super().clean() or {}
        if not self.errors and values["agent"] is None and not values.get("name"):
            self.add_error("name", "Give the new agent a name.")
        return values


class DeleteForm(PartForm):
    """The connection's name, typed again."""

    part = "delete"
    name = forms.CharField(max_length=80, error_messages={"required": "Type the name to delete it."})

    def __init__(self, *args, expected: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        if self.cleaned_data["name"] != self.expected:
            raise forms.ValidationError("That is not its name.")
        return self.cleaned_data["name"]
