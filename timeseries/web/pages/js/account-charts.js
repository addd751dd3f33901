import { get } from "./api.js";
import { asText, byFinger, chart, moveTo } from "./chart.js";
import { byId, fill, h } from "./dom.js";
import { amount, dayAfter, instant, money, subject } from "./format.js";
import { into } from "./page.js";

const NO_TRADES = "No trades yet: load some with `timeseries ingest trades FILE`.";
const RANGES = [["Week", 7], ["Month", 30], ["Quarter", 91], ["All", null]];
const MARKS = { critical: "triangle-up", warning: "diamond", info: "circle" };
const COLUMNS = ["trading_day", "median", "low_80", "high_80", "low_95", "high_95"];
const GRAIN = { "5 minutes": "One point for 5 minutes", "1 hour": "One point an hour", "1 day": "One point a day" };
const POINTS = 800;
const LEFT = 84;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// Without snapshots for longer than this, Saturdays and Sundays not counted, nobody knows how the line went on.
const LONGEST_SILENCE = { "5 minutes": 18 * HOUR, "1 hour": 3 * DAY, "1 day": 3 * DAY };

// Charts of one account share a time axis only if their plots begin and end at the same places.
const margin = { l: LEFT, r: 12, t: 8, b: 40 };
const place = { automargin: false };

const midday = (day) => `${day} 12:00`;

/** What stands in the address as plotly wants it; null: everything. */
const rangeOf = ({ since, until }) => (since && until ? [since, until].map((one) => one.replace("T", " ").replace("Z", "")) : null);

function iso(moment) {
  const text = String(moment).replace(" ", "T");
  const whole = text.length === 10 ? `${text}T00:00:00` : text.length === 16 ? `${text}:00` : text.slice(0, 19);
  return `${whole}Z`;
}

function timeAxis(charts) {
  const range = rangeOf(charts.state()) ?? charts.whole;
  return { type: "date", fixedrange: false, ...(range ? { range: [...range], autorange: false } : {}), ...place };
}

/** Zoom to a range of [from, to], or to everything: finer figures are fetched, and the address keeps it. */
async function zoom(charts, range) {
  charts.keep({ since: range ? iso(range[0]) : "", until: range ? iso(range[1]) : "" });
  await showRange(charts);
}

/** Show the range that the address says. */
export async function showRange(charts) {
  markRange(charts);
  await moveTo("profit", rangeOf(charts.state()) ?? charts.whole);
  await showEquity(charts);
}

