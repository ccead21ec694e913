"""The project's settings, with a channel layer that lies."""

from clinic_project.settings import *  # noqa: F403
from clinic_project.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.chaos.layer.LyingLayer"
