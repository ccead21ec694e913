"""JSON as the rest of the product can take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class TextJSONParser(JSONParser):
    """Refuses what JSON can write and no database or answer can hold: halves of a character (``"\\ud800"``)."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        parsed = super().parse(stream, media_type, parser_context)
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ParseError(_("This JSON has half a character in it (a lone surrogate). Send whole ones.")) from error
        return parsed
