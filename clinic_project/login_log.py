"""django-axes under a name that people understand; its own is that of the package, in any language."""

from axes.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoginLogConfig(AppConfig):
    verbose_name = _("Attempts to log in")
