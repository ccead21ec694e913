"""Addresses of the manager's pages."""

from django.urls import path

from clinic_project.dashboards.manager import booked, records, reports, today

urlpatterns = [
    path("", today.today, name="manager"),
    path("days/", today.days, name="manager-days"),
    path("reports/", reports.reports, name="manager-reports"),
    path("clinics/<key:pk>/figures/", today.day_figures, name="manager-figures"),
    path("clinics/<key:pk>/close-day/", today.close_day, name="manager-close-day"),
    path("shifts/booked/", booked.outside_of_hours, name="manager-outside-of-hours"),
    *(path(f"{slug}/<key:pk>/booked/", booked.within, {"slug": slug}, name=f"manager-{slug}-booked") for slug in booked.AREAS),
    *(
        address
        for slug in records.AREAS
        for address in (
            path(f"{slug}/", records.record_list, {"slug": slug}, name=f"manager-{slug}"),
            path(f"{slug}/new/", records.record_form, {"slug": slug}, name=f"manager-{slug}-new"),
            path(f"{slug}/<key:pk>/", records.record_form, {"slug": slug}, name=f"manager-{slug}-change"),
        )
    ),
]
