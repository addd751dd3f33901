import { get } from "./api.js";
import { byId, h } from "./dom.js";

// What an address may say of these. Anything else is as if it were not said: an address may be mistyped.
const FITTING = { day: isDay, since: isInstant, until: isInstant, alert: (text) => /^\d{1,15}$/.test(text) };

function isDay(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text) && isInstant(`${text}T00:00:00Z`);
}

/** Whether this is an instant, UTC; of the 31st of February browsers make the 3rd of March. */
function isInstant(text) {
  const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : NaN;
  return !Number.isNaN(moment) && new Date(moment).toISOString().slice(0, 19) === text.slice(0, 19);
}

/** Whether a filter offers this value; what is typed freely may be anything. */
function offered(name, value) {
  const field = byId("filters")?.elements[name];
  return !(field instanceof HTMLSelectElement) || [...field.options].some((one) => one.value === value);
}

/** What the address says; what it does not say, or says in no usable way, is as in `defaults`. */
export function readState(defaults) {
  const said = new URLSearchParams(location.search);
  const usable = (name, value) => value !== null && (FITTING[name]?.(value) ?? true) && offered(name, value);
  return Object.fromEntries(Object.entries(defaults).map(([name, usual]) => [name, usable(name, said.get(name)) ? said.get(name) : usual]));
}

/** Keep changes in the address, so that a reload or a link shows the same, and the way back leads to what was before. */
export function writeState(changes, defaults) {
  const said = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "" || value === defaults[name]) said.delete(name);
    else said.set(name, value);
  }
  const query = said.toString();
  if (query !== new URLSearchParams(location.search).toString()) history.pushState(null, "", query ? `?${query}` : location.pathname);
}

/** A form of filters that shows what the address says, and the other way round. */
export function bindFilters(defaults, changed) {
  const form = byId("filters");
  const show = () => {
    const state = readState(defaults);
    for (const field of form.elements) if (field.name in state) field.value = state[field.name];
  };
  const take = () => {
    writeState(Object.fromEntries(new FormData(form)), defaults);
    changed();
  };
  form.addEventListener("change", take);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
  });
  addEventListener("popstate", () => {
    show();
    changed();
  });
  show();
}

/** Offer the groups there are in the filter of groups, from when somebody turns to it. */
export function offerGroups() {
  const field = byId("filters").elements.group;
  const known = h("datalist", { id: "groups-known" });
  field.after(known);
  field.setAttribute("list", known.id);
  const fetchThem = async () => {
    const { items } = await get("firm/groups", { days: 1 });
    const names = new Set(items.map((one) => one.group).filter(Boolean));
    known.replaceChildren(...[...names].map((name) => h("option", { value: name })));
  };
  field.addEventListener("focus", () => fetchThem().catch(() => {}), { once: true });
}
