import { get } from "./api.js";
import { byId, empty, fill, h, sentence } from "./dom.js";
import { ago, counted, duration, instant, number, words } from "./format.js";
import { showFreshness } from "./freshness.js";
import { into } from "./page.js";
import { readState, writeState } from "./state.js";
import { moreButton, table } from "./table.js";

const USUAL = { job: "" };
const EVERY = 30_000;
const MINUTE = 60_000;
const MOST_DAYS = 3;
const SHAPES = { failed: "▲", "given up": "▲", failing: "▲", running: "▶", due: "◆", late: "◆", done: "✓", idle: "✓", fine: "✓" };
const LATE = /has been due for [^:]+: (.+)$/s;
const DAILY = /^(\d{1,2}) (\d{1,2}) \* \* \*$/;
const GRAVE = new Set(["failed", "given up", "given_up", "failing", "dying", "lost"]);
const NOTABLE = new Set(["late", "due", "retrying", "waiting", "paused", "waiting for data"]);

function state(name, more) {
  const kind = GRAVE.has(name) ? "failed" : NOTABLE.has(name) ? "warning" : "";
  return h("span", { class: `severity ${kind}` }, h("span", { "aria-hidden": "true" }, SHAPES[name] ?? "●"), words(more ? `${name}: ${more}` : name));
}

// ---- what to look after

async function showDoctor() {
  const found = await get("jobs/doctor");
  const ill = found.jobs.filter((one) => one.ill);
  const sentences = [...(found.settings ?? []), ...found.policies];
  const causes = byCause(ill);
  const head = found.fine
    ? h("p", {}, state("fine"), " Nothing is late, and nothing fails.")
    : h("p", {}, state(ill.find((one) => GRAVE.has(one.what))?.what ?? ill[0]?.what ?? "late"), ` ${counted(causes.length + sentences.length, "thing")} to look after.`);
  const columns = [
    { title: "State", tight: true, value: (one) => state(one.what) },
    { title: "Job", value: (one) => one.jobs.map((job, place) => [place ? ", " : "", jobLink(job)]) },
    { title: "Why", prose: true, value: (one) => h("span", {}, sentence(one.why)) },
  ];
  fill("doctor", head, causes.length ? table(columns, causes, { caption: "Jobs to look after" }) : null, told(sentences), waitingDays(found.days));
}

/** Jobs that are ill in the same way and for the same reason, told once; of several the times are left out. */
function byCause(ill) {
  const causes = new Map();
  for (const { job, what, why } of ill) {
    const [, cause] = why.match(LATE) ?? [null, why];
    const one = causes.get(what + cause) ?? { what, jobs: [], why };
    causes.set(what + cause, { ...one, jobs: [...one.jobs, job], why: one.jobs.length ? cause : why });
  }
  return [...causes.values()];
}

const told = (sentences) => sentences.length > 0 && h("ul", { class: "problems" }, sentences.map((one) => h("li", {}, sentence(one))));

function waitingDays(days) {
  const all = Object.entries(days ?? {});
  const shown = all.slice(0, MOST_DAYS).map(([day, waits]) => h("p", { class: "muted" }, `${day} is not final: ${[waits].flat().join("; ")}`));
  if (!all.length) return null;
  const more = all.length > MOST_DAYS ? h("p", { class: "muted" }, `And ${counted(all.length - MOST_DAYS, "more day")}.`) : null;
  return h("details", {}, h("summary", {}, `${counted(all.length, "trading day is", "trading days are")} not final yet`), shown, more);
}

// ---- freshness

async function showFresh() {
  const fresh = await showFreshness();
  const rows = [
    ["Complete to", fresh.complete_day ?? "–", "the last trading day that has ended on every plan’s calendar"],
    ["Newest trade", instant(fresh.newest_trade), fresh.newest_trade && ago(fresh.newest_trade)],
    ["Newest equity snapshot", instant(fresh.newest_snapshot), fresh.newest_snapshot && ago(fresh.newest_snapshot)],
    ["Account-days to compute", number(fresh.stale_days), fresh.stale_days ? "their metrics are not to be trusted yet" : "every metric is up to date"],
    ["Accounts to score again", number(fresh.rescoring), "findings or forecasts made of numbers that changed since"],
    ["Stretches to refresh", number(fresh.pending?.length ?? fresh.pending), "of the aggregates"],
  ];
  fill("fresh", h("dl", { class: "facts" }, rows.map(([name, value, beneath]) => h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, beneath))))));
}

