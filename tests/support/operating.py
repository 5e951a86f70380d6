"""Something for operators to look at, made in the data folder of a console that runs."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

from django.test.utils import setup_test_environment
from django.utils import timezone

from adieu.accounts import operators
from adieu.deletion.models import DeletionRequest, ErasureStep, StepState
from tests.support.people import join, leave

MAKE = "import django; django.setup(); from tests.support import operating; operating.main()"


def prepare(settings: dict[str, str], operator: str, *leavers: str) -> None:
    """Name an operator who has signed up, and let people leave who are stuck on the way."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    done = subprocess.run(
        [sys.executable, "-c", MAKE, operator, *leavers],
        env={**environ, **settings, "DJANGO_SETTINGS_MODULE": "adieu.config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def main() -> None:
    """Make it."""
    setup_test_environment()
    operator, *leavers = sys.argv[1:]
    now = timezone.now()
    operators.add(address=operator, now=now)
    for leaver in leavers:
        _stick(leaver, now)


def _stick(leaver: str, now: datetime) -> None:
    # Steps of tomorrow: the worker that runs leaves them alone until then.
    deletion_id = leave(join(leaver, now), leaver, now + timedelta(days=1))
    DeletionRequest.objects.filter(id=deletion_id).update(confirmed_at=now - timedelta(hours=2))
    ErasureStep.objects.filter(request_id=deletion_id, name="cut_down").update(
        state=StepState.STUCK,
        attempts=12,
        failures=12,
        last_error="django.db.utils.OperationalError",
        stuck_at=now - timedelta(minutes=40),
    )
