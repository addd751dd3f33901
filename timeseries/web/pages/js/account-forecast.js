import { get } from "./api.js";
import { asText, chart } from "./chart.js";
import { empty, fill, h } from "./dom.js";
import { amount, chance, instant, money, words } from "./format.js";

const NONE = "There is no forecast of this account yet: `timeseries jobs run forecast` makes one.";
const FAR = 2.5;

const noneOf = (status) => (status === "active" ? NONE : `The account is ${words(status)}; only active accounts are forecast.`);

/** The forecast of one account: a fan with its breach lines, and the chances beside it. */
export async function showForecast({ path, currency, status }) {
  const forecast = await get(`${path}/forecast`, {}, { orNull: true });
  if (!forecast) return void fill("forecast", empty(noneOf(status)));
  fill("forecast", h("div", { class: "beside" }, h("div", {}, h("h3", { id: "fan-title" }, "Total profit to come"), h("div", { id: "fan" })), h("dl", { class: "facts narrow" }, chances(forecast, currency))));
  await fan(forecast, currency);
}

function chances(forecast, currency) {
  const { breach, lines } = forecast;
  const row = (title, value, beneath) => value !== "–" && h("div", {}, h("dt", {}, title), h("dd", {}, value, h("small", {}, beneath)));
  const left = (value) => (value === null || value === undefined ? null : `${money(value, currency)} away`);
  return [
    row("Daily loss limit breached", chance(breach?.daily_loss), left(lines?.daily_loss_left)),
    row("Maximum drawdown breached", chance(breach?.max_drawdown), left(lines?.max_drawdown_left)),
    row("Any rule breached", chance(breach?.any)),
    row("Profit target reached", chance(forecast.profit_target_probability), left(lines?.profit_target_left)),
    row("A payout", chance(forecast.payout_probability), forecast.expected_payout === null ? null : `expected ${money(forecast.expected_payout, currency)}`),
    row("Made", instant(forecast.made_at), `by the model ${forecast.model}, of days to ${forecast.origin}`),
  ];
}

async function fan(forecast, currency) {
  const { levels, total_quantiles: totals, days } = forecast;
  const at = (level) => levels.findIndex((one) => Math.abs(one - level) < 1e-9);
  const rows = days.map((day, place) => ({ day, totals: totals[place], mean: forecast.mean[place] }));
  const middle = at(0.5);
  const [low, high] = [at(0.1) >= 0 ? at(0.1) : 0, at(0.9) >= 0 ? at(0.9) : levels.length - 1];
  const last = totals.at(-1);
  await chart("fan", {
    figure: (shades) => fanFigure(forecast, currency, shades),
    label: `Total profit expected by ${days.at(-1)}: median ${money(last[middle], currency)}, in four cases of five between ${money(last[low], currency)} and ${money(last[high], currency)}.`,
    columns: [
      { title: "Day", tight: true, value: (row) => row.day },
      { title: `Mean of the day ${currency}`, number: true, value: (row) => amount(row.mean, currency) },
      ...levels.map((level, place) => ({ title: `Total, ${Math.round(level * 1000) / 10} %`, number: true, value: (row) => amount(row.totals[place], currency) })),
    ],
    rows,
    nothing: NONE,
    key: [["accent", "━", "median"], ["band inner", "■", spans(levels)], ...nearLines(forecast).map(([name, , colour]) => [colour, "╍", name.toLowerCase()])],
    note: `Total profit from ${forecast.origin} on. The fan holds ${spans(levels)} of what may come, the line is the median. Made ${instant(forecast.made_at)}.${outOfSight(forecast, currency)}`,
    restsOn: null,
  });
}

const pairs = (levels) => levels.slice(0, Math.floor(levels.length / 2)).map((level, place) => [place, levels.length - 1 - place]);
const spans = (levels) => pairs(levels).map(([low, high]) => `${Math.round((levels[high] - levels[low]) * 100)} %`).join(", ");

function linesOf({ lines }) {
  return [
    ["Drawdown limit", lines?.max_drawdown_left === null || lines?.max_drawdown_left === undefined ? null : -lines.max_drawdown_left, "loss"],
    ["Profit target", lines?.profit_target_left === null || lines?.profit_target_left === undefined ? null : Number(lines.profit_target_left), "accent"],
  ].filter(([, value]) => value !== null);
}

/** Whether a line is near enough to the fan to be drawn without flattening it. */
function near(forecast, value) {
  const all = forecast.total_quantiles.flat();
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const span = high - low || 1;
  return value > low - FAR * span && value < high + FAR * span;
}

const nearLines = (forecast) => linesOf(forecast).filter(([, value]) => near(forecast, value));

function outOfSight(forecast, currency) {
  const far = linesOf(forecast).filter(([, value]) => !near(forecast, value));
  return far.map(([name, value]) => ` The ${name.toLowerCase()}, at ${money(value, currency)}, is too far away to be drawn.`).join("");
}

function fanFigure(forecast, currency, shades) {
  const { levels, total_quantiles: totals, origin } = forecast;
  const x = [origin, ...forecast.days];
  const line = (place) => [0, ...totals.map((row) => row[place])];
  const bands = pairs(levels).flatMap(([low, high]) => [
    { x, y: line(low), mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
    { x, y: line(high), mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: shades.band, hoverinfo: "skip" },
  ]);
  const middle = { x, y: line(Math.floor(levels.length / 2)), mode: "lines", name: "Median", line: { color: shades.accent, width: 2 }, hovertemplate: `%{y:,.2f} ${asText(currency)}` };
  const lines = nearLines(forecast).map(([name, value, colour]) => ({ x: [x[0], x.at(-1)], y: [value, value], mode: "lines", name, line: { color: shades[colour], width: 1.5, dash: "dash" }, hovertemplate: `%{y:,.2f} ${asText(currency)}` }));
  return { data: [...bands, middle, ...lines], layout: { margin: { l: 84, r: 12, t: 8, b: 40 }, xaxis: { type: "date" }, yaxis: { tickformat: ",.6~f" } } };
}
