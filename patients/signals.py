"""What the apps above complete in the same transaction; a receiver that raises undoes the whole command."""

from __future__ import annotations

from typing import Any, cast

from django.dispatch import Signal

merged = Signal()
"""Sent by ``actions.merge`` with ``survivor``, ``duplicate`` and ``by``: whatever refers to the duplicate moves. A receiver
returns what it has moved, ``{"app.model": [ids]}``, so that it can go back."""

unmerged = Signal()
"""Sent by ``actions.unmerge`` with ``survivor``, ``duplicate``, ``moved`` (what the receivers of ``merged`` returned) and ``by``:
those rows that still are the survivor's go back to the duplicate."""

erased = Signal()
"""Sent by ``actions.erase``, within ``guards.erasing()``, with ``patient`` (already without a name), ``files`` (the ids of this file and
of those merged into it), ``exchanged`` (``{"app.model": ids}`` of rows that ever went to or from these files with a merge, taken back
since or not) and ``by``: receivers refuse (``DomainError``) or overwrite what is personal in their rows, and what was told of them while
they stood in another file. Money, and who did what when, stays."""

exporting = Signal()
"""Sent by ``exporting.export`` with ``files`` (ids) and ``clinics`` (ids; none: all): a receiver returns ``{section: rows}``, as JSON
takes them, in a number of queries that doesn't depend on how many rows there are."""


def collect(signal: Signal, **named: Any) -> dict[str, Any]:
    """Send the signal; what its receivers answer, in one."""
    # Django's stubs know of no answer but a text.
    answers = cast("list[tuple[Any, dict[str, Any] | None]]", signal.send(**named))
    return {key: value for _receiver, answer in answers for key, value in (answer or {}).items()}
