"""What all pages within an organization have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase

from adieu.clusters.queries import ClusterNotFound
from adieu.tenancy.ownership import MemberNotFound
from adieu.tenancy.permissions import NotAllowed, OrganizationNotFound, ProjectNotFound

type View = Callable[..., HttpResponseBase]


def within_organization(view: View) -> View:
    """Ask for a sign-in, and say no as every page does: to strangers there is nothing here."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(*args, **kwargs)
        except (OrganizationNotFound, ProjectNotFound, ClusterNotFound, MemberNotFound) as missing:
            raise Http404 from missing
        except NotAllowed as refusal:
            raise PermissionDenied from refusal

    return login_required(guarded)
