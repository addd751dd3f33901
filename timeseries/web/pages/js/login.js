import { send } from "./api.js";
import { byId } from "./dom.js";

const SESSION = "session";

/** Only a path of ours: a link must not be able to send people elsewhere after they signed in. */
function nextPage() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  const target = new URL(next, location.origin);
  return target.origin === location.origin ? target.href : "/";
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("problem").textContent = "";
  try {
    const { name, scopes } = await send("POST", SESSION, { token: byId("token").value.trim() });
    localStorage.setItem("signed-in", name);
    localStorage.setItem("may-act", scopes.includes("act") ? "yes" : "no");
    location.assign(nextPage());
  } catch (error) {
    byId("problem").textContent = error.message;
    byId("token").select();
  }
});
