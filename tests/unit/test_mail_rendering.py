"""A mail is written once, and is calm, whole and harmless as text and as HTML."""

from adieu.notices.rendering import find_code, render

HOSTILE = '<img src="https://track.example/x.png" onerror=alert(1)> & "quotes"'


def test_both_forms_say_the_same() -> None:
    text, html = render(
        "Your code",
        ["Enter this code.", "It works for 10 minutes."],
        code="12345678",
        link="https://a.example/b/",
    )
    assert text == (
        "Enter this code.\n\n    12345678\n\nhttps://a.example/b/\n\nIt works for 10 minutes.\n\n"
        "-- \nSent by Adieu at http://127.0.0.1:8000.\nNobody reads answers to this mail.\n"
    )
    for part in ("Your code", "Enter this code.", "12345678", 'href="https://a.example/b/"', "10 minutes"):
        assert part in html


def test_everything_is_escaped_and_nothing_is_loaded() -> None:
    _, html = render(HOSTILE, [HOSTILE, HOSTILE], code=HOSTILE, link=f"https://a.example/?{HOSTILE}")
    assert "<img" not in html
    assert html.count("&lt;img") == 7
    assert "src=" not in html.replace("src=&quot;", "")


def test_long_paragraphs_are_folded_and_links_are_not() -> None:
    link = "https://a.example/" + "x" * 200
    text, _ = render("A", ["word " * 100], link=link)
    assert link in text.splitlines()
    assert max(len(line) for line in text.splitlines() if line != link) <= 72


def test_a_code_is_found_in_the_text_and_nothing_else_is_taken_for_one() -> None:
    assert find_code(render("A", ["Enter this."], code="12345678")[0]) == "12345678"
    assert find_code(render("A", ["Enter 12345678 nowhere."])[0]) is None
