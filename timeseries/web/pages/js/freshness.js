import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { counted, instant } from "./format.js";

/** What a chart may rest on, and how far that reaches. */
const REACH = {
  days: ({ complete_day: day, stale_days: stale }) => [day && `complete to ${day}`, stale > 0 && `${counted(stale, "account-day")} being computed again`],
  trades: ({ newest_trade: at }) => [at && `trades to ${instant(at)}`],
  snapshots: ({ newest_snapshot: at }) => [at && `snapshots to ${instant(at)}`],
};
let known = null;

/** Ask how fresh what the page shows is, and say it beside its heading and under every chart. */
export async function showFreshness(account) {
  known = await get("freshness", { account });
  byId("freshness").textContent = pageSentence(known);
  for (const place of document.querySelectorAll("[data-rests-on]")) place.textContent = chartSentence(place.dataset.restsOn);
  return known;
}

/** Where a chart says how far what it rests on reaches: `days`, `trades` or `snapshots`. */
export const asOf = (restsOn) => h("span", { "data-rests-on": restsOn }, chartSentence(restsOn));

const chartSentence = (restsOn) => (known ? joined(REACH[restsOn](known)) : "");

function pageSentence(fresh) {
  if (!fresh.newest_trade && !fresh.newest_snapshot) return "No data yet.";
  const [complete, ...stale] = REACH.days(fresh);
  return joined([complete, fresh.newest_trade && `newest trade ${instant(fresh.newest_trade)}`, ...stale]);
}

function joined(parts) {
  const text = parts.filter(Boolean).join("; ");
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}
