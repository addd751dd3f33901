import { asText, chart } from "./chart.js";
import { fill, h } from "./dom.js";
import { counted, money, number } from "./format.js";

const MOST_BARS = 20;

export const SYMBOL_COLUMNS = [
  { title: "Symbol", value: (one) => one.symbol, sort: (one) => one.symbol },
  { title: "Currency", value: (one) => one.currency },
  { title: "Net profit", number: true, value: (one) => number(one.net_profit), sort: (one) => Number(one.net_profit) },
];

/** Net profit by symbol, a chart for each currency: sums of two currencies mean nothing. */
export async function symbolCharts(id, items) {
  const currencies = [...new Set(items.map((one) => one.currency))];
  fill(id, currencies.map((currency) => [h("h3", { id: `${id}-${currency}-title` }, `In ${currency}`), h("div", { id: `${id}-${currency}` })]));
  for (const currency of currencies) await barChart(`${id}-${currency}`, currency, items.filter((one) => one.currency === currency));
}

async function barChart(id, currency, items) {
  const largest = [...items].sort((one, other) => Math.abs(other.net_profit) - Math.abs(one.net_profit)).slice(0, MOST_BARS);
  const rows = largest.sort((one, other) => other.net_profit - one.net_profit);
  await chart(id, {
    figure: (shades) => barFigure(rows, currency, shades),
    label: `Best: ${rows[0].symbol} with ${money(rows[0].net_profit, currency)}. Worst: ${rows.at(-1).symbol} with ${money(rows.at(-1).net_profit, currency)}.`,
    columns: SYMBOL_COLUMNS,
    rows,
    nothing: "",
    low: true,
    note: items.length > MOST_BARS ? `The ${MOST_BARS} largest of ${counted(items.length, "symbol")}.` : null,
    restsOn: "trades",
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
