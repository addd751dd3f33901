import { get } from "./api.js";
import { asText, chart } from "./chart.js";
import { byId, empty, fill, h } from "./dom.js";
import { counted, money, number, percent, plain } from "./format.js";
import { table } from "./table.js";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MOST_GROUPS = 12;
const NO_TRADES = "No trades in these days: load some with `timeseries ingest trades FILE`.";
const nameOf = (group) => group ?? "no group";
const filterOn = (group) => (group ? h("a", { href: `/firm?group=${encodeURIComponent(group)}` }, group) : "no group");

const currenciesOf = (rows) => [...new Set(rows.map((row) => row.currency))];

/** A place for one chart per currency: sums of two currencies mean nothing. */
function places(id, title, currencies) {
  fill(id, currencies.map((currency) => [h("h3", { id: `${id}-${currency}-title` }, `${title} in ${currency}`), h("div", { id: `${id}-${currency}` })]));
}

// ---- groups compared

export async function showGroups({ days }, signal) {
  const { items } = await get("firm/groups", { days }, { signal });
  if (!items.length) return void fill("groups", empty(NO_TRADES));
  places("groups", "Net profit by group", currenciesOf(items));
  for (const currency of currenciesOf(items)) await groupChart(currency, items.filter((one) => one.currency === currency), days);
}

async function groupChart(currency, items, days) {
  const rows = [...items].sort((one, other) => other.net_profit - one.net_profit);
  const box = await chart(`groups-${currency}`, {
    figure: (shades) => groupFigure(extremes(rows), currency, shades),
    label: `Net profit of ${counted(rows.length, "group")} over ${days} days: best ${nameOf(rows[0].group)} with ${money(rows[0].net_profit, currency)}, last ${nameOf(rows.at(-1).group)} with ${money(rows.at(-1).net_profit, currency)}.`,
    columns: groupColumns(currency),
    rows,
    nothing: NO_TRADES,
    low: true,
    note: rows.length > MOST_GROUPS ? `The ${MOST_GROUPS / 2} best and the ${MOST_GROUPS / 2} last of ${counted(rows.length, "group")}; the table has all.` : null,
  });
  box.parentElement.querySelector("details").open = true;
}

const extremes = (rows) => (rows.length > MOST_GROUPS ? [...rows.slice(0, MOST_GROUPS / 2), ...rows.slice(-MOST_GROUPS / 2)] : rows);

const groupColumns = (currency) => [
  { title: "Group", value: (row) => filterOn(row.group), sort: (row) => nameOf(row.group) },
  { title: `Net profit ${currency}`, number: true, value: (row) => number(row.net_profit), sort: (row) => Number(row.net_profit) },
  { title: "Trades", number: true, value: (row) => number(row.trades), sort: (row) => row.trades },
  { title: "Wins", number: true, value: (row) => percent(row.win_rate, 1), sort: (row) => row.win_rate },
  { title: "Profit factor", number: true, value: (row) => number(row.profit_factor, 2), sort: (row) => row.profit_factor },
  { title: "Accounts", number: true, value: (row) => number(row.accounts), sort: (row) => row.accounts },
  { title: "Active", number: true, value: (row) => number(row.active_accounts), sort: (row) => row.active_accounts },
  { title: "Breached", number: true, value: (row) => number(row.breached), sort: (row) => row.breached },
];

function groupFigure(rows, currency, shades) {
  const upwards = [...rows].reverse();
  const profits = upwards.map((row) => Number(row.net_profit));
  const data = [
    {
      type: "bar",
      orientation: "h",
      x: profits,
      y: upwards.map((row) => asText(nameOf(row.group))),
      marker: { color: profits.map((one) => (one < 0 ? shades.loss : shades.gain)) },
      hovertemplate: `%{x:,.0f} ${asText(currency)}<extra></extra>`,
    },
  ];
  return { data, layout: { hovermode: "closest", xaxis: { tickformat: ".3~s" }, yaxis: { type: "category", gridcolor: "transparent" }, bargap: 0.35 } };
}

// ---- payouts foretold

