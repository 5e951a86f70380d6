"""Alice with a cluster and an API key, made in the data folder of a console that runs."""

import json
import os
import subprocess
import sys
from typing import Any

from django.utils import timezone

from adieu.clusters import operations, queries
from adieu.tenancy import api_keys
from tests.support.people import join
from tests.support.rooms import make_organization, make_project

MAKE = "import django; django.setup(); from tests.support import cluster_owner; cluster_owner.main()"


def prepare(settings: dict[str, str], address: str = "alice@example.org") -> dict[str, Any]:
    """Have her made, in a process with the console's settings, and give what it says."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    done = subprocess.run(
        [sys.executable, "-c", MAKE, address],
        env={**environ, **settings, "DJANGO_SETTINGS_MODULE": "adieu.config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def main() -> None:
    """Make her, and say what she has."""
    now = timezone.now()
    alice = join(sys.argv[1], now, is_welcomed=False)
    office = make_organization(alice, now)
    atlas = make_project(office, alice, now)
    key = api_keys.create(account_id=alice, organization_id=office, name="CI", expires_at=None, now=now)
    cluster_id = operations.create(project_id=atlas, account_id=alice, name="Birds", now=now)
    address = queries.cluster(cluster_id=cluster_id, account_id=alice).address
    said = {"key": key.secret, "project": atlas, "cluster": cluster_id, "address": address}
    print(json.dumps(said, default=str))
