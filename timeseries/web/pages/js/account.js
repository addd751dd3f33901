import { get, heartbeat } from "./api.js";
import { profitChart, rangeButtons, showEquity, showRange } from "./account-charts.js";
import { showForecast } from "./account-forecast.js";
import { showAccounts } from "./account-list.js";
import { byId, empty, fill, h, sentence } from "./dom.js";
import { severity, tradeTable } from "./evidence.js";
import { dayAfter, instant, money, plain, pvalue, subject, words } from "./format.js";
import { showFreshness } from "./freshness.js";
import { into, keys } from "./page.js";
import { readState, writeState } from "./state.js";
import { moreButton, table } from "./table.js";

const USUAL = { name: "", since: "", until: "", day: "" };
const FEW_FINDINGS = 8;
const name = readState(USUAL).name.trim();
const path = `accounts/${encodeURIComponent(name)}`;
let currency = null;

// ---- where it stands

async function showStanding(known) {
  const account = known ?? (await get(path));
  currency = account.currency;
  byId("equity-title").textContent = `Equity and balance in ${currency}`;
  byId("profit-title").textContent = `Profit by trading day in ${currency}, and what was expected`;
  document.title = `${account.account} · timeseries`;
  byId("about").textContent = [account.plan, account.phase, account.account_group, account.status].filter(Boolean).map(words).join(" · ");
  fill("standing", [
    fact("Equity", money(account.equity ?? account.balance, currency), account.equity_at ? `at ${instant(account.equity_at)}` : "no snapshot: the balance"),
    fact("Balance", money(account.balance, currency), `began with ${money(account.initial_balance, currency)}`),
    fact("Net profit", money(account.net_profit, currency), target(account)),
    fact("Newest day’s profit", money(account.day_profit, currency), account.last_day),
    fact("Daily loss left", left(account.daily_loss_left), limit(account.daily_loss)),
    fact("Drawdown left", left(account.max_drawdown_left), limit(account.max_drawdown)),
    fact("Open positions", plain(account.open_positions), account.last_trade_at ? `last trade ${instant(account.last_trade_at)}` : "no trade yet"),
  ]);
}

const fact = (title, value, beneath) => h("div", {}, h("dt", {}, title), h("dd", {}, value, h("small", {}, beneath)));
const limit = (value) => (value === null ? "no such limit" : `limit ${money(value, currency)}`);
const target = ({ profit_target: value }) => (value === null ? "no profit target" : `target ${money(value, currency)}`);

function left(value) {
  if (value === null) return "–";
  return Number(value) < 0 ? h("span", { class: "loss" }, `breached by ${money(-value, currency)}`) : money(value, currency);
}

// ---- trades of a day, or the newest

async function showTrades() {
  const { day } = readState(USUAL);
  const span = day ? { since: `${day}T00:00:00Z`, until: `${dayAfter(day)}T00:00:00Z` } : {};
  await into("trades", async (_, signal) => {
    const rows = [];
    const load = async (cursor) => {
      const page = await get(`${path}/trades`, { ...span, limit: day ? 100 : 15, cursor }, { signal });
      rows.push(...page.items);
      fill("trades", tradesHead(day), rows.length ? tradeTable(rows, currency) : noTrades(day), moreButton(page.next, load));
    };
    await load();
  });
  byId("trades-title").textContent = day ? `Trades closed on ${day}` : "Newest trades";
}

const noTrades = (day) => empty(day ? `No trade was closed on ${day}.` : "No trades yet: load some with `timeseries ingest trades FILE`.");

function tradesHead(day) {
  if (!day) return h("p", { class: "muted" }, "Choose a day in a chart above to see its trades.");
  const step = (days, text) => h("button", { type: "button", click: () => chooseDay(dayAfter(day, days)) }, text);
  return h("div", { class: "choices" }, step(-1, "‹ Day before"), step(1, "Next day ›"), h("button", { type: "button", click: () => chooseDay("") }, "Newest trades"));
}

function chooseDay(day, { scroll = false } = {}) {
  writeState({ day }, USUAL);
  showTrades();
  if (scroll) byId("trades-title").scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

// ---- findings

function findingTable(findings) {
  const columns = [
    { title: "Day", tight: true, value: (one) => h("button", { type: "button", click: () => chooseDay(one.trading_day, { scroll: true }) }, one.trading_day) },
    { title: "Severity", value: (one) => severity(one.severity) },
    { title: "About", value: (one) => subject(one.subject) },
    { title: "What was found", prose: true, value: (one) => sentence(one.reason) },
    { title: "How rare", number: true, value: (one) => (one.kind === "rule" ? "a rule" : pvalue(one.pvalue)) },
    { title: `At stake ${currency}`, number: true, value: (one) => (one.at_stake === null ? "–" : money(one.at_stake)) },
  ];
  return table(columns, findings, { caption: "Findings" });
}

async function findingsOf() {
  const { items } = await get("anomalies", { account: name, limit: 500 });
  const showAll = () => fill("findings", findingTable(items));
  const more = items.length > FEW_FINDINGS ? h("button", { type: "button", class: "more", click: showAll }, `Show all ${items.length}`) : null;
  fill("findings", items.length ? [findingTable(items.slice(0, FEW_FINDINGS)), more] : empty("Nothing unusual was found in this account."));
  return items;
}

// ---- the page of one account

async function showOne() {
  byId("one").hidden = false;
  byId("find").value = name;
  byId("title").replaceChildren(`Account ${name}`);
  byId("title").after(h("p", { id: "about" }));
  const account = await get(path, {}, { orNull: true });
  if (!account) {
    byId("one").hidden = true;
    const large = name.toUpperCase();
    if (large !== name && (await get(`accounts/${encodeURIComponent(large)}`, {}, { orNull: true }))) {
      return void location.replace(`/account?name=${encodeURIComponent(large)}`);
    }
    byId("title").after(h("p", { class: "empty" }, "There is no account of this name. ", h("a", { href: "/account?status=all&sort=name" }, "All accounts by name")));
    return;
  }
  into("freshness", () => showFreshness(name));
  await into("standing", () => showStanding(account));
  showTrades();
  const findings = [];
  await into("findings", async () => findings.push(...(await findingsOf())));
  const charts = { path, currency, status: account.status, findings, state: rangeState, keep: (changes) => writeState(changes, USUAL), choose: (day) => chooseDay(day, { scroll: true }) };
  rangeButtons(charts);
  addEventListener("popstate", () => showRange(charts));
  await Promise.all([showEquity(charts), into("profit", () => profitChart(charts)), into("forecast", () => showForecast(charts))]);
}

/** The range in the address; half of one, or one that ends before it begins, is none. */
function rangeState() {
  const { since, until } = readState(USUAL);
  return since && until && since < until ? { since, until } : { since: "", until: "" };
}

function stepDay(days) {
  const { day } = readState(USUAL);
  if (day) chooseDay(dayAfter(day, days));
}

if (name) {
  keys(["[", "the trades of the day before", () => stepDay(-1)], ["]", "the trades of the next day", () => stepDay(1)]);
  addEventListener("popstate", showTrades);
  showOne();
  addEventListener("connection-back", () => into("standing", () => showStanding()));
} else {
  into("freshness", () => showFreshness());
  showAccounts();
}
heartbeat();
