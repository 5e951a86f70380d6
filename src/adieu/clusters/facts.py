"""What keeps the console from a cluster's data, or from putting its sample there."""

from adieu.kit.errors import Fact


class ClusterNotRunning(Fact):
    """The cluster does not run, so what is in it cannot be read now."""


class ClusterAway(Fact):
    """What is in the cluster cannot be reached now. Try again in a moment."""


class SampleNameTaken(Fact):
    """The cluster has a collection of that name that is not the sample. It was left as it is."""


class SampleHasMore(Fact):
    """Somebody has added rows to the sample. It was left as it is; a client can drop the collection."""
