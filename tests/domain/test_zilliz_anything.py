"""Whatever JSON comes to whichever route under `/v2`, the answer is in the envelope, and no fault of ours."""

import json
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adieu.api.v2.ids import CLUSTER, PROJECT
from adieu.tenancy.permissions import Place
from tests.support.standings import People, build
from tests.support.zilliz_calls import Zilliz, with_key
from tests.support.zilliz_table import ROUTES

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NAMES = ("clusterName", "projectName", "projectId", "cuSize", "regionId", "plan", "autoscaling")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
BODIES = st.dictionaries(st.sampled_from(NAMES), ANYTHING) | ANYTHING
QUERIES = st.dictionaries(st.sampled_from(("pageSize", "currentPage", "cloudId")), st.text(max_size=20))
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?#%"), min_size=1, max_size=40)


@pytest.fixture
def known() -> tuple[Zilliz, dict[str, str]]:
    people = People(timezone.now())
    world = build(people, has_clusters=True)
    owner = people.standing[Place.ORGANIZATION_OWNER]
    ids: dict[str, str] = {
        name: form.write(id_)
        for name, form, id_ in (
            ("project_id", PROJECT, world.project),
            ("cluster_id", CLUSTER, world.cluster),
            ("suspended_id", CLUSTER, world.suspended),
        )
    }
    return with_key(owner.account_id, world.organization), ids


def try_often(known: tuple[Zilliz, dict[str, str]], *, examples: int) -> None:
    zilliz, ids = known

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(route=st.sampled_from(ROUTES), body=BODIES, query=QUERIES, word=WORDS, is_real=st.booleans())
    def call(route: Any, body: object, query: dict[str, str], word: str, is_real: bool) -> None:
        path = route.path.format(**(ids if is_real else dict.fromkeys(ids, word)))
        answer = zilliz.browser.generic(
            route.method,
            f"/v2{path}",
            json.dumps(body).encode(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {zilliz.secret}"},
            query_params=query,
        )
        assert answer.status_code in {200, 400, 404, 405}, answer.content
        content = answer.json()
        assert content.keys() == ({"code", "data"} if content["code"] == 0 else {"code", "message"})

    call()


def test_anything_is_answered_in_the_envelope(known: tuple[Zilliz, dict[str, str]]) -> None:
    try_often(known, examples=40)


@pytest.mark.long
def test_anything_is_answered_in_the_envelope_a_thousand_times(known: tuple[Zilliz, dict[str, str]]) -> None:
    try_often(known, examples=1000)
