import gc

from django.apps import AppConfig

from config.celery import app as celery_app

__all__ = [
    "ConfigConfig",
    "celery_app",
]  # imported here so that every process asks for tasks in the same place


class ConfigConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What is loaded by now stays, so Python need not look for cycles there: that took a quarter of a
        start, and 0.1 s again and again afterwards. Workers share it with the process they come from."""
        gc.freeze()
        gc.enable()
