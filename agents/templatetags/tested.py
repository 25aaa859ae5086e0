"""How versions did in tests, for templates."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of_version(tested: Mapping[int, str], number: int) -> str:
    """What `tested` (pages.tested.by_version) says of a version; empty where it was put to no test."""
    return tested.get(number, "")
