"""Amounts as people type them."""

import re


def decimal_point(value: str) -> str:
    """Half the world writes 12,50; the other half 1,000, which is left to be refused: nobody shall pay a thousandth."""
    return value.replace(",", ".") if re.fullmatch(r"[^.,]*,(?!\d{3}$)[^.,]*", value) else value
