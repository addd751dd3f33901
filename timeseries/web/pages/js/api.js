import { byId } from "./dom.js";

const ROOT = "/api/v1/";
const SLOW_AFTER = 600;
const LONGEST_PAUSE = 8000;
const BEAT = 15_000;
const SILENT_AFTER = 4000;
const GONE = "The server does not answer.";
const UNREACHABLE = new Set([502, 503, 504]);

/** An answer that is no success; its message is a sentence for people. */
export class ApiError extends Error {
  constructor(status, problem) {
    const fields = (problem.errors ?? []).map((one) => `${one.field}: ${one.message}`);
    super([problem.detail ?? problem.title ?? `The server answered with ${status}.`, ...fields].join(" "));
    this.status = status;
  }
}

/**
 * Read something; null when there is no such thing and `orNull` is given. Waits while the connection is lost. Once `signal` is
 * aborted nobody wants the answer, and none comes: this throws.
 */
export async function get(path, query = {}, { orNull = false, signal } = {}) {
  for (;;) {
    const answer = await attempt(addressOf(path, query), { headers: { Accept: "application/json" }, signal });
    if (answer === null) await connectionBack();
    else if (answer.status === 429) await pause(1000 * (Number(answer.headers.get("Retry-After")) || 1));
    else {
      const found = answer.status === 404 && orNull ? null : await take(answer);
      signal?.throwIfAborted();
      return found;
    }
  }
}

/** Change something. It is tried once: what got no answer may have been done. */
export async function send(method, path, body) {
  const headers = { "X-CSRF-Token": csrfToken(), Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const content = body === undefined ? undefined : JSON.stringify(body);
  const answer = await attempt(addressOf(path), { method, headers, body: content });
  if (answer === null) throw new Error("There was no answer, so it is not known whether that was done.");
  return take(answer);
}

/** Call back with each alert that is new or changed, for as long as the page is open. */
export function listen(callback) {
  const source = new EventSource(addressOf("alerts/stream"));
  source.addEventListener("alert", (event) => callback(JSON.parse(event.data)));
  source.addEventListener("open", () => hearAgain());
  source.addEventListener("error", () => {
    missing ??= setTimeout(() => hearNothing(), SILENT_AFTER);
    // A browser gives up for good on an answer that is no stream; a lost connection it takes up again itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(callback), LONGEST_PAUSE);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

/** Ask now and then whether the server is there: of a page that asks for nothing nobody would know that it is out of date. */
export function heartbeat() {
  const beat = async () => {
    if (document.hidden || back) return;
    const problem = await complaint();
    if (problem) lose(problem);
  };
  setInterval(beat, BEAT);
  addEventListener("visibilitychange", beat);
}

function addressOf(path, query = {}) {
  const address = new URL(path.startsWith("/") ? path : ROOT + path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  return address;
}

const csrfToken = () => decodeURIComponent(document.cookie.match(/(?:^|; )timeseries_csrf=([^;]*)/)?.[1] ?? "");

async function take(answer) {
  if (answer.status === 204) return null;
  if (answer.ok) return answer.json();
  if (answer.status === 401 && location.pathname !== "/login") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  }
  throw new ApiError(answer.status, await answer.json().catch(() => ({})));
}

async function attempt(address, options) {
  const noLongerSlow = watch();
  try {
    const answer = await fetch(address, { credentials: "same-origin", ...options });
    if (!UNREACHABLE.has(answer.status)) return answer;
    const problem = await answer.json().catch(() => ({}));
    lose(problem.detail);
  } catch {
    options.signal?.throwIfAborted();
    lose();
  } finally {
    noLongerSlow();
  }
  return null;
}

// ---- what the page shows meanwhile

let slowCalls = 0;

function watch() {
  let slow = 0;
  const show = (change) => {
    slow += change;
    slowCalls += change;
    byId("waiting").hidden = slowCalls === 0;
  };
  const timer = setTimeout(() => show(1), SLOW_AFTER);
  return () => {
    clearTimeout(timer);
    show(-slow);
  };
}

let back = null;
let silent = false;
let missing = null;

function connectionBack() {
  return back?.promise ?? Promise.resolve();
}

function lose(reason) {
  if (back) return;
  let resolve;
  back = { promise: new Promise((done) => (resolve = done)), resolve, reason: reason ?? GONE };
  showBanner();
  tryAgain(1000);
}

async function tryAgain(wait) {
  await Promise.race([pause(wait), new Promise((done) => addEventListener("online", done, { once: true }))]);
  if (await complaint()) return tryAgain(Math.min(wait * 1.5, LONGEST_PAUSE));
  const { resolve } = back;
  back = null;
  showBanner();
  resolve();
  dispatchEvent(new Event("connection-back"));
}

/** What is wrong with the server or its database; null: nothing. */
async function complaint() {
  try {
    const answer = await fetch(addressOf("health"), { cache: "no-store", signal: AbortSignal.timeout(LONGEST_PAUSE) });
    if (!UNREACHABLE.has(answer.status)) return null;
    return (await answer.json().catch(() => ({}))).detail ?? GONE;
  } catch {
    return GONE;
  }
}

async function hearNothing() {
  silent = true;
  showBanner();
  const problem = await complaint();
  if (problem) lose(problem);
}

function hearAgain() {
  clearTimeout(missing);
  missing = null;
  if (!silent) return;
  silent = false;
  showBanner();
  dispatchEvent(new Event("connection-back"));
}

function showBanner() {
  const banner = byId("banner");
  const unheard = silent ? "New alerts do not appear by themselves at the moment; trying again…" : "";
  const text = back ? `${back.reason} What you see is from before; trying again…` : unheard;
  if (text) banner.textContent = text;
  banner.hidden = !text;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
