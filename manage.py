#!/usr/bin/env python
"""Django's command-line utility for administrative tasks."""

import os
import sys


def main() -> None:
    """Run administrative tasks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
    # Before Django, so that the folder `queue` is in place whatever Django imports first (ADR 1).
    from django.core.management import execute_from_command_line

    import clinic_project  # noqa: F401

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
