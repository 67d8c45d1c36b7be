/* Curves with bands, closed forms dashed, a prediction: plain SVG, coloured by the page's theme. */

const LEFT = 62;
const TOP = 16;
const BOTTOM = 52;
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e7
    ? value.toLocaleString("en", { maximumSignificantDigits: 4 })
    : value.toExponential(2);
}

function axis(low, high, log, from, to) {
  const scale = log ? Math.log : (value) => value;
  const a = scale(low);
  const b = scale(high);
  return (value) => from + ((scale(value) - a) / (b - a)) * (to - from);
}

function ticks(low, high, log) {
  const found = [];
  if (log) {
    const decades = Math.log10(high / low);
    const steps = decades > 3 ? [1] : decades > 1 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const step of steps) found.push(step * 10 ** power);
  } else {
    const rough = (high - low) / 5;
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((one) => one * size).find((one) => one >= rough);
    for (let at = Math.ceil(low / step); at * step <= high * 1.0001; at++) found.push(at * step);
  }
  return found.filter((one) => one >= low * 0.9999 && one <= high * 1.0001);
}

function reach(values, log, least, most) {
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (usable.length === 0) return log ? [0.1, 1] : [0, 1];
  let low = Math.min(...usable);
  let high = Math.max(...usable);
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  low = Math.min(least ?? low, low);
  high = Math.max(most ?? high * 1.05, high);
  return low === high ? [low, low + 1] : [low, high];
}

/* `spec` is the scenario's chart, `curves` and `closed` what the worker told, `own` where the prediction belongs. */
export function draw(place, spec, curves, closed, hues, prediction, own) {
  const WIDTH = Math.max(300, Math.min(760, place.clientWidth || 640)); // letters keep their size on a phone
  const HEIGHT = Math.round(WIDTH < 480 ? WIDTH * 0.85 : WIDTH * 0.6);
  const RIGHT = WIDTH < 480 ? 84 : 116;
  const known = curves.filter((curve) => curve.points.length > 0);
  const spread = (point) => [point.mean - (point.half ?? 0), point.mean + (point.half ?? 0)];
  const ys = known.flatMap((curve) => curve.points.flatMap((point) => [point.mean, ...spread(point)]));
  ys.push(...closed.flatMap((law) => law.line.map((point) => point.y)));
  if (prediction !== null) ys.push(prediction);
  const xs = [...known.flatMap((curve) => curve.points.map((point) => point.x))];
  xs.push(...closed.flatMap((law) => law.line.map((point) => point.x)), own);
  const [left, right] = reach(xs, spec.log_x);
  const [low, high] = reach(ys, spec.log_y, spec.y_least, spec.y_most);
  const x = axis(left, right, spec.log_x, LEFT, WIDTH - RIGHT);
  const yAt = axis(low, high, spec.log_y, HEIGHT - BOTTOM, TOP);
  const y = (value) => yAt(Math.min(high, Math.max(low, value)));
  const path = (points) => points.map(([a, b], at) => `${at ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("");

  const parts = [shape("title", {}, `${spec.title} ${known.map((curve) => curve.label).join(", ")}`)];
  const grid = shape("g", { class: "grid" });
  for (const at of ticks(low, high, spec.log_y)) {
    grid.append(shape("path", { d: `M${LEFT} ${y(at)}H${WIDTH - RIGHT}` }));
    grid.append(shape("text", { x: LEFT - 8, y: y(at) + 4, "text-anchor": "end" }, number(at)));
  }
  const marks = spec.log_x ? [...new Set(known.flatMap((curve) => curve.points.map((point) => point.x)))] : ticks(left, right);
  let last = -100;
  for (const at of marks.sort((a, b) => a - b)) {
    grid.append(shape("path", { d: `M${x(at)} ${HEIGHT - BOTTOM}v5` }));
    if (x(at) - last < 34) continue;
    last = x(at);
    grid.append(shape("text", { x: x(at), y: HEIGHT - BOTTOM + 20, "text-anchor": "middle" }, number(at)));
  }
  grid.append(shape("path", { class: "frame", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  grid.append(shape("text", { class: "name", x: middle, y: HEIGHT - 8, "text-anchor": "middle" }, spec.x_label));
  const turned = { class: "name", "text-anchor": "middle", transform: `translate(14 ${(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)` };
  grid.append(shape("text", turned, spec.y_label));
  parts.push(grid);

  const ends = [];
  for (const curve of known) {
    const style = `--light:${hues[curve.label].light};--dark:${hues[curve.label].dark}`;
    const shown = curve.points.filter((point) => !spec.log_y || point.mean > 0);
    if (shown.length === 0) continue;
    const group = shape("g", { class: "curve", style, "data-label": curve.label });
    const upper = shown.map((point) => [x(point.x), y(spread(point)[1])]);
    const lower = shown.map((point) => [x(point.x), y(spread(point)[0])]).reverse();
    if (shown.some((point) => point.half)) group.append(shape("path", { class: "band", d: `${path([...upper, ...lower])}Z` }));
    const line = shown.map((point) => [x(point.x), y(point.mean)]);
    group.append(shape("path", { class: "mean", d: path(line) }));
    for (const [a, b] of line) group.append(shape("circle", { cx: a, cy: b, r: 3.4 }));
    parts.push(group);
    ends.push({ label: curve.label, style, at: line[line.length - 1][1], y: line[line.length - 1][1] });
  }
  for (const law of closed) {
    const line = law.line.filter((point) => !spec.log_y || point.y > 0).map((point) => [x(point.x), y(point.y)]);
    if (line.length > 0) parts.push(shape("path", { class: "closed", d: path(line), "data-label": law.label }));
  }
  ends.sort((a, b) => a.at - b.at);
  for (let at = 1; at < ends.length; at++) ends[at].y = Math.max(ends[at].y, ends[at - 1].y + 15);
  for (const end of ends) {
    parts.push(shape("text", { class: "label", style: end.style, x: WIDTH - RIGHT + 8, y: end.y + 4 }, end.label));
  }
  if (prediction !== null) {
    const [a, b] = [x(own), y(prediction)];
    const group = shape("g", { class: "prediction" });
    group.append(shape("path", { d: `M${LEFT} ${b}H${WIDTH - RIGHT}` }));
    group.append(shape("path", { class: "cross", d: `M${a - 6} ${b - 6}l12 12m0 -12l-12 12` }));
    group.append(shape("text", { x: LEFT + 6, y: b - 6 }, "you said"));
    parts.push(group);
  }
  place.replaceChildren(shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, ...parts));
}
