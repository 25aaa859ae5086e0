"""Where models live, and what they are good for."""

from django.db import models

from accounts.models import Workspace
from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet


class Tier(models.TextChoices):
    FAST = "fast"
    STANDARD = "standard"
    PREMIUM = "premium"


class Provider(Row):
    """Where models live: a vendor's API or anything that speaks like one."""

    class Kind(models.TextChoices):
        OPENAI = "openai", "OpenAI-compatible"
        ANTHROPIC = "anthropic", "Anthropic"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="providers")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind)
    base_url = models.URLField(blank=True)  # empty means the vendor's own
    api_key = EncryptedTextField(blank=True)
    enabled = models.BooleanField(default=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workspace", "name", name="one_provider_per_name")]

    def __str__(self) -> str:
        return self.name


class LanguageModel(Row):
    """One model at one provider. Prices are USD per million tokens."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="language_models")
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="language_models")
    name = models.CharField(max_length=120)  # as the provider's API calls it
    tier = models.CharField(max_length=10, choices=Tier)
    rank = models.PositiveSmallIntegerField(default=0)  # order within its tier: lowest is asked first
    context_tokens = models.PositiveIntegerField(default=128_000)
    price_in = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    price_out = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    # Empty: what the vendor had cached costs as much as the rest of the prompt.
    price_cached = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    takes_temperature = models.BooleanField(default=True)
    timeout_ms = models.PositiveIntegerField(default=8_000)  # to the first token, and between any two
    retries = models.PositiveSmallIntegerField(default=1)  # of one request, before the next model is asked
    # A first token later than this has the next model asked as well, and the quicker answers. Empty: never.
    hedge_ms = models.PositiveIntegerField(null=True, blank=True)
    # Sent along with every request: {"reasoning_effort": "none"}.
    options = models.JSONField(default=dict, blank=True)
    enabled = models.BooleanField(default=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("provider", "name", name="one_model_per_provider")]
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name
