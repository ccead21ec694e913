from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "clinic_project"
    verbose_name = "Clinic front desk"

    def ready(self) -> None:
        from clinic_project import checks, schema  # noqa: F401  (registers them)
