import { send } from "./api.js";
import { byId, h, sentence } from "./dom.js";

const shortcuts = new Map();
const TO_PAGES = { t: "/", a: "/account", f: "/firm", s: "/symbols", j: "/jobs" };
let toast = null;
let afterG = false;

/** Name the keys this page understands: [key, what it does, the deed]. The help shows them. */
export function keys(...rows) {
  for (const [key, what, deed] of rows) shortcuts.set(key, { what, deed });
}

/** Say something in a corner for a while, with a way back where there is one. */
export function say(text, undo) {
  toast?.remove();
  const button = undo && h("button", { type: "button", click: () => take(undo) }, "Undo", h("kbd", {}, "u"));
  toast = h("div", { class: "toast", role: "status" }, h("span", {}, sentence(text)), button);
  toast.undo = undo;
  document.body.append(toast);
  const shown = toast;
  setTimeout(() => shown.remove(), undo ? 20_000 : 6000);
}

function take(undo) {
  toast?.remove();
  toast = null;
  undo().catch((error) => say(error.message));
}

/** Whether a key was meant for a shortcut and not for a field or the browser. */
function isShortcut(event) {
  const at = event.target;
  const typing = at instanceof HTMLElement && at.matches("input, select, textarea, [contenteditable]");
  const off = localStorage.getItem("shortcuts") === "off" && event.key !== "?";
  return !typing && !off && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]");
}

addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  if (afterG && TO_PAGES[event.key]) location.assign(TO_PAGES[event.key]);
  else if (event.key === "g") {
    afterG = true;
    setTimeout(() => (afterG = false), 1500);
    return;
  } else if (event.key === "?") showHelp();
  else if (event.key === "/") byId("find")?.select();
  else if (event.key === "d") dispatchEvent(new Event("theme-switch"));
  else if (event.key === "u" && toast?.undo) take(toast.undo);
  else if (shortcuts.has(event.key)) shortcuts.get(event.key).deed(event);
  else return;
  afterG = false;
  event.preventDefault();
});

/** A dialog that closes by Escape and gives the focus back; `build` is given a function that closes it. */
export function dialog(title, build) {
  const before = document.activeElement;
  const box = h("dialog", { "aria-labelledby": "dialog-title" });
  box.append(h("h2", { id: "dialog-title" }, title), ...build(() => box.close()));
  box.addEventListener("close", () => {
    box.remove();
    if (before?.isConnected) before.focus();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

function showHelp() {
  const common = [
    ["?", "these keys"],
    ["/", "go to an account"],
    ["g, then t a f s j", "the pages Today, Accounts, Firm, Symbols, Jobs"],
    ["d", "light or dark"],
    ["u", "undo, while it is offered"],
  ];
  const own = [...shortcuts].map(([key, { what }]) => [key === " " ? "space" : key, what]);
  const rows = [...own, ...common].map(([key, what]) => h("tr", {}, h("td", { class: "tight" }, h("kbd", {}, key)), h("td", {}, what)));
  const off = h("input", { type: "checkbox", change: () => localStorage.setItem("shortcuts", off.checked ? "on" : "off") });
  off.checked = localStorage.getItem("shortcuts") !== "off";
  dialog("Keyboard shortcuts", (close) => [
    h("table", {}, h("tbody", {}, rows)),
    h("p", {}, h("label", {}, h("span", {}, off, " use these keys"))),
    h("div", { class: "buttons" }, h("button", { type: "button", class: "primary", autofocus: true, click: close }, "Close")),
  ]);
}

/** Who came by a token can leave again. */
function offerSignOut() {
  if (!localStorage.getItem("signed-in")) return;
  const leave = async () => {
    await send("DELETE", "session").catch(() => {});
    localStorage.removeItem("signed-in");
    localStorage.removeItem("may-act");
    location.assign("/login");
  };
  document.querySelector("footer").append(` Signed in as ${localStorage.getItem("signed-in")}. `, h("button", { type: "button", click: leave }, "Sign out"));
}

offerSignOut();
byId("help")?.addEventListener("click", showHelp);
byId("theme")?.addEventListener("click", () => dispatchEvent(new Event("theme-switch")));

const filling = new Map();

/**
 * Run what fills a panel: work(element, signal). What goes wrong is said in its place.
 *
 * A newer call for the same panel takes the place of an older one: the older one's signal is aborted, so that what it reads
 * with that signal comes to nothing. True when it was done, false when it failed, null when it was overtaken.
 */
export async function into(id, work) {
  const element = byId(id);
  const control = new AbortController();
  filling.get(id)?.abort();
  filling.set(id, control);
  element.setAttribute("aria-busy", "true");
  try {
    await work(element, control.signal);
  } catch (error) {
    if (control.signal.aborted) return null;
    element.replaceChildren(h("p", { class: "problem", role: "alert" }, sentence(error.message)));
    return false;
  } finally {
    if (filling.get(id) === control) element.removeAttribute("aria-busy");
  }
  return control.signal.aborted ? null : true;
}
