"""What people type about privacy."""

from django import forms

from accounts.models import Role
from accounts.retention import LONGEST_DAYS, PARTS
from base.forms import PartForm
from calls.personal import seeing
from calls.privacy import numbers
from calls.privacy.holds import LONGEST_REASON

SEEN_BY = {
    Role.OPERATOR: "Everybody who sees words",
    Role.ADMIN: "Admins and owners",
    Role.OWNER: "Owners",
}


class RetentionForm(PartForm):
    """Days for each part; left empty it is kept for ever."""

    part = "retention"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for part in PARTS:
            field = forms.IntegerField(
                required=False,
                min_value=part.least_days,
                max_value=LONGEST_DAYS,
                widget=forms.NumberInput(attrs={"placeholder": "For ever"}),
            )
            self.fields[part.name] = field

    @property
    def rows(self) -> list[dict]:
        return [{"part": part, "field": self[part.name]} for part in PARTS]

    @property
    def days(self) -> dict[str, int | None]:
        return {part.name: self.cleaned_data[part.name] for part in PARTS}


LIVE = "masked-live"  # no name that a detector can have


class MaskedForm(PartForm):
    """Who sees each kind of personal data in what was said."""

    part = "masked"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for kind in seeing.kinds():
            self.fields[kind] = forms.ChoiceField(
                choices=[(role.value, SEEN_BY[role]) for role in seeing.ROLES]
            )
        self.fields[LIVE] = forms.BooleanField(required=False)

    @property
    def live(self) -> forms.BoundField:
        return self[LIVE]

    @property
    def is_live(self) -> bool:
        return self.cleaned_data[LIVE]

    @property
    def roles(self) -> dict[str, str]:
        return {kind: self.cleaned_data[kind] for kind in seeing.kinds()}

    @property
    def rows(self) -> list[dict]:
        return [{"label": what.capitalize(), "field": self[kind]} for kind, what in seeing.kinds().items()]


class CallerForm(PartForm):
    """A number; kept as its digits."""

    part = "erase"
    caller = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"inputmode": "tel"}))

    def clean_caller(self) -> str:
        try:
            numbers.digits_of(self.cleaned_data["caller"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return self.cleaned_data["caller"]


class HoldForm(CallerForm):
    part = "hold"
    reason = forms.CharField(max_length=LONGEST_REASON)
    field_order = ("caller", "reason")
