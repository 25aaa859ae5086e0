from django.apps import AppConfig

from agents import registry


class CallsConfig(AppConfig):
    name = "calls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from calls import memory  # noqa: PLC0415  now there are models
        from calls.privacy import kept  # noqa: PLC0415

        registry.register(memory.LOOKUP.name, memory.LOOKUP, memory.lookup_memory)
        registry.register(memory.SEARCH.name, memory.SEARCH, memory.search_calls)
        kept.register_all()
