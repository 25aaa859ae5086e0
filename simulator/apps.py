"""The Django side of the simulator: there is only `manage.py simulate`."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "simulator"
