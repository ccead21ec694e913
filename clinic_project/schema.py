"""What the OpenAPI description can't see by itself: how to log in, and the answers that every call may give."""

from __future__ import annotations

import copy
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme

_ERROR = {
    "type": "object",
    "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
    "required": ["detail", "code"],
}
_CONFLICT = {
    "type": "object",
    "properties": {**_ERROR["properties"], "current": {"type": "object", "nullable": True, "description": "As it is now."}},  # type: ignore[dict-item]
    "required": ["detail", "code"],
}
_INVALID = {"type": "object", "additionalProperties": {}, "description": "{field: [sentence, …]}, or {detail, code}"}

_ANY_CALL = {"401": ("Error", "Not logged in."), "429": ("Error", "Too many tries; Retry-After says how long to wait.")}
_WITH_ID = {"404": ("Error", "Not there, or not yours.")}
_BY_ROLE = {"403": ("Error", "Not your role.")}
_WRITES = {
    "400": ("Invalid", "A value is refused."),
    "409": ("Conflict", "The state does not allow it."),
    "415": ("Error", "Send JSON."),
    "422": ("Error", "The Idempotency-Key was used for another request."),
}


# It answers past Django's views (realtime/polling.py), where no generator looks.
_LONG_POLL = {
    "get": {
        "operationId": "realtime_events_retrieve",
        "description": "The events after the numbers last seen, as soon as there are any: for whom no socket can be opened.",
        "tags": ["realtime"],
        "security": [{"bearer": []}],
        "parameters": [
            {
                "in": "query",
                "name": "room",
                "required": True,
                "schema": {"type": "array", "items": {"type": "string"}},
                "description": "`clinic_3:120`: a room and the last number seen; without a number it begins with a snapshot.",
            },
            {"in": "query", "name": "wait", "schema": {"type": "number", "minimum": 0, "maximum": 30, "default": 0}},
            {"in": "query", "name": "epoch", "schema": {"type": "string"}, "description": "In which the numbers were seen."},
        ],
        "responses": {
            "200": {
                "description": "`{epoch, rooms: {room: {seq, recovered, events}}}`, the frames as on the socket.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }
}


class LoginTokenScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """Bearer tokens; found by drf-spectacular through the class it names."""

    target_class = "clinics.authentication.LoginTokenAuthentication"
    name = "bearer"


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: add the long poll, and the error answers of contract/api.md, section 4, to every call."""
    result["paths"]["/api/realtime/events/"] = copy.deepcopy(_LONG_POLL)
    schemas = result["components"].setdefault("schemas", {})
    schemas.update({"Error": _ERROR, "Conflict": _CONFLICT, "Invalid": _INVALID})
    for path, verbs in result["paths"].items():
        for verb, call in verbs.items():
            wanted = {**_ANY_CALL, **_BY_ROLE, **(_WITH_ID if "{" in path else {})}
            wanted |= _WRITES if verb in ("post", "patch", "delete") else {"400": _WRITES["400"]}
            for code, (shape, description) in wanted.items():
                call["responses"].setdefault(
                    code,
                    {
                        "description": description,
                        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}},
                    },
                )
    return result
