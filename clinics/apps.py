from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClinicsConfig(AppConfig):
    name = "clinics"
    verbose_name = _("Clinics and staff")

    def ready(self) -> None:
        from clinics import changing, guards, logins  # noqa: F401  (connects its receivers)

        # Once per app and not only for this one: whichever is migrated last, its tables are guarded.
        post_migrate.connect(guards.after_migrate, dispatch_uid="clinics.guards")
