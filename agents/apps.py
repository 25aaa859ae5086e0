from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents import erasing  # noqa: PLC0415  now there are models to hear of
        from agents.publishing import hooks  # noqa: F401, PLC0415

        erasing.register_all()
