"""What the frame around every signed-in page shows: whose console it is, and times."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from adieu.accounts.operators import is_operator
from adieu.console import current
from adieu.tenancy.queries import OrganizationName, organization_names_of
from adieu.vault import queries as vault

register = template.Library()

SEALED = "@sealed.invalid"
A_MOMENT = 10
SIZES = (("GB", 10**9), ("MB", 10**6), ("KB", 10**3))
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

# In this order: Edge and Opera say that they are Chrome, and Chrome says that it is Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Frame:
    """Who looks, the organizations they can go to, and the one they are in."""

    name: str
    address: str
    organizations: list[OrganizationName]
    current: OrganizationName | None
    is_operator: bool


@register.simple_tag(takes_context=True)
def frame(context: Context) -> Frame:
    """Read what the top bar and the side column need, once a page."""
    account_id = context["request"].user.pk
    organizations = organization_names_of(account_id=account_id)
    person = vault.read([account_id]).get(account_id)
    return Frame(
        name=person.name if person else "",
        address=person.address if person else "",
        organizations=organizations,
        current=_current(context, organizations),
        is_operator=is_operator(account_id=account_id),
    )


@register.simple_tag(takes_context=True)
def plain_address(context: Context, address: str) -> str:
    """Show the address a person typed in this session in place of its sealed form (Rule P1)."""
    if not address.endswith(SEALED):
        return address
    typed: dict[str, str] = context["request"].session.get("plain_addresses", {})
    return typed.get(address, "your address")


@register.simple_tag
def moment(at: datetime | None, now: datetime | None = None, zone: tzinfo = UTC) -> SafeString | str:
    """Show a time as people say it, with the exact one beside it, which names its time zone."""
    if at is None:
        return ""
    exact = at.astimezone(zone)
    return format_html(
        '<time class="moment" datetime="{}"><span class="moment-said">{}</span> '
        '<span class="moment-exact">{}\N{NO-BREAK SPACE}{}</span></time>',
        exact.isoformat(timespec="seconds"),
        said(exact - (now or timezone.now())),
        f"{exact.day} {exact:%b %Y, %H:%M}",
        _zone_name(exact),
    )


@register.filter
def size(count: int) -> str:
    """Say how many bytes there are, in the largest unit; of gigabytes the tenths count."""
    unit, worth = next(((unit, worth) for unit, worth in SIZES if count >= worth), ("bytes", 1))
    places = 1 if unit == "GB" else 0
    return f"{count / worth:.{places}f}\N{NO-BREAK SPACE}{unit}"


@register.filter
def browser(user_agent: str) -> str:
    """Name a browser and its system; what it says in full would only confuse."""
    name = next((name for sign, name in BROWSERS if sign in user_agent), "Unknown browser")
    system = next((f" on {name}" for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{name}{system}"


def said(distance: timedelta) -> str:
    """Say how far away a time is, in its largest unit."""
    seconds = round(abs(distance.total_seconds()))
    if seconds < A_MOMENT:
        return "now"
    unit, size = next((unit, size) for unit, size in UNITS if seconds >= size)
    count = seconds // size
    length = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{length} ago" if distance < timedelta(0) else f"in {length}"


def _zone_name(at: datetime) -> str:
    """Name the zone of a time; many have a number for a name, which reads better with UTC before it."""
    name = at.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


def _current(context: Context, organizations: list[OrganizationName]) -> OrganizationName | None:
    shown: UUID | None = getattr(context.get("organization"), "id", None)
    return current.choose(context["request"], organizations, shown)
