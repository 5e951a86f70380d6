"""The parts of which every page is made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

ICONS = {
    path.stem: path.read_text(encoding="utf-8").strip()
    for path in (Path(__file__).parent.parent / "icons").glob("*.svg")
}
APPEARANCES = ("light", "dark", "system")
STEPS = (
    ("blockers", "What is in the way", "deletion_blockers"),
    ("feedback", "Feedback", "deletion_feedback"),
    ("confirm", "Confirm", "deletion_confirm"),
    ("done", "Done", ""),
)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon; it only decorates, the words beside it say what it means."""
    return mark_safe(ICONS[name])  # noqa: S308 (our own drawings)


@register.simple_tag(takes_context=True)
def appearance(context: Context) -> str:
    """Tell which appearance the reader chose; error pages have no request, so they follow the system."""
    request = context.get("request")
    chosen = request.COOKIES.get("appearance", "system") if request else "system"
    return chosen if chosen in APPEARANCES else "system"


@register.inclusion_tag("console/components/field.html")
def field(bound: BoundField, **attributes: str) -> Mapping[str, Any]:
    """Show one field: label above, help below, its errors beside it in words.

    Args:
        bound: The field of a form.
        attributes: More attributes of the input, with `_` for `-`.
    """
    kind = _kind_of(bound)
    extra = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"field": bound, "kind": kind, "widget": _widget(bound, kind, extra)}


@register.inclusion_tag("console/components/fields.html")
def fields(form: forms.BaseForm) -> Mapping[str, Any]:
    """Show every field of a form, in order."""
    return {"form": form}


@register.inclusion_tag("console/components/error_summary.html")
def error_summary(*candidates: forms.BaseForm | None) -> Mapping[str, Any]:
    """Sum up what is wrong at the top of a page, with a link to each field."""
    forms_sent = [form for form in candidates if isinstance(form, forms.BaseForm) and form.is_bound]
    return {"mistakes": [mistake for form in forms_sent for mistake in _mistakes(form)]}


@register.inclusion_tag("console/components/stepper.html")
def stepper(current: str) -> Mapping[str, Any]:
    """Show how far the way out is; steps behind the current one can be visited again until it is done."""
    names = [name for name, _title, _page in STEPS]
    at = names.index(current)
    can_go_back = current != "done"
    steps = [
        {
            "title": title,
            "href": reverse(page) if number < at and can_go_back else "",
            "is_past": number < at,
            "is_current": number == at,
        }
        for number, (_name, title, page) in enumerate(STEPS)
    ]
    return {"steps": steps}


@register.inclusion_tag("console/components/copy.html")
def copy_button(value: object, what: str) -> Mapping[str, Any]:
    """Offer to copy a value; `what` names it for those who cannot see it."""
    return {"value": value, "what": what}


def _mistakes(form: forms.BaseForm) -> Iterator[dict[str, str]]:
    for said in form.non_field_errors():
        yield {"target": "", "label": "", "said": str(said)}
    for bound in form:
        # A group of choices has no input of its own: the link leads to its first one.
        target = bound.id_for_label or f"{bound.auto_id}_0"
        for said in bound.errors:
            yield {"target": target, "label": str(bound.label), "said": str(said)}


def _kind_of(bound: BoundField) -> str:
    widget = bound.field.widget
    if widget.attrs.get("autocomplete") == "one-time-code":
        return "code"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "box"
    return "line"


def _widget(bound: BoundField, kind: str, extra: Mapping[str, str]) -> SafeString | str:
    if kind == "choices":
        return ""
    # A placeholder is no label: it goes when one types, and is too pale to read.
    attributes: dict[str, Any] = {"placeholder": False, "class": f"input input-{kind}", **extra}
    if kind == "box":
        attributes["class"] = "box"
    if kind == "code":
        attributes |= {
            "inputmode": "numeric",
            "spellcheck": "false",
            "autocapitalize": "off",
            "autocorrect": "off",
        }
    return bound.as_widget(attrs=attributes)
