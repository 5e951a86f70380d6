"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates

FATES: Fates = {
    "clusters.Cluster": {
        "id": Fate.NOT_PERSONAL,
        "project": Fate.NOT_PERSONAL,
        "creator": Fate.ERASE,
        "name": Fate.NOT_PERSONAL,
        "engine": Fate.NOT_PERSONAL,
        "port": Fate.NOT_PERSONAL,
        "state": Fate.NOT_PERSONAL,
        "failure": Fate.NOT_PERSONAL,
        "failure_reason": Fate.NOT_PERSONAL,
        "created_at": Fate.NOT_PERSONAL,
        "started_at": Fate.NOT_PERSONAL,
        "suspended_at": Fate.NOT_PERSONAL,
        "failed_at": Fate.NOT_PERSONAL,
        "deleting_since_at": Fate.NOT_PERSONAL,
        "memory_bytes": Fate.NOT_PERSONAL,
        "disk_bytes": Fate.NOT_PERSONAL,
        "trouble": Fate.NOT_PERSONAL,
        "measured_at": Fate.NOT_PERSONAL,
    },
}

EXPORTS: Exports = {"clusters.Cluster": {"creator": Exported("clusters", "id")}}
