"""What the app above completes in the same transaction. Sent by actions, after the visit is saved, with ``visit`` and ``by``."""

from django.dispatch import Signal

opened = Signal()
cancelled = Signal()
reopened = Signal()
