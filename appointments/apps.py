from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Appointments and hours")

    def ready(self) -> None:
        from appointments import receivers  # noqa: F401  (connects them)
