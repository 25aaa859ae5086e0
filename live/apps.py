from django.apps import AppConfig

from agents import registry


class LiveConfig(AppConfig):
    name = "live"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from live import erasing, judged  # noqa: F401, PLC0415  now there are models

        registry.register(judged.ESCALATE.name, judged.ESCALATE, judged.escalate)
