// Words and places linked by the pointer: a word shows its map at once, a place its words. The maps
// have 432 values each, a run of 256 pixels along the rows of a 288 x 384 grid (film_core.fusion).
const ROWS = 288, COLUMNS = 384, RUN = 256, RUNS = 432, TOP = 5;
const root = () => element.querySelector(".attention[data-runs]");
let levels = null;

const read = () => {
  const node = root();
  levels = node ? Uint8Array.from(atob(node.dataset.runs), (c) => c.charCodeAt(0)) : null;
};
const stops = (gradient) => [...gradient.matchAll(/#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/g)]
  .map((found) => found.slice(1).map((part) => parseInt(part, 16)));

const show = (word) => {  // its map over the source, in front of the first map
  const node = root();
  const plane = node?.querySelector(".attention-plane");
  if (!plane || !levels) return;
  hide();
  const values = levels.subarray(word * RUNS, (word + 1) * RUNS);
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const colours = stops(node.dataset.colours);
  const canvas = document.createElement("canvas");
  canvas.width = COLUMNS;
  canvas.height = ROWS;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(COLUMNS, ROWS);
  for (let i = 0; i < ROWS * COLUMNS; i += 1) {
    const at = ((values[i >> 8] - low) / span) * (colours.length - 1);
    const from = Math.min(colours.length - 2, Math.floor(at));
    for (let c = 0; c < 3; c += 1) {
      picture.data[4 * i + c] = colours[from][c] + (at - from) * (colours[from + 1][c] - colours[from][c]);
    }
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  canvas.style.opacity = node.dataset.strength / 100;
  const layer = document.createElement("div");
  layer.className = "attention-hover";
  const under = document.createElement("img");
  under.src = node.dataset.source;
  under.alt = "";
  const tag = document.createElement("span");
  tag.className = "tag";
  tag.textContent = node.querySelector(`[data-word="${word}"]`).textContent;
  layer.append(under, canvas, tag);
  plane.append(layer);
};
const hide = () => element.querySelector(".attention-hover")?.remove();

const point = (event, plane) => {  // the words that look most at the place under the pointer
  const box = plane.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * ROWS);
  const column = Math.floor(((event.clientX - box.left) / box.width) * COLUMNS);
  if (row < 0 || row >= ROWS || column < 0 || column >= COLUMNS || !levels) return;
  const run = Math.floor((row * COLUMNS + column) / RUN);
  const words = [...element.querySelectorAll("[data-word]")]
    .map((node) => ({ node, value: levels[node.dataset.word * RUNS + run] }));
  const most = Math.max(1, ...words.map((word) => word.value));
  for (const { node, value } of words) node.style.setProperty("--here", (value / most).toFixed(3));
  element.querySelector(".word-list").classList.add("pointed");
  const scale = root().dataset.most / 255;
  const named = words.sort((one, other) => other.value - one.value).slice(0, TOP)
    .map(({ node, value }) => `${node.textContent} ${(value * scale).toPrecision(2)}`);
  const line = element.querySelector(".attention-here");
  line.textContent = `${line.dataset.text} ${named.join(" · ")}`;
};
const leave = () => {
  element.querySelector(".word-list")?.classList.remove("pointed");
  const line = element.querySelector(".attention-here");
  if (line) line.textContent = line.dataset.hint;
};

for (const [start, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  element.addEventListener(start, (event) => {
    const word = event.target.closest("[data-word]");
    if (word && (start === "pointerover" || word.matches(":focus-visible"))) show(Number(word.dataset.word));
  });
  element.addEventListener(end, (event) => { if (event.target.closest("[data-word]")) hide(); });
}
element.addEventListener("pointermove", (event) => {
  const plane = event.target.closest(".attention-plane");
  if (plane && root()) point(event, plane);
});
element.addEventListener("pointerout", (event) => {
  if (event.target.closest(".attention-plane") && !event.relatedTarget?.closest?.(".attention-plane")) leave();
});
watch("value", read);
read();
