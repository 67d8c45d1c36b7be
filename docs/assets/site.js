/* What the browser remembers of a question's key points, and which sheets of the packet are shown. */
"use strict";

const memory = {
  key: (name) => `pubsub:${new URL(document.querySelector("script#__config") ? JSON.parse(document.querySelector("script#__config").textContent).base : ".", location).pathname}${name}`,
  get(name) {
    try {
      return localStorage.getItem(memory.key(name));
    } catch {
      return null; // storage is switched off: ticks last as long as the page
    }
  },
  set(name, value) {
    try {
      value === null ? localStorage.removeItem(memory.key(name)) : localStorage.setItem(memory.key(name), value);
    } catch {
      /* as above */
    }
  },
};

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function rememberPoints(list) {
  const boxes = [...list.querySelectorAll("input[data-point]")];
  const count = element("span", { role: "status" });
  const again = element("button", { type: "button" }, "Say it again: clear all");
  const show = () => {
    const said = boxes.filter((box) => box.checked).length;
    count.textContent = said ? `${said} of ${boxes.length} said` : "Tick what you said, not what you knew.";
    again.hidden = said === 0;
  };
  for (const box of boxes) {
    box.checked = memory.get(box.dataset.point) === "1";
    box.addEventListener("change", () => {
      memory.set(box.dataset.point, box.checked ? "1" : null);
      show();
    });
  }
  again.addEventListener("click", () => {
    for (const box of boxes) {
      box.checked = false;
      memory.set(box.dataset.point, null);
    }
    show();
    boxes[0].focus();
  });
  list.after(element("p", { class: "said" }, count, again));
  show();
}

function choosePacket(place) {
  const levels = [...document.querySelectorAll(".level[data-level]")];
  const select = element("select", { id: "packet-level" }, element("option", { value: "" }, "all levels"));
  for (const level of levels) {
    select.append(element("option", { value: level.dataset.level }, `${level.dataset.level} only`));
  }
  select.addEventListener("change", () => {
    for (const level of levels) level.hidden = select.value !== "" && select.value !== level.dataset.level;
  });
  const print = element("button", { type: "button", onclick: () => window.print() }, "Print");
  place.replaceChildren(element("label", { for: "packet-level" }, "Sheets:"), select, print);
}

/* A table that is wider than its place scrolls; without this the keyboard cannot. */
function reachTables() {
  for (const [at, place] of document.querySelectorAll(".md-typeset__scrollwrap").entries()) {
    const wide = place.scrollWidth > place.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", `Table ${at + 1}`]]) {
      wide ? place.setAttribute(name, value) : place.removeAttribute(name);
    }
  }
}

window.addEventListener("load", reachTables);
window.addEventListener("resize", reachTables);
for (const list of document.querySelectorAll("ul:has(> .point)")) rememberPoints(list);
if (document.querySelector("#packet")) choosePacket(document.querySelector("#packet"));
