/* The form of the playground, made from the parameters' own rules; what is asked stands in the address, so that it can
   be sent to somebody. Nothing from there is trusted: Python checks it all, and its sentence is shown as text. */
import { draw, number } from "./chart.mjs";

const form = JSON.parse(document.querySelector("#play-form").textContent);
const place = document.querySelector("#play");
const LONGEST = 2000; // characters of a link
const PATIENCE = 1500; // ms until a worker that does not hear is ended

let worker = null;
let id = 0;
let running = 0;
let state = new Map();
let shown = { curves: [], closed: [] };

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const scenarioName = () => (form.scenarios[state.get("scenario")] ? state.get("scenario") : Object.keys(form.scenarios)[0]);
const scenario = () => form.scenarios[scenarioName()];
const valueOf = (name) => state.get(name) ?? scenario().parameters.find((one) => one.name === name)?.value ?? "";
const predicted = () => {
  const text = (state.get("prediction") ?? "").trim();
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : null;
};

/* parts that stay */
const controls = make("div", { class: "controls" });
const figure = make("div", { class: "drawing" });
const status = make("p", { class: "status", role: "status" });
const fault = make("p", { class: "fault", role: "alert", hidden: true });
const verdict = make("p", { class: "verdict", role: "status" });
const stop = make("button", { type: "button", onclick: halt, hidden: true }, "Stop");
const legend = make("p", { class: "status" });
const numbers = make("div", { class: "numbers" });
const command = make("code");
const repeat = make("p", { hidden: true }, "The same numbers on the command line: ", command);
const folded = make("details", {}, make("summary", {}, "The numbers"), numbers, repeat);
place.append(controls, make("div", { class: "result" }, figure, legend, make("div", { class: "line" }, status, stop), fault, verdict, folded));

/* the worker */
function tell(message) {
  if (worker === null) {
    status.textContent = "Loading Python …";
    worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = () => hear({ id, kind: "failed", words: "Python could not be started in this browser" });
  }
  worker.postMessage(message);
}

function hear(said) {
  if (said.id !== id) return;
  if (said.kind === "refused" || said.kind === "failed") {
    finish(said.kind === "failed" ? `It could not be run: ${said.words}` : "");
    fault.textContent = said.kind === "refused" ? `${said.words}.` : "";
    fault.hidden = said.kind !== "refused";
  } else if (said.kind === "begun") {
    shown = { curves: [], closed: said.closed };
    command.textContent = said.command;
    repeat.hidden = false;
  } else if (said.kind === "step") {
    shown.curves = said.curves;
    status.textContent = `Simulating: ${said.done} of ${said.of} runs`;
    paint();
    if (said.done === said.of) finish(`${said.of} runs, seed ${state.get("seed") ?? form.seed}`);
  }
}

function ask() {
  id += 1;
  running = id;
  fault.hidden = true;
  verdict.textContent = "";
  stop.hidden = false;
  place.dataset.state = "running";
  tell({ id, asked: Object.fromEntries([["scenario", scenarioName()], ...state]) });
}

function finish(words) {
  running = 0;
  stop.hidden = true;
  place.dataset.state = "idle";
  status.textContent = words;
  compare();
}

function halt() {
  const stopped = worker;
  id += 1;
  tell({ id });
  finish("Stopped. What was simulated so far is shown.");
  const deaf = setTimeout(() => {
    stopped.terminate(); // in the middle of a long run it hears nothing
    if (worker !== stopped) return;
    worker = null;
    if (running) ask(); // what was asked for since then went down with it
  }, PATIENCE);
  stopped.addEventListener("message", () => clearTimeout(deaf), { once: true });
}

/* what is seen of a run */
const LAWS = { "=": "the closed form", ">=": "a floor, from theory", "<=": "a ceiling, from theory" };

function paint() {
  const own = Number(valueOf(scenario().chart.x));
  draw(figure, scenario().chart, shown.curves, shown.closed, form.hues[scenarioName()], predicted(), own);
  const laws = [...new Set(shown.closed.map((law) => LAWS[law.relation]))];
  legend.textContent = laws.length > 0 ? `Dashed: ${laws.join(", ")}.` : "No closed form for these values.";
  const rows = shown.curves.flatMap((curve) =>
    curve.points.map((point) =>
      make("tr", { "data-label": curve.label, "data-x": point.x, "data-mean": point.mean },
        make("td", {}, curve.label),
        make("td", {}, number(point.x)),
        make("td", {}, point.half === null ? number(point.mean) : `${number(point.mean)} ± ${number(point.half)}`),
      ),
    ),
  );
  const head = [scenario().compared, scenario().chart.x, scenario().chart.y_label].map((words) => make("th", {}, words));
  numbers.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
}

function compare() {
  const prediction = predicted();
  const own = Number(valueOf(scenario().chart.x));
  const found = shown.curves.flatMap((curve) =>
    curve.points.filter((point) => point.x === own).map((point) => `${curve.label}: ${number(point.mean)}`),
  );
  verdict.textContent =
    prediction === null || found.length === 0
      ? ""
      : `At ${scenario().chart.x.replaceAll("_", " ")} ${number(own)} you said ${number(prediction)}; simulated: ${found.join(", ")}.`;
}

