"""The routes under `/v2`, with the operation of the permission table that each is a face of."""

from dataclasses import dataclass
from typing import Any

# Zilliz Cloud has two codes for each refusal, by what it is about.
PROJECT = {403: 96013, 404: 96005}
CLUSTER = {403: 96015, 404: 96018}


@dataclass(frozen=True)
class Route:
    """A route, by its path; values with braces are filled with ids as these clients know them."""

    operation: str
    method: str
    path: str
    codes: dict[int, int]
    body: dict[str, Any] | None = None


NEW = {"clusterName": "Bees", "projectId": "{project_id}", "regionId": "adieu-self-hosted"}
ONE = "/clusters/{cluster_id}"

ROUTES = [
    Route("see projects", "GET", "/projects", PROJECT),
    Route("create a project", "POST", "/projects", PROJECT, {"projectName": "Maps"}),
    Route("see a project", "GET", "/projects/{project_id}", PROJECT),
    Route("delete a project", "DELETE", "/projects/{project_id}", PROJECT),
    Route("see the clusters of an organization", "GET", "/clusters", CLUSTER),
    *(
        Route("create a cluster", "POST", f"/clusters/create{way}", PROJECT, NEW)
        for way in ("Free", "Serverless", "Dedicated")
    ),
    Route("see a cluster", "GET", ONE, CLUSTER),
    Route("suspend a cluster", "POST", f"{ONE}/suspend", CLUSTER),
    Route("resume a cluster", "POST", "/clusters/{suspended_id}/resume", CLUSTER),
    Route("modify a cluster", "POST", f"{ONE}/modify", CLUSTER, {"cuSize": 1}),
    Route("delete a cluster", "DELETE", f"{ONE}/drop", CLUSTER),
    Route("delete a cluster", "POST", f"{ONE}/drop", CLUSTER),
]
# The same for everybody with a key.
NOT_BY_PLACE = {"GET /clouds", "GET /regions"}
