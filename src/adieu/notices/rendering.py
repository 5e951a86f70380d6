"""How a mail looks: written once as paragraphs, sent as plain text and as calm HTML that loads nothing."""

import re
import textwrap
from collections.abc import Sequence

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TEXT_WIDTH = 72
# In the text a code stands alone on an indented line; the development mailbox finds it there.
CODE_INDENT = " " * 4
CODE_LINE = re.compile(rf"^{CODE_INDENT}(\S{{4,20}})$", re.MULTILINE)

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">\
<meta name="color-scheme" content="light"><title>{}</title></head>
<body style="margin:0;padding:32px 16px;background:#f6f5f2;color:#20262b;\
font:16px/1.55 Inter,system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:32rem;margin:0 auto;padding:32px;background:#ffffff;\
border:1px solid #e2e0da;border-radius:12px">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:600">{}</h1>
{}
</div>
<p style="max-width:32rem;margin:16px auto 0;padding:0 32px;color:#5c6469;font-size:14px">{}</p>
</body>
</html>
"""
_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>\n'
_CODE = (
    '<p style="margin:0 0 16px;padding:16px;background:#f1f4f3;border-radius:6px;'
    'font-size:28px;letter-spacing:0.12em;font-variant-numeric:tabular-nums">{}</p>\n'
)
_LINK = '<p style="margin:0 0 16px;overflow-wrap:anywhere"><a href="{}" style="color:#0b5c63">{}</a></p>\n'


def render(
    subject: str, paragraphs: Sequence[str], *, code: str | None = None, link: str | None = None
) -> tuple[str, str]:
    """Write a mail as text and as HTML. A code or a link stands below the first paragraph.

    Args:
        subject: also the heading of the HTML.
        paragraphs: plain text, without markup.
        code: shown large and alone.
        link: an http(s) address of this installation.
    """
    return _text(paragraphs, code, link), _html(subject, paragraphs, code, link)


def find_code(text: str) -> str | None:
    """Find the code in the text of a mail that `render` wrote."""
    match = CODE_LINE.search(text)
    return None if match is None else match[1]


def _text(paragraphs: Sequence[str], code: str | None, link: str | None) -> str:
    first, *others = [
        textwrap.fill(paragraph, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    ]
    # A link is never broken: its line is as long as it is.
    blocks = [
        first,
        CODE_INDENT + code if code else "",
        link or "",
        *others,
        "\n".join(["-- ", *_signature()]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _html(subject: str, paragraphs: Sequence[str], code: str | None, link: str | None) -> str:
    first, *others = [format_html(_PARAGRAPH, paragraph) for paragraph in paragraphs]
    blocks = [
        first,
        format_html(_CODE, code) if code else SafeString(),
        format_html(_LINK, link, link) if link else SafeString(),
        *others,
    ]
    body = format_html_join("", "{}", ([block] for block in blocks))
    return format_html(_PAGE, subject, subject, body, " ".join(_signature()))


def _signature() -> tuple[str, str]:
    return f"Sent by Adieu at {settings.ADIEU.base_url}.", "Nobody reads answers to this mail."
