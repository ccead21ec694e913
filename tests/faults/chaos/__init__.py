"""A channel layer that lies, and the settings that use it."""

SAYS = "This channel layer lies."
"""What its process logs, so that an experiment can tell that it was there."""
