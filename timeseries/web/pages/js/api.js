import { byId } from "./dom.js";

const ROOT = "/api/v1/";
const SLOW_AFTER = 600;
const LONGEST_PAUSE = 8000;
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
  source.addEventListener("error", () => {
    // A browser gives up for good on an answer that is no stream; a lost connection it takes up again itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(callback), LONGEST_PAUSE);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
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

function connectionBack() {
  return back?.promise ?? Promise.resolve();
}

function lose(reason) {
  if (back) return;
  let resolve;
  back = { promise: new Promise((done) => (resolve = done)), resolve };
  const banner = byId("banner");
  banner.textContent = `${reason ?? "The server does not answer."} What you see is from before; trying again…`;
  banner.hidden = false;
  tryAgain(1000);
}

async function tryAgain(wait) {
  await Promise.race([pause(wait), new Promise((done) => addEventListener("online", done, { once: true }))]);
  const alive = await fetch(addressOf("health"), { cache: "no-store" }).then(
    (answer) => !UNREACHABLE.has(answer.status),
    () => false,
  );
  if (!alive) return tryAgain(Math.min(wait * 1.5, LONGEST_PAUSE));
  byId("banner").hidden = true;
  const { resolve } = back;
  back = null;
  resolve();
  dispatchEvent(new Event("connection-back"));
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
