import { get } from "./api.js";
import { byId, h } from "./dom.js";

/** What the address says; what it does not say is as in `defaults`. */
export function readState(defaults) {
  const said = new URLSearchParams(location.search);
  return Object.fromEntries(Object.entries(defaults).map(([name, usual]) => [name, said.get(name) ?? usual]));
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
