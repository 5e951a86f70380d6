import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("change_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "OPENED"),
                            ("intent", "INTENT"),
                            ("confirmed", "CONFIRMED"),
                            ("aborted", "ABORTED"),
                            ("unsettled", "UNSETTLED"),
                            ("lifted", "LIFTED"),
                            ("organization_deleted", "ORGANIZATION_DELETED"),
                            ("owner_made", "OWNER_MADE"),
                            ("owner_unmade", "OWNER_UNMADE"),
                            ("receipt", "RECEIPT"),
                            ("checkpoint", "CHECKPOINT"),
                        ],
                        max_length=32,
                    ),
                ),
                ("body", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("number", models.PositiveBigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("number__isnull", True)), fields=["id"], name="ledger_line_owed"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "opened",
                                    "intent",
                                    "confirmed",
                                    "aborted",
                                    "unsettled",
                                    "lifted",
                                    "organization_deleted",
                                    "owner_made",
                                    "owner_unmade",
                                    "receipt",
                                    "checkpoint",
                                ],
                            )
                        ),
                        name="ledger_kind_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("installation_id", models.UUIDField()),
                ("number", models.PositiveBigIntegerField(default=0)),
                (
                    "chain",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_ledger_mark")
                ],
            },
        ),
    ]
