import { get, heartbeat } from "./api.js";
import { byId, empty, fill } from "./dom.js";
import { number, percent } from "./format.js";
import { showFreshness } from "./freshness.js";
import { into } from "./page.js";
import { bindFilters, offerGroups, readState } from "./state.js";
import { SYMBOL_COLUMNS, symbolCharts } from "./symbol-charts.js";
import { table } from "./table.js";

const USUAL = { account: "", group: "", days: "30" };
const COLUMNS = [
  ...SYMBOL_COLUMNS,
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
  let items = null;
  const read = await into("profits", async (_, signal) => ({ items } = await get("symbols", state, { signal })));
  if (read === null) return;
  byId("symbols").closest(".panel").hidden = !items?.length;
  if (!read) return;
  if (!items.length) return void fill("profits", nothing(state));
  fill("symbols", table(COLUMNS, items, { caption: "Trading by symbol", sorted: "Trades" }));
  await into("profits", () => symbolCharts("profits", items));
}

function nothing({ account, group }) {
  const filtered = account || group;
  return empty(filtered ? "No trade of these days fits these filters." : "No trades yet: load some with `timeseries ingest trades FILE`.");
}

bindFilters(USUAL, load);
offerGroups();
load();
into("freshness", () => showFreshness());
addEventListener("connection-back", load);
heartbeat();
