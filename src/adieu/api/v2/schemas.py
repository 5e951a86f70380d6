"""What comes in. Fields that are not here are passed over: clients send more than we have a use for."""

from ninja import Schema
from pydantic import Field

from adieu.api.v1.schemas_organizations import LONGEST_TYPED

LONGEST_ID = 64


class ProjectIn(Schema):
    """A project to create."""

    project_name: str = Field(alias="projectName", max_length=LONGEST_TYPED)


class ClusterIn(Schema):
    """A cluster to create."""

    cluster_name: str = Field(alias="clusterName", max_length=LONGEST_TYPED)
    project_id: str = Field(alias="projectId", max_length=LONGEST_ID)


class SizedClusterIn(ClusterIn):
    """A dedicated cluster to create, with a size."""

    cu_size: int = Field(default=1, alias="cuSize")


class ModifyIn(Schema):
    """A cluster's new size; nothing when something else is to change."""

    cu_size: int | None = Field(default=None, alias="cuSize")