/** A listener of plotly's for zooming by mouse or finger. */
const zoomed = (charts) => (change) => {
  if (change["xaxis.range[0]"]) zoom(charts, [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  else if (change["xaxis.autorange"]) zoom(charts, null);
};

export function rangeButtons(charts) {
  fill("ranges", RANGES.map(([text, days]) => h("button", { type: "button", "data-days": days, click: async () => zoom(charts, await lastDays(charts, days)) }, text)));
  markRange(charts);
}

/** So many days up to the end of the newest: a point of a day is stamped with its beginning. */
async function lastDays(charts, days) {
  if (!days) return null;
  await daysOf(charts);
  const ends = [charts.newestDay && Date.parse(dayAfter(charts.newestDay)), charts.newest && Date.parse(charts.newest) + HOUR];
  const end = Math.max(...ends.filter(Boolean));
  if (end < 0) return null;
  return [end - days * DAY, end].map((one) => new Date(one).toISOString().slice(0, 19));
}

function markRange(charts) {
  const { since, until } = charts.state();
  const days = since ? Math.round((Date.parse(until) - Date.parse(since)) / DAY) : null;
  for (const button of byId("ranges").children) {
    button.setAttribute("aria-pressed", String((button.dataset.days ?? "") === String(days ?? "")));
  }
}

// ---- equity and balance

export const showEquity = (charts) => into("equity", (_, signal) => equityChart(charts, signal));

async function equityChart(charts, signal) {
  const { since, until } = charts.state();
  const [series] = await Promise.all([get(`${charts.path}/equity`, { since, until, points: POINTS }, { signal }), daysOf(charts)]);
  if (!since && series.time.length) charts.newest = series.time.at(-1);
  charts.newest ??= series.time.at(-1);
  const stretches = stretchesOf(series);
  const rows = series.time.map((time, at) => ({ time, equity: series.equity[at], low: series.low[at], balance: series.balance[at] }));
  await chart("equity", {
    figure: (shades) => equityFigure(series, stretches, charts, shades),
    label: equityLabel(series),
    columns: equityColumns(charts.currency),
    rows: [...rows].reverse(),
    nothing: since ? "No equity snapshot lies in this range." : "No equity yet: load snapshots with `timeseries ingest equity FILE`.",
    key: [["accent", "━", "equity, with its range"], ["muted", "━", "balance"], ...findingKey(charts.findings)],
    note: `${GRAIN[series.level] ?? `One point for ${series.level}`}.${stretches.length > 1 ? " Where the line is broken there are no snapshots." : ""}${byFinger() ? "" : " Drag over the chart to look closer; double-click shows everything."}`,
    restsOn: "snapshots",
    events: { relayout: zoomed(charts), click: (event) => charts.choose(String(event.points[0].x).slice(0, 10)) },
  });
}

function findingKey(findings) {
  const there = new Set(findings.map((one) => one.severity));
  return [["critical", "▲"], ["warning", "◆"], ["info", "●"]].filter(([name]) => there.has(name)).map(([name, shape]) => [name, shape, `finding, ${name}`]);
}

function equityLabel({ equity, time, currency, low }) {
  if (!time.length) return "No equity";
  const least = Math.min(...low.filter((one) => one !== null));
  return `Equity from ${instant(time[0])} to ${instant(time.at(-1))}: from ${money(equity[0], currency)} to ${money(equity.at(-1), currency)}, lowest ${money(least, currency)}.`;
}

const equityColumns = (currency) => [
  { title: "Time", tight: true, value: (row) => instant(row.time) },
  { title: `Equity ${currency}`, number: true, value: (row) => amount(row.equity, currency) },
  { title: "Lowest", number: true, value: (row) => amount(row.low, currency) },
  { title: "Balance", number: true, value: (row) => amount(row.balance, currency) },
];

/** [from, to) of the points between which no silence is long: a line may be drawn through each of them. */
function stretchesOf({ time, level }) {
  const moments = time.map((one) => Date.parse(one));
  const starts = moments.flatMap((moment, at) => (at === 0 || workingTime(moments[at - 1], moment) > LONGEST_SILENCE[level] ? [at] : []));
  return starts.map((start, at) => [start, starts[at + 1] ?? time.length]);
}

function workingTime(from, to) {
  let worked = to - from;
  for (let day = from - (from % DAY); day < to; day += DAY) {
    if ([0, 6].includes(new Date(day).getUTCDay())) worked -= Math.min(to, day + DAY) - Math.max(from, day);
  }
  return worked;
}

/** A column with nothing between its stretches. */
const parted = (column, stretches) => stretches.flatMap(([from, to], at) => (at ? [null, ...column.slice(from, to)] : column.slice(from, to)));

function equityFigure(series, stretches, charts, shades) {
  const times = series.time.map((time) => time.replace("T", " ").replace("Z", ""));
  const x = parted(times, stretches);
  const line = (y, more) => ({ x, y: parted(y, stretches), mode: "lines", ...more });
  const shape = stepped(series) ? "hv" : "linear";
  const data = [
    rangeOfEquity(series, times, stretches, shades),
    line(series.balance, { name: "Balance", line: { color: shades.muted, width: 1.5, shape } }),
    line(series.equity, { name: "Equity", line: { color: shades.accent, width: 1.8, shape } }),
    lonePoints(series, times, stretches, shades),
    ...marks(charts.findings, shades),
  ].map((trace) => ({ hovertemplate: `%{y:,.2f} ${asText(charts.currency)}`, ...trace }));
  const xaxis = timeAxis(charts);
  return { data, layout: { margin, xaxis, yaxis: { tickformat: ",.6~f", ...place }, yaxis2: { overlaying: "y", range: [0, 1], visible: false, ...place } } };
}

/**
 * Between two snapshots nothing is known to have moved, so the line keeps its height and then steps; but what lasts a whole day is
 * drawn from point to point: a step would come a day late.
 */
const stepped = ({ level }) => level !== "1 day";

/** The area between lowest and highest: one outline for each stretch, there along its top and back along its bottom. */
function rangeOfEquity(series, times, stretches, shades) {
  const [corners, heights] = stepped(series) ? [cornersOf, heightsOf] : [same, same];
  const around = (along, forth, back) =>
    stretches.flatMap(([from, to]) => [...along(forth.slice(from, to)), ...along(back.slice(from, to)).reverse(), null]);
  return { x: around(corners, times, times), y: around(heights, series.high, series.low), mode: "lines", line: { width: 0 }, fill: "toself", fillcolor: shades.band, hoverinfo: "skip" };
}

const same = (column) => column;
const cornersOf = (times) => times.flatMap((time, at) => (at ? [time, time] : [time]));
const heightsOf = (values) => values.flatMap((value, at) => (at ? [values[at - 1], value] : [value]));

/** A point without neighbours makes no line, so it is drawn as one. */
function lonePoints({ equity }, times, stretches, shades) {
  const alone = stretches.filter(([from, to]) => to - from === 1).map(([from]) => from);
  return { x: alone.map((at) => times[at]), y: alone.map((at) => equity[at]), mode: "markers", marker: { color: shades.accent, size: 5 }, hoverinfo: "skip" };
}

/** Findings stand at the top of a chart, one shape and colour for each severity. */
function marks(findings, shades) {
  return Object.keys(MARKS).map((severity) => {
    const those = findings.filter((one) => one.severity === severity);
    return {
      x: those.map((one) => midday(one.trading_day)),
      y: those.map(() => 0.97),
      yaxis: "y2",
      mode: "markers",
      name: `Finding, ${severity}`,
      marker: { symbol: MARKS[severity], size: 10, color: shades[severity] },
      text: those.map((one) => asText(subject(one.subject))),
      hovertemplate: "%{text}",
    };
  });
}

// ---- daily profit

export async function profitChart(charts) {
  const { days, expected } = await daysOf(charts);
  const bands = new Map((expected?.trading_day ?? []).map((day, at) => [day, Object.fromEntries(COLUMNS.map((name) => [name, expected[name][at]]))]));
  const rows = days.map((day) => ({ ...day, band: bands.get(day.trading_day) }));
  await chart("profit", {
    figure: (shades) => profitFigure(rows, [...bands.values()], charts, shades),
    label: profitLabel(rows, charts.currency),
    columns: profitColumns(charts),
    rows,
    nothing: NO_TRADES,
    low: true,
    key: bands.size ? [["gain", "■", "profit"], ["loss", "■", "loss"], ["band inner", "■", "expected, 80 %"], ["band", "■", "expected, 95 %"]] : [],
    note: bands.size ? "The bands are what was expected one trading day ahead: four days in five lie in the inner one, 19 in 20 in the outer." : "There is no forecast of these days yet.",
    events: { relayout: zoomed(charts), click: (event) => charts.choose(String(event.points[0].x).slice(0, 10)) },
  });
}

/** The trading days with what was expected of them, read once; and the stretch that both charts show of them. */
function daysOf(charts) {
  charts.days ??= Promise.all([get(`${charts.path}/metrics`, { limit: 1000 }), get(`${charts.path}/expected`, {}, { orNull: true })]).then(
    ([{ items: days }, expected]) => {
      const all = [...days.map((one) => one.trading_day), ...(expected?.trading_day ?? [])].sort();
      charts.newestDay = days.map((one) => one.trading_day).sort().at(-1);
      charts.whole = all.length ? [`${all[0]} 00:00:00`, `${dayAfter(all.at(-1))} 00:00:00`] : null;
      return { days, expected };
    },
  );
  return charts.days;
}

function profitLabel(rows, currency) {
  if (!rows.length) return "No days";
  const profits = rows.map((row) => Number(row.net_profit));
  const outside = rows.filter((row) => row.band?.low_95 && (row.net_profit < row.band.low_95 || row.net_profit > row.band.high_95)).length;
  return `Profit of ${rows.length} trading days: best ${money(Math.max(...profits), currency)}, worst ${money(Math.min(...profits), currency)}; ${outside} outside the 95 % band.`;
}

const profitColumns = ({ currency, choose }) => [
  { title: "Trading day", tight: true, value: (row) => h("button", { type: "button", click: () => choose(row.trading_day) }, row.trading_day) },
  { title: `Net profit ${currency}`, number: true, value: (row) => amount(row.net_profit, currency) },
  { title: "Trades", number: true, value: (row) => String(row.trades) },
  { title: "Expected, 80 %", number: true, value: ({ band }) => (band ? `${amount(band.low_80, currency)} to ${amount(band.high_80, currency)}` : "–") },
  { title: "Expected, 95 %", number: true, value: ({ band }) => (band ? `${amount(band.low_95, currency)} to ${amount(band.high_95, currency)}` : "–") },
];

function profitFigure(rows, bands, charts, shades) {
  const band = (level, name) => ({
    type: "bar",
    name,
    x: bands.map((one) => midday(one.trading_day)),
    base: bands.map((one) => one[`low_${level}`]),
    y: bands.map((one) => (one[`low_${level}`] === null ? null : one[`high_${level}`] - one[`low_${level}`])),
    width: DAY,
    marker: { color: shades.band, line: { width: 0 } },
    hoverinfo: "skip",
  });
  const profit = {
    type: "bar",
    name: "Net profit",
    x: rows.map((row) => midday(row.trading_day)),
    y: rows.map((row) => Number(row.net_profit)),
    width: 13 * HOUR,
    marker: { color: rows.map((row) => (Number(row.net_profit) < 0 ? shades.loss : shades.gain)) },
    hovertemplate: `%{y:,.2f} ${asText(charts.currency)}`,
  };
  const xaxis = timeAxis(charts);
  const layout = { barmode: "overlay", margin, xaxis, yaxis: { tickformat: ",.6~f", range: profitRange(rows), ...place } };
  return { data: [band(95, "Expected, 95 %"), band(80, "Expected, 80 %"), profit], layout };
}

/** Seen profits and inner bands fit; a very wide outer band may be cut rather than flatten all. */
function profitRange(rows) {
  const seen = rows.flatMap((row) => [Number(row.net_profit), row.band?.low_80 ?? 0, row.band?.high_80 ?? 0]);
  const [low, high] = [Math.min(0, ...seen), Math.max(0, ...seen)];
  const air = (high - low || 1) * 0.08;
  return [low - air, high + air];
}
