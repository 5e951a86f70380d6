"""Clusters are in the way of whoever would leave them behind (Rules D2, D4, O5, O6, O7, L2)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.utils import timezone

from adieu.activities.kinds import OperatorReason
from adieu.activities.models import Activity
from adieu.clusters import operations, progress
from adieu.clusters.models import Cluster, State
from adieu.core.keeping import Override
from adieu.deletion import requests
from adieu.deletion.farewell import link_token, progress_by_token
from adieu.deletion.keepers import all_keepers, owned
from adieu.deletion.models import DeletionRequest
from adieu.deletion.on_request import Order, delete_on_request
from adieu.deletion.queries import preflight
from adieu.deletion.verification import OwnThingsChanged
from adieu.kit import sql
from adieu.kit.transactions import transaction
from adieu.tenancy import members, ownership, projects
from adieu.tenancy.models import Organization, Project, ProjectMembership, Role
from adieu.tenancy.operations import OrganizationHasClusters, delete_organization
from adieu.tenancy.projects import LastProjectOwner, ProjectHasClusters
from tests.support.people import ask_to_leave, confirm, join, work
from tests.support.rooms import make_organization, make_project, put_into
from tests.support.visitors import Visitor, admit, enter, found, place, problem, start_project

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now, is_welcomed=False)


@pytest.fixture
def bob(now: datetime) -> UUID:
    return join(BOB, now, is_welcomed=False)


@pytest.fixture
def office(alice: UUID, bob: UUID, now: datetime) -> UUID:
    """Bob's, with Alice in it."""
    organization_id = make_organization(bob, now)
    put_into(organization_id, alice, now)
    return organization_id


@pytest.fixture
def atlas(office: UUID, alice: UUID, bob: UUID, now: datetime) -> UUID:
    """A project that Alice alone owns, as a member of the organization."""
    project_id = make_project(office, bob, now)
    projects.add_member(project_id=project_id, account_id=bob, member_id=alice, role=Role.OWNER, now=now)
    projects.remove_member(project_id=project_id, account_id=bob, member_id=bob, now=now)
    return project_id


def create(project_id: UUID, account_id: UUID, now: datetime, name: str = "Birds") -> UUID:
    return operations.create(project_id=project_id, account_id=account_id, name=name, now=now)


def delete(cluster_id: UUID, account_id: UUID, now: datetime, name: str = "Birds") -> None:
    operations.delete(cluster_id=cluster_id, account_id=account_id, typed_name=name, now=now)


def in_the_way(account_id: UUID) -> list[tuple[str, str, list[str]]]:
    return [
        (blocker.code, blocker.subject.name, [remedy.action for remedy in blocker.remedies])
        for blocker in preflight(account_id=account_id).blockers
    ]


HAND_OVER = "Make someone else project owner"
SOLE = "sole_project_owner_with_clusters"


# --- Leaving altogether ---


def test_the_only_owner_of_a_project_with_clusters_is_blocked(
    atlas: UUID, alice: UUID, now: datetime
) -> None:
    assert in_the_way(alice) == []
    cluster_id = create(atlas, alice, now)
    assert in_the_way(alice) == [(SOLE, "Atlas", [HAND_OVER, "Delete its clusters"])]
    with pytest.raises(requests.DeletionBlocked):
        requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    delete(cluster_id, alice, now)
    # Whoever ordered the end of it need not wait for the files.
    assert Cluster.objects.get().state == State.DELETING
    assert in_the_way(alice) == []


@pytest.mark.parametrize("state", [State.FAILED, State.SUSPENDED])
def test_one_that_does_not_run_blocks_as_well(atlas: UUID, alice: UUID, now: datetime, state: State) -> None:
    create(atlas, alice, now)
    moments = {"failed_at": now, "failure": "ended"} if state == State.FAILED else {"suspended_at": now}
    Cluster.objects.update(state=state, started_at=now, **moments)
    assert len(in_the_way(alice)) == 1


def test_who_else_owns_it_or_only_uses_it_is_not_blocked(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.MEMBER, now=now)
    assert [code for code, _, _ in in_the_way(bob)] == ["sole_organization_owner"]
    assert len(in_the_way(alice)) == 1
    projects.change_member_role(project_id=atlas, account_id=alice, member_id=bob, role=Role.OWNER, now=now)
    assert in_the_way(alice) == []


