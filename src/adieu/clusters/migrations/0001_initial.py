import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0002_owners_are_counted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cluster",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=32)),
                (
                    "engine",
                    models.CharField(
                        choices=[("milvus-lite", "Milvus Lite"), ("milvus-server", "Milvus server")],
                        max_length=16,
                    ),
                ),
                ("port", models.PositiveIntegerField(unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("creating", "Creating"),
                            ("running", "Running"),
                            ("suspending", "Suspending"),
                            ("suspended", "Suspended"),
                            ("resuming", "Resuming"),
                            ("deleting", "Deleting"),
                            ("failed", "Failed"),
                        ],
                        default="creating",
                        max_length=10,
                    ),
                ),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ended", "It ended by itself again and again."),
                            ("too_slow", "It did not answer in time."),
                            ("data_missing", "Its data folder is not there."),
                            (
                                "no_port_free",
                                "Other programs use its port and all others that clusters may have.",
                            ),
                            ("unable_to_start", "It could not be started."),
                            ("unable_to_stop", "It could not be stopped."),
                            ("unable_to_destroy", "Its files could not be destroyed yet. It is tried again."),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("failure_reason", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("suspended_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("deleting_since_at", models.DateTimeField(null=True)),
                ("memory_bytes", models.PositiveBigIntegerField(null=True)),
                ("disk_bytes", models.PositiveBigIntegerField(null=True)),
                ("trouble", models.CharField(blank=True, default="", max_length=200)),
                ("measured_at", models.DateTimeField(null=True)),
                (
                    "creator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="clusters",
                        to="tenancy.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "deleting"), _negated=True),
                        fields=("project", "name"),
                        name="cluster_name_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__length__range", (1, 32))), name="cluster_name_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "creating",
                                    "running",
                                    "suspending",
                                    "suspended",
                                    "resuming",
                                    "deleting",
                                    "failed",
                                ],
                            )
                        ),
                        name="cluster_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("engine__in", ["milvus-lite", "milvus-server"])),
                        name="cluster_engine_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "failure__in",
                                [
                                    "",
                                    "ended",
                                    "too_slow",
                                    "data_missing",
                                    "no_port_free",
                                    "unable_to_start",
                                    "unable_to_stop",
                                    "unable_to_destroy",
                                ],
                            )
                        ),
                        name="cluster_failure_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("project__isnull", False), ("state", "deleting"), _connector="OR"
                        ),
                        name="cluster_has_project",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("started_at__isnull", True), ("state", "creating")),
                            models.Q(
                                ("started_at__isnull", False),
                                ("state__in", ("running", "suspending", "suspended", "resuming")),
                            ),
                            ("state__in", ("failed", "deleting")),
                            _connector="OR",
                        ),
                        name="cluster_started_once_it_ran",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "suspended"), ("suspended_at__isnull", False)),
                            models.Q(
                                models.Q(("state", "suspended"), _negated=True),
                                ("suspended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="cluster_suspended_tells_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failed_at__isnull", False), ("state", "failed")),
                            models.Q(
                                models.Q(("state", "failed"), _negated=True), ("failed_at__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="cluster_failed_tells_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("deleting_since_at__isnull", False), ("state", "deleting")),
                            models.Q(
                                models.Q(("state", "deleting"), _negated=True),
                                ("deleting_since_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="cluster_deleting_tells_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), models.Q(("failure", ""), _negated=True)),
                            ("state", "deleting"),
                            models.Q(
                                ("failure", ""),
                                ("failure_reason", ""),
                                ("state__in", ("creating", "running", "suspending", "suspended", "resuming")),
                            ),
                            _connector="OR",
                        ),
                        name="cluster_failed_tells_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("disk_bytes__isnull", True),
                                ("measured_at__isnull", True),
                                ("memory_bytes__isnull", True),
                            ),
                            models.Q(("measured_at__isnull", False), ("memory_bytes__isnull", False)),
                            _connector="OR",
                        ),
                        name="cluster_measured_whole",
                    ),
                ],
            },
        ),
    ]
