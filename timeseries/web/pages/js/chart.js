import { byId, empty, fill, h } from "./dom.js";
import { asOf } from "./freshness.js";
import { table } from "./table.js";

const drawn = new Map();
let plotly = null;

/** Whether fingers do the pointing: then charts leave swipes to the page. */
export const byFinger = () => matchMedia("(pointer: coarse)").matches;

/** Plotly, fetched when the first chart asks for it: pages and tables come before it. */
function loadPlotly() {
  plotly ??= new Promise((done, failed) => {
    const script = h("script", { src: byId("plotly").href });
    script.addEventListener("load", () => done(globalThis.Plotly));
    script.addEventListener("error", () => {
      plotly = null;
      failed(new Error("The charts could not be loaded; the tables below have the same figures."));
    });
    document.head.append(script);
  });
  return plotly;
}

/** The colours of the theme that is on. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    ["ink", "muted", "line", "surface", "accent", "gain", "loss", "band", "critical", "warning", "info"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  );
}

/** Text that plotly shall show as it is: it takes some tags for formatting. */
export const asText = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * A chart in a panel, with what stands beside it.
 *
 * figure(colours) -> {data, layout}; label says its main figures; columns and rows are the table that says the same;
 * without rows `nothing` is said instead. `key` explains marks: [colour, shape, words]. `restsOn` is what says how fresh it is;
 * null: its note does. Drawn again whenever the theme changes.
 */
export async function chart(id, { figure, label, columns, rows, nothing, low = false, note = null, restsOn = "days", key = [], events = {} }) {
  if (!rows.length) {
    drawn.delete(id);
    fill(id, empty(nothing));
    return null;
  }
  let box = byId(`${id}-chart`);
  if (!box) {
    box = h("div", { id: `${id}-chart`, class: low ? "chart low" : "chart", role: "img" });
    // Plotly would take every touch for a drag. The browser tells a swipe, which scrolls, from a tap, which comes as a click.
    box.addEventListener("touchstart", (event) => event.stopPropagation(), { capture: true, passive: true });
    fill(id, h("p", { class: "key", id: `${id}-key`, "aria-hidden": "true" }), box, h("p", { class: "muted", id: `${id}-note` }), h("details", {}, h("summary", {}, "Show as table"), h("div", { class: "chart-table", id: `${id}-table` })));
  }
  box.setAttribute("aria-label", label);
  byId(`${id}-key`).replaceChildren(...key.map(([colour, shape, words]) => h("span", {}, h("span", { class: `swatch ${colour}` }, shape), words)));
  byId(`${id}-note`).replaceChildren(note ? `${note} ` : "", restsOn ? asOf(restsOn) : "");
  byId(`${id}-table`).replaceChildren(table(columns, rows, { caption: byId(`${id}-title`).textContent }));
  drawn.set(id, figure);
  await draw(id, events);
  return box;
}

async function draw(id, events = {}) {
  const library = await loadPlotly();
  const box = byId(`${id}-chart`);
  if (!box) return;
  const shades = colours();
  const { data, layout } = drawn.get(id)(shades);
  const first = !box.classList.contains("js-plotly-plot");
  await library.react(box, data, withManners(layout, shades), { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "autosize" });
  if (first) for (const [name, deed] of Object.entries(events)) box.on(`plotly_${name}`, deed);
}

addEventListener("theme", () => {
  for (const id of drawn.keys()) draw(id);
});

function withManners(layout, shades) {
  const axis = { gridcolor: shades.line, linecolor: shades.line, zerolinecolor: shades.muted, zerolinewidth: 1, automargin: true, fixedrange: true, tickfont: { color: shades.muted } };
  const axes = Object.fromEntries(Object.entries(layout).filter(([name]) => /^[xy]axis/.test(name)).map(([name, own]) => [name, { ...axis, ...own }]));
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: shades.ink },
    margin: { l: 8, r: 12, t: 8, b: 28 },
    showlegend: false,
    dragmode: byFinger() ? false : "zoom",
    hovermode: "x unified",
    hoverlabel: { bgcolor: shades.surface, bordercolor: shades.line, font: { color: shades.ink, size: 12 } },
    separators: ".,",
    xaxis: axis,
    yaxis: axis,
    ...layout,
    ...axes,
  };
}

/** Move a drawn chart's time axis, without telling the listeners of zooming about it. */
export async function moveTo(id, range) {
  const box = byId(`${id}-chart`);
  if (!box?.layout) return;
  if (!range || box.layout.xaxis.range?.map(String).join() === range.join()) return;
  await (await loadPlotly()).relayout(box, { "xaxis.range": [...range] });
}
