/* Python and the simulator, off the page's own thread. A run goes on in short slices, between which it hears of newer
   ones. Messages in: {id, asked} runs, {id} alone stops what runs. Out: {id, kind, ...}. */
import { loadPyodide } from "../python/pyodide.mjs";

const SLICE = 0.1; // seconds
const home = new URL("../python/", import.meta.url);
let wanted = 0;

async function wheel(name) {
  const answer = await fetch(new URL(name, home));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
}

const ready = (async () => {
  const [python, ...wheels] = await Promise.all([
    loadPyodide({ indexURL: home.href }),
    wheel("simpy.whl"),
    wheel("workbook.whl"),
  ]);
  for (const one of wheels) python.unpackArchive(one, "wheel");
  const runs = python.pyimport("workbook.playground.runs");
  const json = python.pyimport("json");
  postMessage({ id: 0, kind: "ready" });
  return { runs, json };
})();

async function run(id, asked) {
  const { runs, json } = await ready;
  if (id !== wanted) return;
  const made = runs.start(JSON.stringify(asked));
  const [order, fault] = made;
  made.destroy();
  if (!order) {
    postMessage({ id, kind: "refused", words: fault });
    return;
  }
  postMessage({ id, kind: "begun", command: order.order.command, closed: JSON.parse(json.dumps(order.closed())) });
  for (let far = null; far === null || far.done < far.of; ) {
    await new Promise((next) => setTimeout(next));
    if (id !== wanted) break;
    const step = order.step(SLICE);
    far = JSON.parse(json.dumps(step));
    step.destroy();
    postMessage({ id, kind: "step", ...far });
  }
  order.destroy();
  if (id !== wanted) postMessage({ id, kind: "stopped" });
}

self.onmessage = ({ data }) => {
  wanted = data.id;
  if (!data.asked) return;
  run(data.id, data.asked).catch((error) => {
    const words = String(error.message ?? error).trim().split("\n").pop();
    postMessage({ id: data.id, kind: "failed", words });
  });
};
