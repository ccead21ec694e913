"""Amounts as people type them."""


def decimal_point(value: str) -> str:
    """Half the world writes 12,50."""
    return value.replace(",", ".") if value.count(",") == 1 and "." not in value else value
