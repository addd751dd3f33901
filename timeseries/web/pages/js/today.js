import { get, heartbeat, listen } from "./api.js";
import { acknowledge, chooseLabel, chooseMute, showMutes } from "./act.js";
import { byId, empty, fill, h, sentence } from "./dom.js";
import { evidence, severity } from "./evidence.js";
import { SUBJECTS, ago, amount, counted, instant, subject, words } from "./format.js";
import { showFreshness } from "./freshness.js";
import { into, keys, say } from "./page.js";
import { bindFilters, offerGroups, readState, writeState } from "./state.js";
import { moreButton } from "./table.js";

const USUAL = { state: "unresolved", severity: "", account: "", group: "", subject: "", sort: "rank", alert: "" };
const PAGE = 100;
let alerts = [];
let next = null;
let shown = null;
let listing = null;
let listScroll = 0;
const arrived = new Set();

// ---- the list

function query() {
  const { alert, state, ...rest } = readState(USUAL);
  return { ...rest, state: state === "all" ? "" : state, limit: PAGE };
}

async function load() {
  await into("list", async (_, signal) => {
    const page = await get("alerts", query(), { signal });
    [alerts, next, listing] = [page.items, page.next, signal];
    await drawList();
  });
}

async function drawList() {
  if (!alerts.length) return sayEmpty();
  const more = moreButton(next, async (cursor) => {
    const page = await get("alerts", { ...query(), cursor }, { signal: listing });
    alerts.push(...page.items);
    next = page.next;
    await drawList();
  });
  const place = linksOf().indexOf(document.activeElement);
  const focused = document.activeElement?.closest?.(".alerts li")?.dataset.alert;
  fill("list", h("ol", { class: "alerts" }, alerts.map(row)), more);
  mark();
  if (focused) goOnFrom(focused, place);
}

async function sayEmpty() {
  const { newest_trade: newest } = await get("freshness", {}, { signal: listing });
  const { alert, sort, ...filters } = readState(USUAL);
  const usual = Object.entries(filters).every(([name, value]) => value === USUAL[name]);
  if (!newest) fill("list", empty("No trades yet: load some with `timeseries ingest trades FILE`."));
  else if (usual) fill("list", empty("Nothing needs your attention. Findings become alerts when the job runs: `timeseries jobs run alert`."));
  else fill("list", empty("No alert fits these filters."));
}

function row(alert) {
  const link = h("a", { class: "open", href: `?alert=${alert.alert_id}`, click: (event) => choose(event, alert.alert_id) }, sentence(alert.title));
  const stake = alert.at_stake === null ? null : h("span", { class: "stake" }, amount(alert.at_stake, alert.currency), " ", h("span", { class: "muted" }, alert.currency));
  const fresh = arrived.has(alert.alert_id) ? h("span", { class: "fresh" }, "new · ") : null;
  return h("li", { "data-alert": alert.alert_id }, severity(alert.severity), link, stake, h("span", { class: "about" }, fresh, aboutOf(alert)));
}

function aboutOf(alert) {
  const others = alert.subjects.filter((one) => one !== alert.subject).map(subject);
  const parts = [alert.state];
  if (alert.label) parts.push(`labelled ${words(alert.label)}`);
  if (alert.first_day !== alert.trading_day) parts.push(`since ${alert.first_day}`);
  if (others.length) parts.push(`also ${others.join(", ")}`);
  parts.push(`raised ${ago(alert.raised_at)}`);
  return sentence(parts.join(" · "));
}

const linksOf = () => [...byId("list").querySelectorAll(".open")];
const placeOf = (id) => alerts.findIndex((one) => String(one.alert_id) === String(id));
const listHidden = () => getComputedStyle(byId("list")).display === "none";

/** Go on from an alert's row, or from the one that took its place; where the list is hidden, from the evidence. */
function goOnFrom(id, place) {
  if (document.activeElement?.matches("input, select, textarea, dialog *")) return;
  const links = linksOf();
  const link = rowOf(id)?.querySelector(".open") ?? links[Math.min(Math.max(place, 0), links.length - 1)];
  if (listHidden()) byId("evidence").focus({ preventScroll: true });
  else (link ?? byId("list")).focus();
}

const rowOf = (id) => byId("list").querySelector(`[data-alert="${id}"]`);