def test_whoever_is_alone_is_only_told_to_delete(alice: UUID, now: datetime) -> None:
    lonely = make_organization(alice, now, name="Cabin")
    create(make_project(lonely, alice, now), alice, now)
    assert in_the_way(alice) == [
        # First what has to be done first: the organization cannot be deleted before.
        (SOLE, "Atlas", ["Delete its clusters"]),
        ("sole_organization_owner", "Cabin", ["Delete organization"]),
    ]


def test_a_cluster_that_comes_after_the_code_stops_the_deletion(
    atlas: UUID, alice: UUID, now: datetime
) -> None:
    code = ask_to_leave(alice, ALICE, now)
    create(atlas, alice, now)
    with pytest.raises(OwnThingsChanged):
        confirm(alice, code, now + timedelta(minutes=1))
    with pytest.raises(requests.DeletionBlocked):
        confirm(alice, code, now + timedelta(minutes=1))


def test_the_code_is_bound_to_the_clusters_one_owns(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.OWNER, now=now)
    birds = create(atlas, bob, now)
    assert ("cluster", str(birds), "Birds") in [
        (thing.kind, thing.id, thing.name) for thing in owned(account_id=alice)
    ]
    code = ask_to_leave(alice, ALICE, now)
    delete(birds, alice, now)
    create(atlas, bob, now, "Bees")
    with pytest.raises(OwnThingsChanged) as changed:
        confirm(alice, code, now + timedelta(minutes=1))
    assert [thing.name for thing in changed.value.new] == ["Bees"]


def test_nothing_says_who_created_it_once_they_have_left(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.OWNER, now=now)
    keeper = next(each for each in all_keepers() if each.name == "clusters")
    assert keeper.residue(account_id=alice) == ["clusters_cluster"]
    # What they wrote into it stays, and they are told so before.
    stays = [staying.what for staying in preflight(account_id=alice).description.stays]
    assert any("wrote into their clusters" in what for what in stays)
    confirm(alice, ask_to_leave(alice, ALICE, now), now)
    found_cluster = Cluster.objects.get()
    assert (found_cluster.creator_id, found_cluster.state) == (None, State.CREATING)
    assert keeper.residue(account_id=alice) == []


def test_a_deletion_is_not_done_before_the_files_of_clusters_are_gone(alice: UUID, now: datetime) -> None:
    """Who deletes a cluster and then the account is told that all is erased only once it is (Rule D11)."""
    organization_id = make_organization(alice, now)
    cluster_id = create(make_project(organization_id, alice, now), alice, now)
    delete(cluster_id, alice, now)
    delete_organization(organization_id=organization_id, account_id=alice, typed_name="Office", now=now)
    goes = preflight(account_id=alice).description.goes
    assert ("cluster that is being destroyed", 1) in [(going.one, going.count) for going in goes]
    token = link_token(deletion_id=confirm(alice, ask_to_leave(alice, ALICE, now), now))
    work(now)
    waiting = progress_by_token(token=token, now=now)
    assert not waiting.is_completed
    left = [step.title for step in waiting.steps if step.state != "done"]
    assert left[0] == "Destroy the files of clusters that you deleted"
    progress.forget(cluster_id=cluster_id)
    work(now + timedelta(seconds=5))
    assert progress_by_token(token=token, now=now + timedelta(seconds=5)).is_completed


