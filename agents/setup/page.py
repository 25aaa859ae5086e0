"""What the pages of Settings → Models show. No key is in any of them."""

from typing import Any

from django.db.models import Count, Q

from accounts.models import Workspace
from agents.llm.chain import FALLBACK
from agents.models import LanguageModel, Provider, Tier
from agents.setup.forms import DeleteForm, ModelForm, ProviderForm, initial_of
from agents.setup.presets import PRESETS, Preset
from base.settings_pages import frame

# A model nobody knows anything of yet.
NEW = {
    "tier": Tier.FAST,
    "rank": 0,
    "context_tokens": 128_000,
    "price_in": "0",
    "price_out": "0",
    "timeout_ms": 8_000,
    "retries": 1,
    "takes_temperature": True,
}


def everything(workspace: Workspace) -> dict[str, Any]:
    """Every provider, and the models by tier in the order they are asked."""
    providers = Provider.objects.for_workspace(workspace).annotate(
        models_on=Count("language_models", filter=Q(language_models__enabled=True)),
        models_all=Count("language_models"),
    )
    models = list(LanguageModel.objects.for_workspace(workspace).select_related("provider"))
    tiers = [
        {
            "tier": tier,
            "then": [other for other in FALLBACK[tier] if other != tier],
            "models": [model for model in models if model.tier == tier],
        }
        for tier in (Tier.FAST, Tier.STANDARD, Tier.PREMIUM)
    ]
    return frame("models") | {
        "providers": providers.order_by("name", "id"),
        "tiers": tiers,
        "any_model": bool(models),
    }


def new_provider(workspace: Workspace, preset: str) -> dict[str, Any]:
    chosen = PRESETS.get(preset)
    form = ProviderForm(others=others(workspace), initial=_initial(chosen) if chosen else {})
    return frame("models") | {"presets": PRESETS, "preset": preset, "chosen": chosen, "form": form}


def _initial(preset: Preset) -> dict[str, Any]:
    return {"name": preset.name, "kind": preset.kind, "base_url": preset.base_url}


def one_provider(provider: Provider) -> dict[str, Any]:
    """The page as it is when nothing was pressed. Acts put their forms in place of these."""
    initial = {"name": provider.name, "kind": provider.kind, "base_url": provider.base_url}
    return frame("models") | {
        "provider": provider,
        "models": provider.language_models.order_by("tier", "rank", "id"),
        "form": ProviderForm(
            others=others(provider.workspace_id, but=provider), current=provider, initial=initial
        ),
        "delete_form": DeleteForm(expected=provider.name),
    }


def new_model(provider: Provider) -> dict[str, Any]:
    return frame("models") | {
        "provider": provider,
        "form": ModelForm(others=provider.language_models.all(), initial=NEW),
    }


def one_model(model: LanguageModel) -> dict[str, Any]:
    return frame("models") | {
        "model": model,
        "provider": model.provider,
        "form": ModelForm(others=siblings(model), initial=initial_of(model)),
        "delete_form": DeleteForm(expected=model.name),
    }


def others(workspace: Any, but: Provider | None = None):
    """The workspace's other providers, whose names are taken."""
    rows = Provider.objects.for_workspace(workspace)
    return rows.exclude(pk=but.pk) if but else rows


def siblings(model: LanguageModel):
    """The provider's other models, whose names are taken."""
    return (
        LanguageModel.objects.for_workspace(model.workspace_id)
        .filter(provider=model.provider)
        .exclude(pk=model.pk)
    )
