import { get, send } from "./api.js";
import { h, sentence } from "./dom.js";
import { dayAfter, subject } from "./format.js";
import { dialog, into, say } from "./page.js";
import { table } from "./table.js";

const VERDICTS = [
  ["true", "True", "It was worth looking at."],
  ["expected", "Expected", "It really happened and is of no interest. Resolves the alert."],
  ["false", "False alarm", "It did not happen. Resolves the alert, and detection asks for more next time."],
  ["new_normal", "New normal", "This is how the account trades now. Resolves the alert."],
];
const MUTE_DAYS = 7;

/** Which alert was meant: what is said of it stands there when others have come. */
const alertOf = ({ account, cohort }) => `the alert of ${account ? `account ${account}` : cohort}`;

/** Say that somebody looks after an alert; resolves to what to tell. */
export async function acknowledge(alert) {
  await send("POST", `alerts/${alert.alert_id}/acknowledge`, {});
  return `Acknowledged: somebody looks after ${alertOf(alert)}.`;
}

/** Ask what an alert was in truth. */
export function chooseLabel(alert, done) {
  const note = h("input", { name: "note", maxlength: "500" });
  const problem = h("p", { class: "problem", role: "alert" });
  const box = dialog("What was it?", (close) => {
    const give = async (verdict, name) => {
      try {
        await send("POST", `alerts/${alert.alert_id}/label`, { verdict, note: note.value || undefined });
        close();
        done(`Labelled “${name.toLowerCase()}”: ${alertOf(alert)}${verdict === "true" ? "" : ", which is now resolved"}. Another label takes its place.`);
      } catch (error) {
        problem.replaceChildren(...sentence(error.message));
      }
    };
    const choices = VERDICTS.map(([verdict, name, what], place) =>
      h("button", { type: "button", click: () => give(verdict, name) }, h("kbd", {}, place + 1), name, h("small", {}, what)),
    );
    const form = h("form", { method: "dialog" }, h("p", { class: "muted" }, alert.title), h("div", { class: "verdicts" }, choices));
    form.append(h("label", {}, "Note, if you like", note), problem, buttons(close));
    return [form];
  });
  box.querySelector(".verdicts button").focus();
  box.addEventListener("keydown", (event) => {
    if (event.target === note || !VERDICTS[event.key - 1]) return;
    event.preventDefault();
    box.querySelectorAll(".verdicts button")[event.key - 1].click();
  });
}

function buttons(close, ...more) {
  return h("div", { class: "buttons" }, h("button", { type: "button", click: close }, "Cancel"), more);
}

/** Ask for how long, and of what, findings shall raise no alert. */
export function chooseMute(alert, done) {
  const scopes = scopesOf(alert);
  const problem = h("p", { class: "problem", role: "alert" });
  dialog("Mute", (close) => {
    const form = h(
      "form",
      {},
      h("label", {}, "What", h("select", { name: "scope" }, scopes.map(([text], place) => h("option", { value: place }, text)))),
      h("label", {}, "From trading day", h("input", { type: "date", name: "since", value: alert.first_day, required: true })),
      h("label", {}, "To trading day (nothing: until it is lifted)", h("input", { type: "date", name: "until", value: dayAfter(alert.trading_day, MUTE_DAYS) })),
      h("label", {}, "Reason", h("input", { name: "reason", maxlength: "500" })),
      problem,
      buttons(close, h("button", { type: "submit", class: "primary" }, "Mute")),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { scope, ...rest } = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
      try {
        const made = await send("POST", "mutes", { ...scopes[Number(scope)][1], ...rest });
        close();
        done(`Muted: ${scopes[Number(scope)][0]}. What it covers goes away when the job “alert” next runs.`, () => lift(made.mute_id));
      } catch (error) {
        problem.replaceChildren(...sentence(error.message));
      }
    });
    return [form];
  });
}

/** What a mute started from an alert can cover, the narrowest first. */
function scopesOf(alert) {
  const about = subject(alert.subject);
  if (!alert.account) {
    const group = alert.cohort === "firm" || alert.cohort === "engine" ? {} : { group: alert.cohort };
    return [[`${about} of ${alert.cohort}`, { ...group, subject: alert.subject }]];
  }
  return [
    [`${about} of account ${alert.account}`, { account: alert.account, subject: alert.subject }],
    [`everything of account ${alert.account}`, { account: alert.account }],
    [`${about} of every account`, { subject: alert.subject }],
  ];
}

async function lift(muteId) {
  await send("DELETE", `mutes/${muteId}`);
  say("The mute is lifted.");
  await showMutes();
}

/** The mutes in force, each with a button to lift it. */
export function showMutes() {
  return into("mutes", async (panel) => {
    const { items } = await get("mutes");
    const inForce = items.filter((mute) => !mute.lifted_at);
    panel.hidden = inForce.length === 0;
    const columns = [
      { title: "What", value: (mute) => [subject(mute.subject ?? "everything"), mute.account ?? mute.account_group].filter(Boolean).join(" of ") },
      { title: "Trading days", tight: true, value: (mute) => `${mute.since} to ${mute.until ?? "it is lifted"}` },
      { title: "Reason", value: (mute) => mute.reason ?? "–" },
      { title: "By", value: (mute) => mute.made_by },
      { title: "Lift", value: (mute) => liftButton(mute) },
    ];
    panel.replaceChildren(h("header", {}, h("h2", { id: "mutes-title" }, "Mutes")), table(columns, inForce, { caption: "Mutes" }));
  });
}

function liftButton(mute) {
  const click = () => lift(mute.mute_id).catch((error) => say(error.message));
  return h("button", { type: "button", click, "aria-label": `Lift mute ${mute.mute_id}` }, "Lift");
}