def test_an_archive_names_no_project_of_an_organization_that_one_has_left(
    office: UUID, atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    keeper = next(each for each in all_keepers() if each.name == "clusters")

    def named() -> list[object]:
        [table] = keeper.export(account_id=alice)
        return [row[2] for row in table.rows()]

    assert named() == ["Atlas"]
    members.remove_member(organization_id=office, account_id=bob, member_id=alice, now=now)
    assert named() == [None]


# --- Leaving an organization, being removed ---


def test_leaving_an_organization_is_blocked_as_well(
    office: UUID, atlas: UUID, alice: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    with pytest.raises(members.LeavingBlocked) as blocked:
        members.leave_organization(organization_id=office, account_id=alice, now=now)
    assert [blocker.code for blocker in blocked.value.blockers] == [SOLE]


def test_who_removes_the_only_owner_becomes_owner(
    office: UUID, atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    empty = make_project(office, bob, now, name="Empty")
    projects.add_member(project_id=empty, account_id=bob, member_id=alice, role=Role.OWNER, now=now)
    projects.remove_member(project_id=empty, account_id=bob, member_id=bob, now=now)
    members.remove_member(organization_id=office, account_id=bob, member_id=alice, now=now)
    places = ProjectMembership.objects.filter(project_id__in=[atlas, empty])
    assert list(places.values_list("project_id", "member__account_id", "role")) == [(atlas, bob, "owner")]
    recorded = Activity.objects.get(kind="project.owner_replaced")
    assert (recorded.actor_id, recorded.subject_id, recorded.level) == (bob, str(atlas), "warning")


def test_an_owner_who_removes_themselves_leaves_nothing_behind(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    members.change_role(organization_id=office, account_id=bob, member_id=alice, role=Role.OWNER, now=now)
    create(make_project(office, alice, now, name="Maps"), alice, now)
    with pytest.raises(members.LeavingBlocked):
        members.remove_member(organization_id=office, account_id=alice, member_id=alice, now=now)


def test_the_only_owner_of_a_project_with_clusters_stays_owner(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    for actor in (alice, bob):
        with pytest.raises(LastProjectOwner):
            projects.change_member_role(
                project_id=atlas, account_id=actor, member_id=alice, role=Role.MEMBER, now=now
            )
        with pytest.raises(LastProjectOwner):
            projects.remove_member(project_id=atlas, account_id=actor, member_id=alice, now=now)
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.OWNER, now=now)
    projects.remove_member(project_id=atlas, account_id=bob, member_id=alice, now=now)


# --- What holds clusters stays ---


def test_a_project_with_clusters_cannot_be_deleted(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    cluster_id = create(atlas, alice, now)
    with pytest.raises(ProjectHasClusters):
        projects.delete_project(project_id=atlas, account_id=bob, typed_name="Atlas", now=now)
    delete(cluster_id, alice, now)
    projects.delete_project(project_id=atlas, account_id=bob, typed_name="Atlas", now=now)
    assert Cluster.objects.get().project is None


def test_an_organization_with_clusters_cannot_be_deleted(
    office: UUID, atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    cluster_id = create(atlas, alice, now)
    with pytest.raises(OrganizationHasClusters):
        delete_organization(organization_id=office, account_id=bob, typed_name="Office", now=now)
    delete(cluster_id, alice, now)
    delete_organization(organization_id=office, account_id=bob, typed_name="Office", now=now)
    assert not Organization.objects.exists()


@pytest.mark.parametrize("table", ["tenancy_project", "tenancy_organization"])
def test_the_database_itself_refuses_it(atlas: UUID, alice: UUID, now: datetime, table: str) -> None:
    create(atlas, alice, now)
    with pytest.raises(IntegrityError, match="cluster_has_project"):
        sql.run(f"DELETE FROM {table}")  # noqa: S608
    assert Project.objects.filter(id=atlas).exists()


def test_an_organization_that_goes_unasked_lets_go_of_its_clusters(
    office: UUID, atlas: UUID, alice: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    with transaction():
        ownership.destroy(organization_id=office, now=now)
    left = Cluster.objects.get()
    assert (left.project, left.state, left.deleting_since_at) == (None, State.DELETING, now)


def test_after_a_restore_a_project_goes_to_an_owner_of_its_organization(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    create(atlas, alice, now)
    with transaction():
        for keeper in all_keepers():
            keeper.settle_blockers(account_id=alice, override=None, now=now)
    roles = dict(ProjectMembership.objects.filter(project_id=atlas).values_list("member__account_id", "role"))
    assert roles == {alice: "owner", bob: "owner"}


def override(account_id: UUID, heir_id: UUID | None, now: datetime) -> None:
    decided = Override(reason="asked", actor_id=None, heir_id=heir_id)
    with transaction():
        for keeper in all_keepers():
            keeper.lock(account_id=account_id)
        for keeper in all_keepers():
            keeper.settle_blockers(account_id=account_id, override=decided, now=now)


def test_an_operator_who_deletes_what_is_in_the_way_deletes_its_clusters(alice: UUID, now: datetime) -> None:
    cabin = make_organization(alice, now, name="Cabin")
    create(make_project(cabin, alice, now), alice, now)
    override(alice, None, now)
    assert not Organization.objects.filter(id=cabin).exists()
    assert (Cluster.objects.get().project, Cluster.objects.get().state) == (None, State.DELETING)
    assert in_the_way(alice) == []


def test_an_operator_who_hands_over_hands_projects_over_as_well(
    office: UUID, atlas: UUID, alice: UUID, now: datetime
) -> None:
    charlie = join("charlie@example.org", now, is_welcomed=False)
    put_into(office, charlie, now)
    create(atlas, alice, now)
    override(alice, charlie, now)
    places = ProjectMembership.objects.filter(project_id=atlas, role="owner")
    assert {place.member.account_id for place in places} == {alice, charlie}
    assert in_the_way(alice) == []


def test_a_receipt_tells_of_no_organization_where_only_a_project_was_in_the_way(
    atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    """It stays in Bob's organization, and nobody is told by mail who has it now."""
    create(atlas, alice, now)
    decided = Override(reason=OperatorReason.ASKED, actor_id=None)
    deletion_id = delete_on_request(Order(alice, ALICE, OperatorReason.ASKED, override=decided), now=now)
    described = DeletionRequest.objects.get(id=deletion_id).described
    assert described
    assert described["told"] == ["You, by one last mail. Your address is erased after it."]
    assert not [going for going in described["goes"] if "organizations that were yours alone" in str(going)]
    assert ProjectMembership.objects.get(project_id=atlas).member.account_id == bob


# --- The same on pages and over REST ---


@pytest.fixture
def visitors() -> tuple[Visitor, Visitor, UUID, UUID]:
    """Alice, who alone owns a project with a cluster in Bob's organization."""
    boss, owner = enter("bob"), enter("alice")
    school = found(boss)
    admit(school, owner)
    project_id = start_project(school, boss)
    place(project_id, boss, owner, Role.OWNER)
    projects.remove_member(
        project_id=project_id,
        account_id=boss.account_id,
        member_id=boss.account_id,
        now=timezone.now(),
    )
    create(project_id, owner.account_id, timezone.now())
    return owner, boss, school, project_id


type Cast = tuple[Visitor, Visitor, UUID, UUID]


def test_the_way_out_names_it_and_hands_it_over_in_place(visitors: Cast) -> None:
    owner, boss, _, project_id = visitors
    shown = owner.shown("/account/deletion/")
    assert "You are the only owner of this project, and it still has clusters." in shown
    assert f"/projects/{project_id}/clusters/?next=" in shown
    chosen = {str(project_id): str(boss.account_id), "only": str(project_id)}
    assert owner.post("/account/deletion/hand-over/", **chosen).status_code == 302
    places = ProjectMembership.objects.filter(project_id=project_id, role="owner")
    assert places.count() == 2
    assert "still has clusters" not in owner.shown("/account/deletion/")


def test_the_page_of_leaving_hands_it_over_and_leaves(visitors: Cast) -> None:
    owner, boss, school, project_id = visitors
    assert "still has clusters" in owner.shown(f"/organizations/{school}/leave/")
    assert owner.post(f"/organizations/{school}/leave/").status_code == 409
    chosen = {str(project_id): str(boss.account_id)}
    assert owner.post(f"/organizations/{school}/leave/hand-over/", **chosen).status_code == 302
    places = ProjectMembership.objects.filter(project_id=project_id)
    assert list(places.values_list("member__account_id", "role")) == [(boss.account_id, "owner")]


def test_pages_say_why_a_thing_stays(visitors: Cast) -> None:
    owner, boss, school, project_id = visitors
    for page, name in (
        (f"/projects/{project_id}/delete/", "Recipes"),
        (f"/organizations/{school}/delete/", "Night school"),
    ):
        answer = boss.post(page, name=name)
        assert answer.status_code == 422
        assert "has clusters. Delete them first." in answer.content.decode()
    for act in ("role", "remove"):
        page = f"/projects/{project_id}/members/{owner.account_id}/{act}/"
        assert boss.post(page, role="member").status_code == 302
        assert "keeps at least one owner" in boss.shown(f"/projects/{project_id}/")


def test_rest_says_why_a_thing_stays(visitors: Cast) -> None:
    owner, boss, school, project_id = visitors
    path = f"/projects/{project_id}"
    member = f"{path}/members/{owner.account_id}"
    refused = {
        ("DELETE", path, "Recipes"): "project-has-clusters",
        ("DELETE", f"/organizations/{school}", "Night school"): "organization-has-clusters",
        ("DELETE", member, ""): "last-project-owner",
    }
    for (method, at, name), why in refused.items():
        assert problem(boss.api(method, at, {"name": name} if name else None)) == (409, why)
    assert problem(owner.api("POST", f"/organizations/{school}/leave")) == (409, "leaving-blocked")
    blocked = owner.api("GET", "/account/deletion/preflight").json()["blockers"]
    assert [blocker["code"] for blocker in blocked if blocker["subject"]["kind"] == "project"] == [SOLE]
