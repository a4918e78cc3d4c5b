// What a visitor does is answered by the page in the same instant, before the server has heard of it:
// the control is busy, and where the answer is to come stands that it was sent, and since when. Both
// go with the server's first answer: it draws that place anew, or says "studio:answered".
const PLACES = {  // where an action is answered, if not where it was asked
  fuse: "progress", cancel: "progress", swap: "source-a", "again-a": "author-a", "again-b": "author-b",
  task: "task-sentence", network: "network-about", describer: "author-a", examples: "viewer", reopened: "reopened",
};
const OWN = ".chip, .pixel, .histogram, .batch-sending, .attention-here";  // written by scripts
const FLAT = 24;  // pixels: a place that is lower has no room for a line over it
const NOTICED = 1.5;  // seconds, after which the time is said
const waiting = new Map();  // by the id of the component that asked

const sentence = (seconds) => {
  const data = element.querySelector("[data-sent]").dataset;
  return seconds < NOTICED ? data.sent : `${data.sent} ${data.since.replace("{seconds}", Math.round(seconds))}`;
};
const end = (by) => {
  const mark = waiting.get(by);
  if (!mark) return;
  waiting.delete(by);
  clearInterval(mark.clock);
  mark.watcher.disconnect();
  mark.line.remove();
  mark.place.removeAttribute("data-answering");
  for (const control of mark.controls) control.removeAttribute("aria-busy");
};
const begin = (by, control) => {
  const controls = new Set(waiting.get(by)?.controls);
  end(by);
  const place = document.getElementById(PLACES[by] || by);
  if (!place) return;
  if (control) controls.add(control);
  for (const one of controls) one.setAttribute("aria-busy", "true");
  const line = document.createElement("p");
  line.className = "answering-line";
  line.setAttribute("role", "status");
  line.textContent = sentence(0);
  place.dataset.answering = place.offsetHeight < FLAT || place.id === "progress" ? "line" : "over";
  const watcher = new MutationObserver((changes) => {  // Gradio's own (hidden) spinner is no answer
    if (changes.some(({ target }) => target.closest(".html-container") && !target.closest(OWN))) end(by);
  });
  place.append(line);
  watcher.observe(place, { childList: true, subtree: true });
  const since = performance.now();
  let noticed = false;
  const clock = setInterval(() => {
    const seconds = (performance.now() - since) / 1000;
    line.textContent = sentence(seconds);
    if (!noticed && seconds > NOTICED) document.dispatchEvent(new Event("studio:waiting"));
    noticed ||= seconds > NOTICED;
  }, 500);
  waiting.set(by, { place, line, controls, clock, watcher });
};

document.addEventListener("studio:asked", (event) => begin(event.detail.by, event.detail.control));
document.addEventListener("studio:answered", (event) => end(event.detail));
document.addEventListener("studio:lost", () => [...waiting.keys()].forEach(end));
document.addEventListener("click", (event) => {  // what Gradio draws tells nobody that it was used
  const control = event.target.closest("#fuse, #cancel, #swap, #again-a, #again-b");
  if (control && !control.disabled) begin(control.id, control);
});
document.addEventListener("input", (event) => {
  const choice = event.target.closest("#task, #describer, #network");
  if (choice && event.target.matches("input[type=radio]")) begin(choice.id, event.target.closest("label"));
});
// A question that didn't reach the server gets no answer, and Gradio tells nobody.
const plainFetch = window.fetch;
window.fetch = async (...given) => {
  const asks = String(given[0]?.url ?? given[0]).includes("/queue/join");
  try {
    const answer = await plainFetch(...given);
    if (asks && !answer.ok) [...waiting.keys()].forEach(end);
    return answer;
  } catch (failure) {
    if (asks) [...waiting.keys()].forEach(end);
    throw failure;
  }
};
