import { h } from "./dom.js";

/**
 * A table. A column is {title, value(row) -> text or node, number?, tight?, prose?, calm?, sort?(row) -> comparable}; the first
 * column of a row is its header. Columns with `sort` can be clicked; who gives `order` finds there how, and a table that is
 * made with it again is sorted the same. In `calm` columns what is negative has no colour: it always is. On a narrow screen the
 * cells of a row stand beneath each other where there is `prose`, each with its title.
 */
export function table(columns, rows, { caption, sorted = null, order = {} } = {}) {
  const state = Object.assign(order, { sorted, descending: true, ...order });
  const body = h("tbody");
  const heads = columns.map((column) => headOf(column, () => sortBy(column)));
  const draw = () => {
    body.replaceChildren(...ordered(rows, columns, state).map((row) => rowOf(columns, row)));
    columns.forEach((column, place) => {
      const on = state.sorted === column.title;
      if (on) heads[place].setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else heads[place].removeAttribute("aria-sort");
    });
  };
  const sortBy = (column) => {
    state.descending = state.sorted === column.title ? !state.descending : true;
    state.sorted = column.title;
    draw();
  };
  draw();
  const name = caption && h("caption", { class: "visually-hidden" }, caption);
  const whole = h("table", { class: columns.some((column) => column.prose) ? "stacks" : null }, name, h("thead", {}, h("tr", {}, heads)), body);
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption ?? "Table" }, whole);
}

function headOf(column, sort) {
  const content = column.sort ? h("button", { type: "button", click: sort }, column.title) : column.title;
  return h("th", { scope: "col", class: classOf(column) }, content);
}

const classOf = (column) => ["number", "tight", "prose"].find((kind) => column[kind]) ?? null;

function rowOf(columns, row) {
  const cells = columns.map((column, place) => {
    const value = column.value(row);
    const loss = column.number && !column.calm && typeof value === "string" && value.startsWith("−") ? " loss" : "";
    const attributes = { class: `${classOf(column) ?? ""}${loss}` || null };
    return place ? h("td", { "data-title": column.title, ...attributes }, value) : h("th", { scope: "row", ...attributes }, value);
  });
  return h("tr", {}, cells);
}

function ordered(rows, columns, { sorted, descending }) {
  const column = columns.find((one) => one.title === sorted && one.sort);
  if (!column) return rows;
  const sign = descending ? -1 : 1;
  const missing = (value) => value === null || value === undefined || Number.isNaN(value);
  return [...rows].sort((left, right) => {
    const [one, other] = [column.sort(left), column.sort(right)];
    if (missing(one) || missing(other)) return missing(one) - missing(other);
    return sign * (typeof one === "string" ? one.localeCompare(other) : one - other);
  });
}

/** A button that fetches what comes next, for as long as something does. */
export function moreButton(next, load) {
  if (!next) return null;
  const button = h("button", { type: "button", class: "more" }, "Show more");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const home = button.parentElement;
    try {
      await load(next);
    } catch (error) {
      // The list is no longer the one that the button was for.
      if (error.name === "AbortError") return;
      throw error;
    }
    button.remove();
    home.querySelector(".more")?.focus({ preventScroll: true });
  });
  return button;
}