/* the form */
let waiting = 0;
function change(name, value) {
  value === null || value === "" ? state.delete(name) : state.set(name, value);
  const link = new URLSearchParams([["scenario", scenarioName()], ...[...state].filter(([key]) => key !== "scenario")]);
  history.replaceState(null, "", `#${link}`);
  clearTimeout(waiting);
  waiting = setTimeout(ask, 150);
}

function field(parameter) {
  const key = `p-${parameter.name}`;
  const words = parameter.name.replaceAll("_", " ");
  const label = make("label", { for: key }, words, make("small", {}, `${parameter.help} (${parameter.unit})`));
  if (parameter.choices.length > 0) {
    const options = parameter.choices.map((one) => make("option", { value: one, selected: one === valueOf(parameter.name) }, one));
    const select = make("select", { id: key, onchange: () => change(parameter.name, select.value) }, ...options);
    return make("div", { class: "field" }, label, select);
  }
  const text = make("input", { id: key, type: "text", inputmode: "decimal", autocomplete: "off", value: valueOf(parameter.name) });
  text.addEventListener("change", () => change(parameter.name, text.value.trim()));
  if (!parameter.slider) return make("div", { class: "field" }, label, text);
  const [low, high] = parameter.slider;
  const log = low > 0 && high / low >= 20;
  const round = (value) => (parameter.whole ? String(Math.round(value)) : String(Number(value.toPrecision(3))));
  const there = (at) => round(log ? low * (high / low) ** (at / 100) : low + ((high - low) * at) / 100);
  const back = (value) => (log ? (100 * Math.log(value / low)) / Math.log(high / low) : (100 * (value - low)) / (high - low));
  const slider = make("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": words });
  slider.value = back(Number(text.value));
  slider.setAttribute("aria-valuetext", text.value);
  slider.addEventListener("input", () => {
    text.value = there(Number(slider.value));
    slider.setAttribute("aria-valuetext", text.value);
    change(parameter.name, text.value);
  });
  text.addEventListener("change", () => (slider.value = back(Number(text.value))));
  return make("div", { class: "field" }, label, slider, text);
}

function policies() {
  const chosen = new Set((state.get("policies") ?? scenario().shown.join(",")).split(","));
  const boxes = scenario().labels.map((label) => {
    const { light, dark } = form.hues[scenarioName()][label];
    const box = make("input", { type: "checkbox", value: label, checked: chosen.has(label) });
    box.addEventListener("change", () => {
      const left = boxes.map((one) => one.querySelector("input")).filter((one) => one.checked);
      change("policies", left.length > 0 ? left.map((one) => one.value).join(",") : ",");
    });
    return make("label", { style: `--light:${light};--dark:${dark}` }, box, label);
  });
  return make("fieldset", {}, make("legend", {}, scenario().compared), ...boxes);
}

function build() {
  const names = Object.keys(form.scenarios).map((name) =>
    make("option", { value: name, selected: name === scenarioName() }, name.replaceAll("-", " ")),
  );
  const select = make("select", { id: "p-scenario" }, ...names);
  select.addEventListener("change", () => {
    state = new Map([["scenario", select.value]]);
    shown = { curves: [], closed: [] };
    build();
    paint();
    change("scenario", select.value);
    document.querySelector("#p-scenario").focus();
  });
  const { parameters, chart, question } = scenario();
  const extra = [
    { name: "replications", help: "of every point", unit: "runs", value: String(form.replications), choices: [], whole: true },
    { name: "seed", help: "of all random streams", unit: "number", value: String(form.seed), choices: [], whole: true },
  ];
  const said = make("input", { id: "p-prediction", type: "text", inputmode: "decimal", autocomplete: "off", value: state.get("prediction") ?? "" });
  said.addEventListener("change", () => change("prediction", said.value.trim()));
  const own = `${chart.x.replaceAll("_", " ")} ${valueOf(chart.x)}`;
  controls.replaceChildren(
    make("div", { class: "field" }, make("label", { for: "p-scenario" }, "Scenario"), select),
    make("p", { class: "asked" }, question),
    policies(),
    ...parameters.filter((one) => one.slider).map(field),
    make("div", { class: "field" }, make("label", { for: "p-prediction" }, "Your prediction", make("small", {}, `${chart.y_label}, at ${own}`)), said),
    make("details", {}, make("summary", {}, "All parameters"), ...parameters.filter((one) => !one.slider).map(field),
      ...extra.map((one) => field({ ...one, value: state.get(one.name) ?? one.value }))),
  );
  for (const one of extra) controls.querySelector(`#p-${one.name}`).value = state.get(one.name) ?? one.value;
}

function open() {
  const link = location.hash.slice(1, LONGEST);
  state = new Map(link.includes("=") ? new URLSearchParams(link) : []);
  shown = { curves: [], closed: [] }; // another scenario has other policies
  build();
  paint();
  ask();
}

window.addEventListener("hashchange", open);
window.addEventListener("resize", paint);
open();
