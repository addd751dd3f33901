import { get } from "./api.js";
import { asText, chart } from "./chart.js";
import { empty, fill, h } from "./dom.js";
import { counted, money, number, percent } from "./format.js";
import { into, showFreshness } from "./page.js";
import { bindFilters, offerGroups, readState } from "./state.js";
import { table } from "./table.js";

const USUAL = { account: "", group: "", days: "30" };
const MOST_BARS = 20;

const COLUMNS = [
  { title: "Symbol", value: (one) => one.symbol, sort: (one) => one.symbol },
  { title: "Currency", value: (one) => one.currency },
  { title: "Net profit", number: true, value: (one) => number(one.net_profit), sort: (one) => Number(one.net_profit) },
  { title: "Gross profit", number: true, value: (one) => number(one.gross_profit), sort: (one) => Number(one.gross_profit) },
  { title: "Gross loss", number: true, calm: true, value: (one) => number(one.gross_loss), sort: (one) => Number(one.gross_loss) },
  { title: "Profit factor", number: true, value: (one) => number(one.profit_factor, 2), sort: (one) => one.profit_factor },
  { title: "Wins", number: true, value: (one) => percent(one.win_rate, 1), sort: (one) => one.win_rate },
  { title: "Trades", number: true, value: (one) => number(one.trades), sort: (one) => one.trades },
  { title: "Lots", number: true, value: (one) => number(one.lots, 2), sort: (one) => Number(one.lots) },
  { title: "Accounts", number: true, value: (one) => number(one.accounts), sort: (one) => one.accounts },
];

async function load() {
  const state = readState(USUAL);
  let items = [];
  await into("symbols", async () => {
    ({ items } = await get("symbols", state));
    fill("symbols", items.length ? table(COLUMNS, items, { caption: "Trading by symbol", sorted: "Trades" }) : nothing(state));
  });
  await into("profits", () => (items.length ? showBars(items) : fill("profits", nothing(state))));
}

function nothing({ account, group }) {
  const filtered = account || group;
  return empty(filtered ? "No trade of these days fits these filters." : "No trades yet: load some with `timeseries ingest trades FILE`.");
}

async function showBars(items) {
  const currencies = [...new Set(items.map((one) => one.currency))];
  fill("profits", currencies.map((currency) => [h("h3", { id: `profits-${currency}-title` }, `In ${currency}`), h("div", { id: `profits-${currency}` })]));
  for (const currency of currencies) await barChart(currency, items.filter((one) => one.currency === currency));
}

async function barChart(currency, items) {
  const largest = [...items].sort((one, other) => Math.abs(other.net_profit) - Math.abs(one.net_profit)).slice(0, MOST_BARS);
  const rows = largest.sort((one, other) => other.net_profit - one.net_profit);
  await chart(`profits-${currency}`, {
    figure: (shades) => barFigure(rows, currency, shades),
    label: `Best: ${rows[0].symbol} with ${money(rows[0].net_profit, currency)}. Worst: ${rows.at(-1).symbol} with ${money(rows.at(-1).net_profit, currency)}.`,
    columns: COLUMNS.slice(0, 3),
    rows,
    nothing: "",
    low: true,
    note: items.length > MOST_BARS ? `The ${MOST_BARS} largest of ${counted(items.length, "symbol")}; the table has all.` : null,
  });
}

function barFigure(rows, currency, shades) {
  const profits = rows.map((row) => Number(row.net_profit));
  const data = [
    {
      type: "bar",
      x: rows.map((row) => asText(row.symbol)),
      y: profits,
      marker: { color: profits.map((one) => (one < 0 ? shades.loss : shades.gain)) },
      hovertemplate: `%{y:,.0f} ${asText(currency)}<extra></extra>`,
    },
  ];
  return { data, layout: { hovermode: "closest", xaxis: { type: "category", gridcolor: "transparent" }, yaxis: { tickformat: ".3~s" }, bargap: 0.35 } };
}

bindFilters(USUAL, load);
offerGroups();
load();
into("freshness", () => showFreshness());
addEventListener("connection-back", load);
