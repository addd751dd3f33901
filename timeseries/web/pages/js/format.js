const MINUS = "−";
const LARGE = 100_000;
const digitsOf = new Map();

export const SUBJECTS = {
  trades: "number of trades",
  net_profit: "net profit",
  lot_ratio: "position size",
  win_rate: "share of winning trades",
  holding_time: "average holding time",
  snapshots: "equity snapshots",
  daily_loss: "daily loss limit",
  drawdown: "maximum drawdown",
  consistency: "consistency rule",
  hft: "latency trading",
  copied: "copied trades",
  news: "trading in a news window",
  weekend: "positions over a weekend",
  forecast_breach: "forecast of a breach",
};

export const subject = (name) => SUBJECTS[name] ?? words(name);
export const words = (name) => String(name ?? "").replaceAll("_", " ");

function currencyDigits(currency) {
  if (!digitsOf.has(currency)) {
    try {
      const format = new Intl.NumberFormat("en", { style: "currency", currency });
      digitsOf.set(currency, format.resolvedOptions().maximumFractionDigits);
    } catch {
      digitsOf.set(currency, 2);
    }
  }
  return digitsOf.get(currency);
}

/** A number with thousands separators; "–" for nothing. */
export function number(value, digits = 0) {
  if (value === null || value === undefined || value === "" || Number.isNaN(Number(value))) return "–";
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = new Intl.NumberFormat("en", shown).format(Math.abs(Number(value)));
  return Number(value) < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** Money without its currency, for columns that name it: minor units only where they can matter. */
export function amount(value, currency) {
  const large = Math.abs(Number(value)) >= LARGE;
  return number(value, large ? 0 : currencyDigits(currency ?? "USD"));
}

export function money(value, currency) {
  const text = amount(value, currency);
  return text === "–" || !currency ? text : `${text} ${currency}`;
}

/** Up to so many significant digits, for figures without a unit. */
export function plain(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(Number(value));
  if (size >= 1000) return number(value);
  return String(Number(Number(value).toPrecision(digits))).replace("-", MINUS);
}

export function percent(value, digits) {
  if (value === null || value === undefined) return "–";
  const hundredths = Number(value) * 100;
  const few = Math.abs(hundredths) < 10 && hundredths !== 0 ? 1 : 0;
  return `${number(hundredths, digits ?? few)} %`;
}

/** A chance as people say it: never a false 0 or 100. */
export function chance(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.005) return "under 0.5 %";
  if (value > 0.995) return "over 99.5 %";
  return percent(value);
}

export function pvalue(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.0001) return "under 1 in 10,000";
  return `1 in ${number(1 / value)}`;
}

/** "2026-06-30 14:05" of an instant, UTC. */
export const instant = (value) => (value ? new Date(value).toISOString().slice(0, 16).replace("T", " ") : "–");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (Math.abs(seconds) >= size) return `${rounded(seconds / size)} ${unit}`;
  }
  return Math.abs(seconds) < 1 ? `${number(seconds * 1000)} ms` : `${plain(seconds, 2)} s`;
}

const rounded = (value) => (Math.abs(value) < 10 ? plain(value, 2) : number(value));

export function ago(value, now = Date.now()) {
  if (!value) return "never";
  const seconds = Math.round((now - new Date(value).getTime()) / 1000);
  if (Math.abs(seconds) < 60) return "just now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** The day so many days after one, both YYYY-MM-DD. */
export function dayAfter(day, days = 1) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
