"""Numbers as people type them."""

import re

from clinics.language import in_digits
from clinics.text import ascii_digits


def number(value: str) -> str:
    """As the API takes it: in digits of any script, with a decimal comma or the Arabic decimal sign."""
    return decimal_point(ascii_digits(value).replace("٫", "."))


def decimal_point(value: str) -> str:
    """Half the world writes 12,50; the other half 1,000, which is left to be refused: nobody shall pay a thousandth."""
    return value.replace(",", ".") if re.fullmatch(r"[^.,]*,(?!\d{3}$)[^.,]*", value) else value


def typed(amount: str) -> str:
    """``12.50`` as this person would type it, in their digits."""
    own = in_digits(amount)
    return amount if own == amount else own.replace(".", "٫")
