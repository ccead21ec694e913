from django.apps import AppConfig


class QueueConfig(AppConfig):
    name = "queue"
    verbose_name = "Queue"

    def ready(self) -> None:
        from queue import receivers  # noqa: F401  (connects them)
