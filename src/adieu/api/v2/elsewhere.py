"""Every other address under `/v2`: what Zilliz Cloud has and Adieu has not says so, the rest is not known."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from ninja import Router

from adieu.api.v2.envelope import AROUND, Code, refusal

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DATA = "A cluster's data is at the cluster's own address, its connectAddress, and not here."
NOBODY_PAYS = "Adieu bills nobody: there are neither invoices nor usage."
ON_PAGES = "People and their rights are managed on the console's pages and at /api/v1."
NO_BACKUPS = "Adieu has no backups of clusters. Whoever runs the console can copy their folders."
NO_METRICS = (
    "Adieu has neither metrics nor alerts of clusters. Their memory and disk are on the console's pages."
)
NO_MOVING = "Adieu has neither migrations nor jobs. Insert rows at the cluster's own address."
NO_FILES = "Adieu has no volumes, stages or storage integrations."
ONE_PLACE = "There is one region here, and a project has no plan to change."
ONE_KIND = "A cluster here is at one place, and has one size and no replicas."
NO_LABELS = "A cluster here has no labels, and keeps its name."
ONE_NETWORK = "Who reaches a cluster over the network is up to whoever runs the console."

# By how the address begins. A star stands for an id.
NOT_HERE = {
    ("vectordb",): DATA,
    ("invoices",): NOBODY_PAYS,
    ("usage",): NOBODY_PAYS,
    ("apiKeys",): ON_PAGES,
    ("users",): ON_PAGES,
    ("roles",): ON_PAGES,
    ("invitations",): ON_PAGES,
    ("backups",): NO_BACKUPS,
    ("alertRules",): NO_METRICS,
    ("import",): NO_MOVING,
    ("jobs",): NO_MOVING,
    ("migrations",): NO_MOVING,
    ("etl",): NO_MOVING,
    ("volumes",): NO_FILES,
    ("stages",): NO_FILES,
    ("storageIntegrations",): NO_FILES,
    ("globalClusters",): ONE_KIND,
    ("onDemandClusters",): ONE_KIND,
    ("privateEndpoints",): ONE_NETWORK,
    ("projects", "*", "plan"): ONE_PLACE,
    ("projects", "*", "regions"): ONE_PLACE,
    ("clusters", "*", "backups"): NO_BACKUPS,
    ("clusters", "*", "metrics"): NO_METRICS,
    ("clusters", "*", "labels"): NO_LABELS,
    ("clusters", "*", "modifyProperties"): NO_LABELS,
    ("clusters", "*", "modifyReplica"): ONE_KIND,
    ("clusters", "*", "securityGroups"): ONE_NETWORK,
}

router = Router()


@router.api_operation(METHODS, "/{path:rest}")
def anything_else(request: HttpRequest, rest: str) -> HttpResponse:
    """Say what is not here."""
    parts = rest.split("/")
    for beginning, message in NOT_HERE.items():
        if _begins_with(parts, beginning):
            return refusal(Code.NOT_HERE, message)
    return nothing(request)


def nothing(_request: HttpRequest) -> HttpResponse:
    """Say that there is nothing at this address."""
    return refusal(*AROUND[HTTPStatus.NOT_FOUND], status=HTTPStatus.NOT_FOUND)


def _begins_with(parts: list[str], beginning: tuple[str, ...]) -> bool:
    # Shorter addresses end the comparison early, and begin with nothing longer than they are.
    return len(parts) >= len(beginning) and all(
        wanted in {part, "*"} for part, wanted in zip(parts, beginning, strict=False)
    )
