/** Elements from names, attributes and children. Children become text nodes, so nothing read can turn into markup. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put these children into the element with this id, in place of what is there. */
export function fill(id, ...children) {
  const element = byId(id);
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  element.removeAttribute("aria-busy");
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Words with what stands between backticks as code, and with days that are not parted at the end of a line. */
export function sentence(text) {
  return text.split("`").map((part, place) => (place % 2 ? h("code", {}, part) : withDays(part)));
}

const withDays = (text) => text.split(/(\d{4}-\d\d-\d\d)/).map((part, place) => (place % 2 ? h("span", { class: "tight" }, part) : part));

/** What to say where there is nothing. */
export const empty = (text) => h("p", { class: "empty" }, sentence(text));
