"""The site in a real browser: what a reader does on it, by mouse, by keyboard and by touch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Window = Callable[..., Any]
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


def test_no_page_complains_asks_outside_or_is_wider_than_a_phone(
    window: Window, built: Path, address: str
) -> None:
    page = window("", **PHONE)
    for path in sorted(built.rglob("index.html")):
        name = path.parent.relative_to(built).as_posix()
        page.goto(f"{address}{'' if name == '.' else f'{name}/'}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_the_first_screen_says_what_it_is_and_shows_the_four_ways_in(window: Window) -> None:
    for options in ({}, PHONE):
        page = window("", **options)
        height = page.viewport_size["height"]
        for words in ("Say it, and have run it", "Questions", "Katas", "Scenarios", "Rehearse"):
            box = page.locator(".hero h1, .ways h2", has_text=words).bounding_box()
            assert box["y"] + box["height"] <= height, words
        assert page.locator(".ways h2").count() == 4


def test_an_answer_is_folded_until_it_is_asked_for(window: Window) -> None:
    page = window("questions/q03_minimal_broker/")
    answer = page.locator("details.answer").first
    assert not answer.locator("p").first.is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answer.locator("p").first.is_visible()


def test_the_browser_remembers_which_points_were_said(window: Window, address: str) -> None:
    page = window("questions/q03_minimal_broker/")
    first, second = page.locator(".point").nth(0), page.locator(".point").nth(1)
    first.click()  # anywhere on it, not only on the box
    assert page.get_by_text("1 of").is_visible()
    page.reload()
    assert first.locator("input").is_checked()
    assert not second.locator("input").is_checked()
    page.goto(f"{address}questions/q11_lock_during_delivery/")
    assert page.locator(".point input:checked").count() == 0
    page.goto(f"{address}questions/q03_minimal_broker/")
    page.get_by_role("button", name="clear all").first.click()
    page.reload()
    assert page.locator(".point input:checked").count() == 0


def test_a_question_leads_to_the_one_before_and_after_and_to_its_kata(window: Window) -> None:
    page = window("questions/q03_minimal_broker/")
    page.get_by_role("link", name="Next: Publish/subscribe and Observer").click()
    page.get_by_role("link", name="Previous: A minimal in-process broker").click()
    assert page.locator(".facts").inner_text().startswith("junior")
    page.get_by_role("link", name="kata: broker").click()
    page.wait_for_url("**/katas/broker/")


def test_search_finds_a_key_point(window: Window) -> None:
    page = window()
    page.keyboard.press("/")
    page.keyboard.type("registered interest")
    found = page.locator(".md-search-result__item").first
    found.wait_for()
    assert "What is publish/subscribe?" in found.inner_text()
    found.locator("a").first.click()
    page.wait_for_url("**/questions/q01_what_is_pubsub/**")


def test_a_card_is_turned_and_moved_by_keyboard(window: Window) -> None:
    page = window("concept_checks/")
    front, back = page.locator("#deck .front"), page.locator("#deck .back")
    question = front.inner_text()
    assert back.count() == 0
    page.keyboard.press("Space")
    assert back.is_visible()
    page.keyboard.press("s")
    assert front.inner_text() != question
    assert page.locator("#deck .progress").inner_text().startswith("2 of")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Staff").click()
    count = int(page.locator("#deck .progress").inner_text().split()[-1])
    for _ in range(count):
        page.locator("#deck .face").press("Enter")
        page.keyboard.press("s")
    assert "last one" in front.inner_text()
    page.reload()
    assert page.get_by_role("button", name="Staff").get_attribute("aria-pressed") == "true"


def test_what_was_not_said_comes_again(window: Window) -> None:
    page = window("concept_checks/")
    page.get_by_role("button", name="Staff").click()
    front = page.locator("#deck .front")
    question, count = front.inner_text(), int(page.locator("#deck .progress").inner_text().split()[-1])
    page.get_by_role("button", name="Again").click()
    for _ in range(count - 1):
        page.get_by_role("button", name="Said it").click()
    assert front.inner_text() == question


def test_a_card_is_turned_and_moved_by_touch(window: Window) -> None:
    page = window("concept_checks/", **PHONE)
    face, front = page.locator("#deck .face"), page.locator("#deck .front")
    question = front.inner_text()
    face.tap()
    assert page.locator("#deck .back").is_visible()
    touch = page.context.new_cdp_session(page)
    box = face.bounding_box()
    for kind, x in (("touchStart", 280), ("touchMove", 180), ("touchMove", 80), ("touchEnd", None)):
        points = [] if x is None else [{"x": x, "y": box["y"] + 60}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert front.inner_text() != question
    assert page.locator("#deck .back").count() == 0


def test_a_link_to_one_check_opens_the_list(window: Window) -> None:
    page = window("concept_checks/#what-does-queue0-hold-in-python")
    assert page.locator("#what-does-queue0-hold-in-python").is_visible()
    assert not page.locator("#deck .face").is_visible()
    page.get_by_role("button", name="As cards").click()
    assert page.locator("#deck .face").is_visible()


def test_without_javascript_everything_but_the_cards_is_there(window: Window) -> None:
    page = window("concept_checks/", java_script_enabled=False)
    assert page.get_by_text("Everything: zero means no limit").is_visible()
    page.get_by_role("link", name="Questions").first.click()
    page.get_by_role("link", name="A minimal in-process broker").last.click()
    page.locator("summary").first.click()
    assert page.locator("details p").first.is_visible()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_no_question_of_the_packet_is_split_over_two_pages(window: Window, paper: str) -> None:
    """Each sheet fits on one page, and the browser is told not to break it."""
    page = window("packet/")
    width, height = {"A4": (210, 297), "Letter": (215.9, 279.4)}[paper]
    dots = 96 / 25.4
    page.set_viewport_size({"width": round((width - 30) * dots), "height": round((height - 28) * dots)})
    page.emulate_media(media="print")
    sheets = page.locator(".sheet")
    assert sheets.count() == 25
    for sheet in sheets.all():
        assert sheet.bounding_box()["height"] <= (height - 28) * dots, sheet.locator("h2").inner_text()
        assert sheet.evaluate("one => getComputedStyle(one).breakInside") == "avoid"
    assert not page.locator(".md-header").is_visible()
    assert len(page.pdf(format=paper)) > 50_000


def test_the_packet_shows_the_level_that_is_chosen(window: Window) -> None:
    page = window("packet/")
    page.get_by_label("Sheets:").select_option("staff")
    assert page.locator(".sheet:visible").count() == 3


def test_dark_and_light_are_a_press_away_and_remembered(window: Window) -> None:
    page = window("", color_scheme="light")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
    page.get_by_title("Switch to dark").click()
    page.goto(page.url + "how_to_study/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
