import { h, sentence } from "./dom.js";
import { amount, counted, instant, money, plain, pvalue, subject, words } from "./format.js";
import { table } from "./table.js";

const SHAPES = { critical: "▲", warning: "◆", info: "●" };
const MOST_EVIDENCE = 12;

/** A severity as a shape and a word beside its colour. */
export function severity(name) {
  return h("span", { class: `severity ${name}` }, h("span", { "aria-hidden": "true" }, SHAPES[name] ?? "●"), name);
}

/** All that an alert rests on. `deeds` are what its buttons do. */
export function evidence(alert, deeds) {
  return [
    h("header", {}, h("h2", {}, sentence(alert.title)), h("p", { class: "muted" }, severity(alert.severity), " ", standing(alert))),
    actions(alert, deeds),
    h("p", { class: "body" }, sentence(alert.body)),
    facts(alert),
    proofs(alert),
    trades(alert),
    history(alert),
  ];
}

function standing(alert) {
  const parts = [alert.state];
  if (alert.acknowledged_by && alert.state === "acknowledged") parts.push(`by ${alert.acknowledged_by}`);
  if (alert.resolution) parts.push(`because it ${alert.resolution === "ended" ? "ended" : `was ${alert.resolution}`}`);
  if (alert.label) parts.push(`labelled ${words(alert.label)}`);
  return parts.join(", ");
}

function actions(alert, { acknowledge, label, mute }) {
  if (localStorage.getItem("may-act") === "no") return h("p", { class: "muted" }, "Your token may look, but not act.");
  const button = (text, key, deed, disabled = false) =>
    h("button", { type: "button", disabled, click: () => deed(alert) }, text, h("kbd", { "aria-hidden": "true" }, key));
  return h(
    "div",
    { class: "actions" },
    button("Acknowledge", "a", acknowledge, alert.state !== "open"),
    button("Label", "l", label),
    button("Mute", "m", mute),
  );
}

function facts(alert) {
  const rows = [
    ["Account", alert.account && h("a", { href: accountOn(alert) }, alert.account)],
    ["Cohort", alert.cohort],
    ["At stake", alert.at_stake === null ? null : money(alert.at_stake, alert.currency)],
    ["Trading days", alert.first_day === alert.trading_day ? alert.trading_day : `${alert.first_day} to ${alert.trading_day}`],
    ["Raised", instant(alert.raised_at)],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

const accountOn = (alert) => `/account?name=${encodeURIComponent(alert.account)}&day=${alert.trading_day}`;

function proofs(alert) {
  if (!alert.proofs.length) return null;
  const columns = [
    { title: "Day", tight: true, value: (proof) => proof.trading_day },
    { title: "What was found", prose: true, value: (proof) => [h("div", {}, sentence(proof.reason)), details(proof)] },
    { title: "Seen", number: true, value: (proof) => plain(proof.seen) },
    { title: "Expected", number: true, value: (proof) => plain(proof.expected) },
    { title: "How rare", number: true, value: (proof) => (proof.kind === "rule" ? "a rule" : pvalue(proof.pvalue)) },
  ];
  return h("section", {}, h("h3", {}, "What it rests on"), table(columns, alert.proofs, { caption: "What it rests on" }));
}

function details(proof) {
  const entries = Object.entries(proof.evidence ?? {}).filter(([, value]) => value !== null);
  const about = `${subject(proof.subject)}, found by ${proof.kind === "rule" ? `rule version ${proof.rule_version ?? 1}` : words(proof.detector)}`;
  if (!entries.length) return h("div", { class: "muted" }, about);
  const lines = entries.map(([name, value]) => h("div", {}, `${words(name)}: ${said(value)}`));
  return h("details", {}, h("summary", {}, about), lines);
}

/** Evidence of any shape as words. */
function said(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) {
    const rest = value.length - MOST_EVIDENCE;
    return value.slice(0, MOST_EVIDENCE).map(said).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  }
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${words(name)} ${said(one)}`).join("; ");
  if (typeof value === "number" && !Number.isInteger(value)) return plain(value, 4);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? instant(value) : String(value);
}

function trades(alert) {
  if (!alert.account) return null;
  const heading = h("h3", {}, "Trades of those days");
  if (!alert.trades.length) return h("section", {}, heading, h("p", { class: "muted" }, "No trade was closed on those days."));
  const note = alert.trades.length < 50 ? null : h("p", { class: "muted" }, h("a", { href: accountOn(alert) }, `The newest ${counted(50, "trade")}; the account’s page has all.`));
  return h("section", {}, heading, tradeTable(alert.trades, alert.currency), note);
}

/** Trades as a table, newest first. */
export function tradeTable(rows, currency) {
  const columns = [
    { title: "Closed", tight: true, value: (trade) => instant(trade.close_time) },
    { title: "Symbol", value: (trade) => trade.symbol },
    { title: `Net profit ${currency ?? ""}`.trim(), number: true, value: (trade) => amount(trade.net_profit, currency), sort: (trade) => Number(trade.net_profit) },
    { title: "Side", value: (trade) => trade.side },
    { title: "Lots", number: true, value: (trade) => plain(trade.lots, 4) },
    { title: "Open price", number: true, value: (trade) => String(trade.open_price) },
    { title: "Close price", number: true, value: (trade) => String(trade.close_price) },
    { title: "Opened", tight: true, value: (trade) => instant(trade.open_time) },
    { title: "Ticket", number: true, value: (trade) => String(trade.ticket) },
  ];
  return table(columns, rows, { caption: "Trades" });
}

function history(alert) {
  const events = alert.events.map((event) =>
    h("li", {}, h("span", { class: "muted" }, instant(event.at)), h("span", {}, `${words(event.event)} by ${event.done_by ?? "the engine"}${event.note ? `: ${event.note}` : ""}`)),
  );
  const told = (alert.deliveries ?? []).map((one) =>
    h("li", {}, h("span", { class: "muted" }, instant(one.delivered_at ?? one.next_attempt)), h("span", {}, `${one.message} to ${one.sink}: ${one.state}${one.error ? ` (${one.error})` : ""}`)),
  );
  return h("section", {}, h("h3", {}, "History"), h("ul", { class: "events" }, events, told));
}