export async function showPayouts({ group }, signal) {
  const { items } = await get("firm/payouts", {}, { signal });
  const nothing = "No forecasts yet: `timeseries jobs run forecast` makes them.";
  if (!items.length) return void fill("payouts", empty(nothing));
  const totals = items.filter((one) => (group ? one.group === group : one.group === null));
  const charts = currenciesOf(totals);
  places("payouts", group ? `Profit to come of ${group}` : "Profit to come of the firm’s traders", charts);
  byId("payouts").append(h("div", { id: "payouts-table" }));
  fill("payouts-table", h("div", { class: "chart-table" }, table(payoutColumns(currenciesOf(items).length > 1), items, { caption: "Payouts foretold by group" })));
  for (const one of totals) await payoutChart(one);
}

const payoutColumns = (mixed) => [
  { title: "Group", value: (row) => (row.group === null ? h("strong", {}, "the whole firm") : filterOn(row.group)) },
  ...(mixed ? [{ title: "Currency", value: (row) => row.currency }] : []),
  { title: "Accounts", number: true, value: (row) => number(row.accounts), sort: (row) => row.accounts },
  { title: "Expected payout", number: true, value: (row) => number(row.expected_payout), sort: (row) => row.expected_payout },
  { title: "Between", number: true, value: (row) => (row.payout_low === null ? "–" : `${number(row.payout_low)} and ${number(row.payout_high)}`) },
  { title: "Breaches", number: true, value: (row) => number(row.expected_breaches, 1), sort: (row) => row.expected_breaches },
];

async function payoutChart(forecast) {
  const { currency, levels, total_quantiles: totals, mean, origin, horizon } = forecast;
  const rows = totals.map((row, place) => ({ ahead: place + 1, mean: mean[place], row }));
  const [low, middle, high] = [0, Math.floor(levels.length / 2), levels.length - 1];
  const share = Math.round((levels[high] - levels[low]) * 100);
  await chart(`payouts-${currency}`, {
    figure: (shades) => payoutFigure(forecast, shades),
    label: `Total profit ${horizon} trading days after ${origin}: median ${money(totals.at(-1)?.[middle], currency)}, with ${share} % between ${money(totals.at(-1)?.[low], currency)} and ${money(totals.at(-1)?.[high], currency)}. Expected payout ${money(forecast.expected_payout, currency)}.`,
    columns: [
      { title: "Trading days ahead", value: (row) => String(row.ahead) },
      { title: `Mean of the day ${currency}`, number: true, value: (row) => number(row.mean) },
      ...levels.map((level, place) => ({ title: `Total, ${Math.round(level * 1000) / 10} %`, number: true, value: ({ row }) => number(row[place]) })),
    ],
    rows,
    nothing: "No forecast.",
    low: true,
    key: [["accent", "━", "median"], ["band inner", "■", `up to ${share} % of what may come`]],
    note: `Total profit so many trading days after ${origin}, the last day known when it was made.`,
    restsOn: null,
  });
}

