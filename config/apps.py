from django.apps import AppConfig

from config.celery import app as celery_app

__all__ = [
    "ConfigConfig",
    "celery_app",
]  # imported here so that every process asks for tasks in the same place


class ConfigConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"