// ---- jobs and their runs

async function showJobs() {
  const { items, policies } = await get("jobs");
  const columns = [
    { title: "Job", value: (one) => jobLink(one.job) },
    { title: "State", value: (one) => state(one.state, one.progress) },
    { title: "Schedule", tight: true, value: (one) => (one.schedule ?? "").replace(DAILY, (_, minute, hour) => `daily at ${clock(hour, minute)}`) },
    { title: "Last run", tight: true, value: (one) => (one.last_run ? `${one.last_run.state} ${ago(one.last_run.finished_at ?? one.last_run.started_at)}` : "never") },
    { title: "Took", number: true, value: (one) => duration(one.last_run?.seconds) },
    { title: "Next", tight: true, value: (one) => nextRun(one) },
    { title: "What it does", prose: true, value: (one) => one.summary },
    ...(items.some((one) => one.why) ? [{ title: "Why", prose: true, value: (one) => one.why && reason(one, items) }] : []),
  ];
  fill("jobs", table(columns, items, { caption: "Jobs" }));
  showPolicies(policies ?? []);
}

const jobLink = (job) => h("a", { href: `?job=${job}`, click: (event) => chooseJob(event, job) }, job);
const clock = (hour, minute) => `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;

function nextRun({ next_at: at, state: name }) {
  if (!at || name.startsWith("waiting")) return "–";
  return Date.parse(at) < Date.now() + MINUTE ? "now" : ago(at);
}

/** Why a job does not run; what was said of one above is not said again. */
function reason({ job, why }, items) {
  const first = items.find((one) => one.why === why);
  return first.job === job ? h("span", {}, sentence(why ?? "")) : `as ${first.job}`;
}

function showPolicies(policies) {
  byId("policies").parentElement.hidden = !policies.length;
  const columns = [
    { title: "Policy", value: (one) => `${one.kind} of ${one.what}` },
    { title: "Every", number: true, value: (one) => duration(one.every) },
    { title: "Last run", tight: true, value: (one) => (one.last_started ? `${one.last_state} ${ago(one.last_started)}` : "never") },
    { title: "Failures", number: true, value: (one) => number(one.failures) },
    { title: "Why", value: (one) => one.error ?? "" },
  ];
  fill("policies", table(columns, policies, { caption: "Policies" }));
}

function chooseJob(event, job) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  writeState({ job }, USUAL);
  showHistory();
  byId("history-title").scrollIntoView({ block: "center" });
}

function showHistory() {
  const { job } = readState(USUAL);
  byId("history-title").textContent = job ? `Runs of ${job}` : "Runs of all jobs";
  return into("history", async (_, signal) => {
    const rows = [];
    const load = async (cursor) => {
      const page = await get("jobs/history", { job, limit: 20, cursor }, { signal });
      rows.push(...page.items);
      const all = job ? h("a", { href: "/jobs" }, "Runs of all jobs") : null;
      fill("history", all, rows.length ? table(RUNS, rows, { caption: "Runs" }) : empty("No job has run yet: `timeseries jobs start` runs them on their schedules."), moreButton(page.next, load));
    };
    await load();
  });
}

const RUNS = [
  { title: "Job", value: (run) => run.job },
  { title: "For", tight: true, value: (run) => run.trading_day ?? `to ${instant(run.window_end)}` },
  { title: "State", value: (run) => state(run.state, run.state === "running" ? run.progress : null) },
  { title: "Began", tight: true, value: (run) => instant(run.started_at) },
  { title: "Took", number: true, value: (run) => duration(run.seconds) },
  { title: "Rows", number: true, value: (run) => number(run.rows) },
  { title: "Error", value: (run) => run.error ?? "" },
];

function load() {
  return Promise.all([into("doctor", showDoctor), into("fresh", showFresh), into("jobs", showJobs)]);
}

load();
showHistory();
addEventListener("popstate", showHistory);
addEventListener("connection-back", load);
setInterval(() => document.hidden || load(), EVERY);
