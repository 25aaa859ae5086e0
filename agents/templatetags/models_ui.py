"""Prices and sizes of models, as people read them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def plain(amount: Decimal) -> str:
    """A price without the zeros that only its column has: 0.10, 0.125, 10."""
    text = f"{amount.normalize():f}"
    return f"{amount:.2f}" if len(text.partition(".")[2]) == 1 else text


@register.filter
def tokens(count: int) -> str:
    """How many tokens, in two or three digits: 272k, 1M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1_000:.3g}k" if count >= 1_000 else str(count)
