"""What a cluster's process is told by the settings of this console."""

from uuid import UUID

from django.conf import settings

from adieu.clusters.engines.process.asking import Asking
from adieu.clusters.engines.process.encrypted import Certificate
from adieu.clusters.engines.process.serving import Keeping


def keeping_of(cluster_id: UUID) -> Keeping:
    """Keep a cluster as the settings say: who may use it, and where and how it listens."""
    asking, told = Asking(cluster_id), settings.ADIEU
    chain, key = told.cluster_certificate, told.cluster_certificate_key
    certificate = Certificate(chain, key) if chain and key else None
    return Keeping(asking.who_may_use, asking.rest, host=told.cluster_bind, certificate=certificate)
