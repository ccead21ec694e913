from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectConfig(AppConfig):
    name = "clinic_project"
    verbose_name = _("Clinic front desk")

    def ready(self) -> None:
        from clinic_project import checks, schema  # noqa: F401  (registers them)
