"""What the app above completes in the same transaction. Sent after the visit is saved, by its first save (``opened``) or by
actions, with ``visit`` and ``by``."""

from django.dispatch import Signal

opened = Signal()
cancelled = Signal()
reopened = Signal()

day_figured = Signal()
"""Sent when a day's figures are put together, with ``clinic``, ``day`` and ``figures``, a dictionary to add to."""

history_gathered = Signal()
"""Sent when somebody reads a visit's history, with ``visit`` and ``user``; what a receiver returns is more of it, shaped like steps."""
