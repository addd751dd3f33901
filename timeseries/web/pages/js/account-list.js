import { get } from "./api.js";
import { byId, empty, fill, h } from "./dom.js";
import { amount, counted, instant, number, percent } from "./format.js";
import { into } from "./page.js";
import { bindFilters, offerGroups, readState } from "./state.js";
import { moreButton, table } from "./table.js";

const USUAL = { group: "", plan: "", status: "active", sort: "risk" };
const PAGE = 100;

// What decides comes first: a narrow screen shows no more.
const COLUMNS = [
  { title: "Account", value: (one) => h("a", { href: `/account?name=${encodeURIComponent(one.account)}` }, one.account) },
  { title: "Drawdown left", number: true, value: (one) => amount(one.max_drawdown_left, one.currency), sort: (one) => share(one.max_drawdown_left, one.max_drawdown) },
  { title: "of its limit", number: true, value: (one) => percent(share(one.max_drawdown_left, one.max_drawdown)), sort: (one) => share(one.max_drawdown_left, one.max_drawdown) },
  { title: "Daily loss left", number: true, value: (one) => amount(one.daily_loss_left, one.currency), sort: (one) => share(one.daily_loss_left, one.daily_loss) },
  { title: "Newest day", number: true, value: (one) => amount(one.day_profit, one.currency), sort: (one) => Number(one.day_profit) },
  { title: "Net profit", number: true, value: (one) => amount(one.net_profit, one.currency), sort: (one) => Number(one.net_profit) },
  { title: "Balance", number: true, value: (one) => amount(one.balance, one.currency), sort: (one) => Number(one.balance) },
  { title: "Currency", value: (one) => one.currency },
  { title: "Status", value: (one) => one.status },
  { title: "Plan", tight: true, value: (one) => one.plan },
  { title: "Group", tight: true, value: (one) => one.account_group ?? "–" },
  { title: "Last trade", tight: true, value: (one) => instant(one.last_trade_at) },
];

const share = (left, limit) => (left === null || !Number(limit) ? null : Number(left) / Number(limit));

/** The accounts that fit the filters, a page at a time. */
export function showAccounts() {
  byId("choose").hidden = false;
  const load = () => into("accounts", (_, signal) => loadFirst(signal));
  bindFilters(USUAL, load);
  offerGroups();
  load();
  addEventListener("connection-back", load);
}

function query() {
  const { status, ...rest } = readState(USUAL);
  return { ...rest, status: status === "all" ? "" : status, limit: PAGE };
}

async function loadFirst(signal) {
  const rows = [];
  const order = {};
  const load = async (cursor) => {
    const page = await get("accounts", { ...query(), cursor }, { signal });
    rows.push(...page.items);
    byId("accounts-title").textContent = counted(page.total ?? rows.length, "account");
    const part = page.next ? h("p", { class: "muted" }, `The first ${number(rows.length)} are shown; the headings sort these alone.`) : null;
    fill("accounts", rows.length ? table(COLUMNS, rows, { caption: "Accounts", order }) : await none(signal), part, moreButton(page.next, load));
  };
  await load();
}

async function none(signal) {
  const { total } = await get("accounts", { limit: 1 }, { signal });
  return empty(total ? "No account fits these filters." : "No accounts yet: load some with `timeseries ingest accounts FILE`.");
}
