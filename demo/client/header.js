// The header: language (the server's business), light or dark (the browser's), state of the server.
const dark = () => document.body.classList.contains("dark");
const remembered = localStorage.getItem("film-studio-theme");
if (remembered) document.body.classList.toggle("dark", remembered === "dark");

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act === "theme") {
    document.body.classList.toggle("dark");
    localStorage.setItem("film-studio-theme", dark() ? "dark" : "light");
  } else if (button.dataset.language) {
    ask("language", { value: button.dataset.language }, button);
  }
});

// The server forgets visits whose page says nothing. One that was here and is gone (the server was
// started again, the machine slept) is begun anew, with what this tab has kept.
let known = false;
const check = (visit) => {
  if (known && visit === false) { known = false; location.reload(); }
  known = known || visit === true;
};
let next = 0;
const poll = async () => {
  clearTimeout(next);
  const chip = element.querySelector(".chip");
  let wait = 15000;
  try {
    const language = element.querySelector("[data-shown]")?.dataset.shown || "en";
    const answer = await fetch(`health?language=${language}`, {
      cache: "no-store", headers: { "x-film-visit": sessionStorage.getItem("film-studio-visit") || "" },
    });
    const state = await answer.json();
    check(state.visit);
    chip.dataset.state = state.state;
    chip.querySelector(".chip-text").textContent = state.text;
    chip.title = state.detail || "";
    for (const node of document.querySelectorAll("[data-health]")) {
      const said = state[node.dataset.health];
      if (said && node.textContent !== said.toUpperCase()) node.textContent = said.toUpperCase();
    }
    chip.querySelector(".chip-bar").style.width =
      state.fraction == null ? "0" : `${Math.round(100 * state.fraction)}%`;
    if (state.state === "starting") wait = 1000;
    else if (state.state === "busy" || !known) wait = 2000;  // the visit has only just begun
  } catch {
    chip.dataset.state = "unable";
    chip.querySelector(".chip-text").textContent = chip.dataset.lost;
    document.dispatchEvent(new Event("studio:lost"));
    wait = 3000;
  }
  clearTimeout(next);
  next = setTimeout(poll, wait);
};
poll();
document.addEventListener("studio:waiting", poll);  // is anybody there?
watch("value", () => {
  document.documentElement.lang = element.querySelector("[data-shown]")?.dataset.shown || "en";
  poll();  // the chip was drawn anew, and says nothing yet
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    document.activeElement?.blur?.();  // so that a text just typed is sent along
    document.querySelector("#fuse button, button#fuse")?.click();
  }
});

// A link that is pasted into an open page changes what is behind "#" only: read it like a new one.
window.addEventListener("hashchange", () => { if (location.hash.includes("task=")) location.reload(); });
