from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "observability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from observability import erasing, tasks_seen  # noqa: F401, PLC0415  these connect signals

        erasing.register_all()
