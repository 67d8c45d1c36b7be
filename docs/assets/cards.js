/* Concept checks as cards: turned by Space, Enter or a tap, moved by arrows or a swipe. Without it there is the list. */
"use strict";

function readCards(first) {
  const cards = [];
  let level = "";
  for (let at = first; at; at = at.nextElementSibling) {
    if (at.tagName === "H2") level = at.id;
    if (at.tagName !== "H3") continue;
    const named = at.nextElementSibling;
    const answer = named.nextElementSibling;
    const front = at.cloneNode(true);
    front.querySelector(".headerlink")?.remove();
    cards.push({ id: named.querySelector("code").textContent, level, front, answer, link: named.querySelector("a") });
  }
  return cards;
}

function makeDeck(place) {
  const list = [];
  for (let at = document.querySelector("h2"); at; at = at.nextElementSibling) list.push(at);
  const all = readCards(list[0]);
  const levels = [...new Set(all.map((card) => card.level))];
  let level = memory.get("deck-level") ?? "";
  let left = [];
  let turned = false;
  let rest = 0;

  const button = (words, onclick, more = {}) => element("button", { type: "button", onclick, ...more }, words);
  const choices = ["", ...levels].map((name) =>
    button(name === "" ? "All" : name[0].toUpperCase() + name.slice(1), () => choose(name), { "data-level": name }),
  );
  const asList = button("As a list", () => showList(true));
  const progress = element("span", { class: "progress", role: "status" });
  const face = button("", () => turn(), { class: "face", "aria-live": "polite" });
  const again = button("Again (A)", () => next(false));
  const knew = button("Said it (S)", () => next(true));
  const source = element("a", { class: "source" }, "Where it is shown");
  const bar = element("div", { class: "bar", role: "group", "aria-label": "Cards of which level" }, ...choices, asList, progress);
  const below = element("div", { class: "bar" }, again, knew, source);
  const deck = element("div", {}, bar, face, below);
  const asCards = button("As cards", () => showList(false));
  const back = element("div", { class: "bar" }, asCards);
  place.append(deck, back);

  function choose(name) {
    level = levels.includes(name) ? name : "";
    memory.set("deck-level", level === "" ? null : level);
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.dataset.level === level));
    left = all.filter((card) => level === "" || card.level === level);
    rest = left.length;
    turned = false;
    show();
  }
  function show() {
    const card = left[0];
    for (const part of [again, knew, source]) part.hidden = !card;
    progress.textContent = card ? `${rest - left.length + 1} of ${rest}` : `${rest} of ${rest}`;
    if (!card) {
      face.replaceChildren(
        element("span", { class: "front" }, "That was the last one."),
        element("span", { class: "small" }, "Turn it to begin again."),
      );
      return;
    }
    const front = element("span", { class: "front" });
    front.append(...card.front.cloneNode(true).childNodes);
    const parts = [front];
    if (turned) {
      const answer = element("span", { class: "back" });
      answer.append(...card.answer.cloneNode(true).childNodes);
      parts.push(answer);
    } else {
      parts.push(element("span", { class: "small" }, "Say it in one breath, then turn the card."));
    }
    face.replaceChildren(...parts);
    source.hidden = !card.link || !turned;
    if (card.link) source.href = card.link.getAttribute("href");
  }
  function turn() {
    if (left.length === 0) return choose(level);
    turned = !turned;
    show();
  }
  function next(said) {
    if (left.length === 0) return;
    const card = left.shift();
    if (!said) left.push(card);
    turned = false;
    show();
    face.focus({ preventScroll: true });
  }
  function skip(step) {
    if (left.length === 0) return;
    left = step > 0 ? [...left.slice(1), left[0]] : [left[left.length - 1], ...left.slice(0, -1)];
    turned = false;
    show();
  }
  function showList(listed) {
    for (const part of list) part.hidden = !listed;
    deck.hidden = listed;
    back.hidden = !listed;
    document.querySelector(".md-sidebar--secondary")?.toggleAttribute("hidden", !listed);
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (deck.hidden || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest?.("button, a, summary, label");
    const act = {
      " ": !onButton && turn,
      ArrowRight: () => skip(1),
      ArrowLeft: () => skip(-1),
      a: () => next(false),
      s: turned && (() => next(true)),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // s is also the theme's key for the search
    act();
  }, true);
  let from = null;
  face.addEventListener("touchstart", (event) => (from = event.changedTouches[0].clientX), { passive: true });
  face.addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientX - from;
    if (Math.abs(moved) < 50) return;
    if (event.cancelable) event.preventDefault(); // a swipe is no tap
    skip(moved < 0 ? 1 : -1);
  });
  window.addEventListener("hashchange", () => showList(true));
  choose(level);
  showList(location.hash !== "" || location.search.includes("h="));
}

if (document.querySelector("#deck")) makeDeck(document.querySelector("#deck"));