function payoutFigure({ levels, total_quantiles: totals, currency }, shades) {
  const x = [0, ...totals.map((_, place) => place + 1)];
  const line = (place) => [0, ...totals.map((row) => row[place])];
  const bands = levels.slice(0, Math.floor(levels.length / 2)).flatMap((_, place) => [
    { x, y: line(place), mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
    { x, y: line(levels.length - 1 - place), mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: shades.band, hoverinfo: "skip" },
  ]);
  const median = { x, y: line(Math.floor(levels.length / 2)), mode: "lines", name: "Median", line: { color: shades.accent, width: 2 }, hovertemplate: `%{y:,.0f} ${asText(currency)}` };
  return { data: [...bands, median], layout: { xaxis: { dtick: 5 }, yaxis: { tickformat: ".3~s" }, margin: { l: 8, r: 12, t: 8, b: 28 } } };
}

// ---- profit by hour and weekday

export async function showHours({ group, days }, signal) {
  const { cells } = await get("firm/hours", { group, days }, { signal });
  if (!cells.length) return void fill("hours", empty(NO_TRADES));
  places("hours", "Net profit by hour (UTC) and weekday", currenciesOf(cells));
  for (const currency of currenciesOf(cells)) await hourChart(currency, cells.filter((one) => one.currency === currency));
}

async function hourChart(currency, cells) {
  const ranked = [...cells].sort((one, other) => other.net_profit - one.net_profit);
  const said = (cell) => `${WEEKDAYS[cell.weekday - 1]} ${String(cell.hour).padStart(2, "0")}:00 with ${number(cell.net_profit)} ${currency}`;
  await chart(`hours-${currency}`, {
    figure: (shades) => hourFigure(cells, currency, shades),
    label: `Best hour: ${said(ranked[0])}. Worst: ${said(ranked.at(-1))}.`,
    columns: [
      { title: "Weekday", value: (cell) => WEEKDAYS[cell.weekday - 1], sort: (cell) => cell.weekday },
      { title: "Hour", value: (cell) => `${String(cell.hour).padStart(2, "0")}:00`, sort: (cell) => cell.hour },
      { title: `Net profit ${currency}`, number: true, value: (cell) => number(cell.net_profit), sort: (cell) => Number(cell.net_profit) },
      { title: "Trades", number: true, value: (cell) => number(cell.trades), sort: (cell) => cell.trades },
    ],
    rows: ranked,
    nothing: NO_TRADES,
    note: `Best: ${said(ranked[0])}. Worst: ${said(ranked.at(-1))}.`,
    restsOn: "trades",
  });
}

function hourFigure(cells, currency, shades) {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const found = new Map(cells.map((cell) => [`${cell.weekday}-${cell.hour}`, cell]));
  const days = [...new Set(cells.map((cell) => cell.weekday))].sort((one, other) => other - one);
  const pick = (field) => days.map((day) => hours.map((hour) => (found.has(`${day}-${hour}`) ? Number(found.get(`${day}-${hour}`)[field]) : null)));
  const most = Math.max(...cells.map((cell) => Math.abs(Number(cell.net_profit)))) || 1;
  const data = [
    {
      type: "heatmap",
      x: hours,
      y: days.map((day) => WEEKDAYS[day - 1].slice(0, 3)),
      z: pick("net_profit"),
      customdata: pick("trades"),
      zmin: -most,
      zmax: most,
      xgap: 1,
      ygap: 1,
      colorscale: [[0, shades.loss], [0.5, shades.surface], [1, shades.gain]],
      colorbar: { thickness: 8, outlinewidth: 0, tickformat: ".2~s", tickfont: { color: shades.muted } },
      hovertemplate: `%{y} %{x}:00: %{z:,.0f} ${asText(currency)}, %{customdata:,} trades<extra></extra>`,
    },
  ];
  return { data, layout: { hovermode: "closest", xaxis: { dtick: 4, gridcolor: "transparent", zeroline: false }, yaxis: { type: "category", gridcolor: "transparent" } } };
}

// ---- daily returns by group

export async function showCohorts({ days }, signal) {
  const { items } = await get("firm/cohorts", { days }, { signal });
  const largest = [...items].sort((one, other) => other.accounts - one.accounts).slice(0, MOST_GROUPS);
  const drawn = items.filter((one) => largest.includes(one));
  await chart("cohorts", {
    figure: (shades) => cohortFigure(drawn, shades),
    label: items.map((one) => `${nameOf(one.group)}: median ${percent(one.p50, 2)}, 90 % between ${percent(one.p5, 2)} and ${percent(one.p95, 2)}`).join("; "),
    columns: [
      { title: "Group", value: (row) => filterOn(row.group), sort: (row) => nameOf(row.group) },
      ...["p5", "p25", "p50", "p75", "p95"].map((name) => ({ title: `${name.slice(1)} %`, number: true, value: (row) => percent(row[name], 2), sort: (row) => row[name] })),
      { title: "Volatility", number: true, value: (row) => percent(row.volatility, 2), sort: (row) => row.volatility },
      { title: "Accounts", number: true, value: (row) => plain(row.accounts), sort: (row) => row.accounts },
    ],
    rows: items,
    nothing: NO_TRADES,
    note: "One day of one account, as a share of its initial balance. A box holds the middle half of these days, its whiskers nine in ten." + (items.length > MOST_GROUPS ? ` The ${MOST_GROUPS} largest of ${counted(items.length, "group")}; the table has all.` : ""),
  });
}

function cohortFigure(items, shades) {
  const upwards = [...items].reverse();
  const shares = (name) => upwards.map((one) => one[name]);
  const data = [
    {
      type: "box",
      orientation: "h",
      y: upwards.map((one) => asText(nameOf(one.group))),
      lowerfence: shares("p5"),
      q1: shares("p25"),
      median: shares("p50"),
      q3: shares("p75"),
      upperfence: shares("p95"),
      line: { color: shades.accent, width: 1.5 },
      fillcolor: shades.band,
      hoverinfo: "x",
    },
  ];
  return { data, layout: { hovermode: "closest", xaxis: { tickformat: ".2~%" }, yaxis: { type: "category", gridcolor: "transparent" } } };
}
