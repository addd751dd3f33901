import { get, heartbeat } from "./api.js";
import { asText, chart } from "./chart.js";
import { byId, empty, fill, h } from "./dom.js";
import { showCohorts, showGroups, showHours, showPayouts } from "./firm-panels.js";
import { counted, money, number } from "./format.js";
import { showFreshness } from "./freshness.js";
import { into } from "./page.js";
import { bindFilters, offerGroups, readState } from "./state.js";
import { symbolCharts } from "./symbol-charts.js";

const USUAL = { group: "", days: "90" };
const OF_GROUP = ["by-symbol", "payouts", "hours"];
const NOTHING = "No trades yet: load some with `timeseries ingest trades FILE`.";

async function showDays({ group, days }, signal) {
  const { series } = await get("firm/days", { group, days }, { signal }).catch((error) => {
    if (error.status === 404) showOfGroup(false); // there is no such group, which is said once
    throw error;
  });
  if (!series.length) return void fill("days", empty(NOTHING));
  fill("days", series.map((one) => [h("h3", { id: `days-${one.currency}-title` }, `In ${one.currency}`), standing(one), h("div", { id: `days-${one.currency}` })]));
  for (const one of series) await dayChart(one);
}

/** What one would have to add up or look for in the chart. */
function standing({ currency, trading_day: days, net_profit: profit, equity, trades }) {
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
  const [best, worst] = [Math.max(...profit), Math.min(...profit)];
  const fact = (title, value, beneath) => h("div", {}, h("dt", {}, title), h("dd", {}, value, h("small", {}, beneath)));
  return h("dl", { class: "facts" }, [
    fact("Equity", whole(equity.at(-1), currency), `at the end of ${days.at(-1)}`),
    fact("Traders’ profit", whole(sum(profit), currency), `in ${counted(days.length, "trading day")}, before any payout`),
    fact("Best day", whole(best, currency), days[profit.indexOf(best)]),
    fact("Worst day", whole(worst, currency), days[profit.indexOf(worst)]),
    fact("Trades", number(sum(trades)), `in ${counted(days.length, "trading day")}`),
  ]);
}

const whole = (value, currency) => (value === null ? "–" : `${number(value)} ${currency}`);

async function dayChart(series) {
  const { currency } = series;
  const rows = series.trading_day.map((day, at) => ({
    day,
    profit: series.net_profit[at],
    trades: series.trades[at],
    active: series.active_accounts[at],
    equity: series.equity[at],
  }));
  const total = series.net_profit.reduce((sum, one) => sum + one, 0);
  await chart(`days-${currency}`, {
    figure: (shades) => dayFigure(series, shades),
    label: `${rows.length} trading days to ${rows.at(-1)?.day}: profit of all accounts together ${money(total, currency)}, equity at the end ${money(rows.at(-1)?.equity, currency)}.`,
    columns: [
      { title: "Trading day", tight: true, value: (row) => row.day },
      { title: `Net profit ${currency}`, number: true, value: (row) => number(row.profit) },
      { title: "Trades", number: true, value: (row) => number(row.trades) },
      { title: "Active accounts", number: true, value: (row) => number(row.active) },
      { title: `Equity ${currency}`, number: true, value: (row) => number(row.equity) },
    ],
    rows: [...rows].reverse(),
    nothing: NOTHING,
    key: [["accent", "━", "equity of all accounts"], ["gain", "■", "profit of the day"], ["loss", "■", "loss of the day"]],
    note: "Equity is of the accounts that were still running on a day.",
  });
}

function dayFigure({ trading_day: x, net_profit: profit, equity, currency }, shades) {
  const unit = `%{y:,.0f} ${asText(currency)}`;
  const data = [
    { x, y: equity, name: "Equity of all accounts", mode: "lines", line: { color: shades.accent, width: 1.8 }, hovertemplate: unit },
    { type: "bar", x, y: profit, yaxis: "y2", name: "Profit of the day", marker: { color: profit.map((one) => (one < 0 ? shades.loss : shades.gain)) }, hovertemplate: unit },
  ];
  const layout = {
    xaxis: { type: "date", anchor: "y2" },
    yaxis: { domain: [0.45, 1], tickformat: ".4~s" },
    yaxis2: { domain: [0, 0.36], tickformat: ".3~s" },
    margin: { l: 64, r: 12, t: 8, b: 40 },
  };
  return { data, layout };
}

async function showSymbols({ group, days }, signal) {
  const { items } = await get("symbols", { group, days }, { signal });
  if (!items.length) return void fill("by-symbol", empty(NOTHING));
  await symbolCharts("by-symbol", items);
}

/** Show or leave out the panels that are of the chosen group. */
function showOfGroup(there) {
  for (const id of OF_GROUP) byId(id).closest(".panel").hidden = !there;
}

function load() {
  const state = readState(USUAL);
  showOfGroup(true);
  into("days", (_, signal) => showDays(state, signal));
  into("groups", (_, signal) => showGroups(state, signal));
  into("by-symbol", (_, signal) => showSymbols(state, signal));
  into("payouts", (_, signal) => showPayouts(state, signal));
  into("hours", (_, signal) => showHours(state, signal));
  into("cohorts", (_, signal) => showCohorts(state, signal));
}

bindFilters(USUAL, load);
offerGroups();
load();
into("freshness", () => showFreshness());
addEventListener("connection-back", load);
heartbeat();
