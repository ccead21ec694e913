"""Parts of addresses."""

from __future__ import annotations

from django.urls import register_converter


class KeyConverter:
    """An id that every database can look for: a longer number is no address."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(KeyConverter, "key")