function mark() {
  for (const one of byId("list").querySelectorAll("li")) {
    const chosen = one.dataset.alert === String(shown?.alert_id);
    one.classList.toggle("chosen", chosen);
    one.querySelector(".open").toggleAttribute("aria-current", chosen);
  }
}

// ---- the evidence

function choose(event, id) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  writeState({ alert: String(id) }, USUAL);
  open(id, { focus: true });
}

async function open(id, { focus = false } = {}) {
  const within = byId("evidence").contains(document.activeElement);
  const hidden = listHidden();
  if (!hidden) listScroll = scrollY;
  byId("desk").classList.toggle("open", Boolean(id));
  // List and evidence take turns on a narrow screen: who comes back finds the list where it was.
  if (hidden && !id) scrollTo({ top: listScroll, behavior: "instant" });
  await into("evidence", async (_, signal) => {
    shown = id ? await get(`alerts/${encodeURIComponent(id)}`, {}, { signal }) : null;
    if (!shown) return void fill("evidence", empty("Choose an alert to see what it rests on."));
    const back = h("button", { type: "button", class: "only-narrow", click: close }, "Back to the list");
    fill("evidence", back, evidence(shown, { acknowledge: doAcknowledge, label: doLabel, mute: doMute }));
    byId("evidence").scrollTop = 0;
  });
  mark();
  if (focus && listHidden()) byId("evidence").focus();
  else if (within) byId("evidence").focus({ preventScroll: true });
}

async function close() {
  const id = shown?.alert_id;
  writeState({ alert: "" }, USUAL);
  await open("");
  if (id !== undefined) goOnFrom(id, placeOf(id));
}

function move(step) {
  const links = linksOf();
  const at = links.indexOf(document.activeElement);
  const from = at >= 0 ? at : links.findIndex((link) => link.hasAttribute("aria-current"));
  links[Math.min(links.length - 1, Math.max(0, from + step))]?.focus();
}

// ---- what people do

/** The alert under the cursor, else the one whose evidence is shown. */
function meant() {
  const id = document.activeElement?.closest?.(".alerts li")?.dataset.alert;
  return alerts.find((one) => String(one.alert_id) === id) ?? shown;
}

async function done(id, text, undo) {
  say(text, undo);
  const place = placeOf(id);
  await load();
  if (String(shown?.alert_id) === String(id)) await open(id);
  goOnFrom(id, place);
}

const failed = (error) => say(error.message);

function doAcknowledge(alert = meant()) {
  if (!alert) return;
  acknowledge(alert).then((text) => done(alert.alert_id, text), failed);
}

function doLabel(alert = meant()) {
  if (alert) chooseLabel(alert, (text) => done(alert.alert_id, text));
}

function doMute(alert = meant()) {
  if (alert) chooseMute(alert, (text, undo) => Promise.all([done(alert.alert_id, text, undo), showMutes()]));
}

keys(
  ["j", "the next alert", () => move(1)],
  ["k", "the alert before", () => move(-1)],
  ["a", "acknowledge the alert", () => doAcknowledge()],
  ["l", "label the alert", () => doLabel()],
  ["m", "mute what it is about", () => doMute()],
  ["o", "open its account", () => {
    const account = meant()?.account;
    if (account) location.assign(`/account?name=${encodeURIComponent(account)}`);
  }],
  ["x", "close the evidence", close],
);

// ---- news

let later = null;

function hear(news) {
  if (news.event === "raised") arrived.add(news.alert_id);
  clearTimeout(later);
  later = setTimeout(async () => {
    const before = new Set(alerts.map((one) => one.alert_id));
    await load();
    const count = alerts.filter((one) => !before.has(one.alert_id)).length;
    if (count) say(`${counted(count, "new alert")} · ${instant(news.at)}`);
    if (shown && news.alert_id === shown.alert_id) await open(shown.alert_id);
    showFreshness();
  }, 250);
}

// ---- beginning

for (const [name, text] of Object.entries(SUBJECTS)) {
  byId("filters").elements.subject.append(h("option", { value: name }, text));
}
bindFilters(USUAL, () => {
  load();
  open(readState(USUAL).alert);
});
offerGroups();
into("freshness", () => showFreshness());
open(readState(USUAL).alert);
load().then(() => {
  showMutes();
  listen(hear);
});
addEventListener("connection-back", load);
heartbeat();
