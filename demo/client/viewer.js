// The viewer: a divider between the fused image and another one, or all side by side; one zoom and
// one position for all of them; the values of the pixel under the pointer.
const state = { scale: 1, x: 0, y: 0, divider: 50, view: "slider", against: "a" };
const STEP = 0.1;  // of a pane, for one press of an arrow key
const canvases = {};
let panes = [];
let shown = null;

const text = (key) => (shown && shown.texts[key]) || "";
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

const plane = (picture) => make("div", { class: "plane" },
  make("img", { src: picture.url, alt: picture.alt, draggable: "false" }));

const pane = (kind, ...content) => {
  const node = make("div", { class: `pane ${kind}` }, ...content);
  panes.push(node);
  return node;
};

const sides = () => {  // [left, right]; before anything is fused the two sources face each other
  if (!shown.fused) return [shown.a, shown.b];
  return [shown[state.against] || shown.a, shown.fused];
};

const build = () => {
  const stage = element.querySelector(".stage");
  stage.replaceChildren();
  panes = [];
  const filled = Boolean(shown && (shown.fused || shown.a || shown.b));
  for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", text("stage")]]) {
    if (filled) stage.setAttribute(name, value);
    else stage.removeAttribute(name);
  }
  if (!filled) {
    stage.append(make("div", { class: "nothing" },
      make("p", { class: "nothing-title" }, text("empty")), make("p", {}, text("empty_hint"))));
    stage.dataset.view = "nothing";
    return;
  }
  const all = [shown.a, shown.b, shown.fused].filter(Boolean);
  const view = all.length === 1 ? "side" : state.view;
  stage.dataset.view = view;
  if (view === "side") {
    stage.style.setProperty("--panes", all.length);
    for (const picture of all) {
      stage.append(pane("single", plane(picture), make("span", { class: "tag" }, picture.label)));
    }
  } else {
    const [left, right] = sides();
    const over = make("div", { class: "over" }, plane(left));
    const divider = make("input", { type: "range", min: 0, max: 100, step: 0.5,
      value: state.divider, class: "divider", "aria-label": text("slider")
        .replace("{left}", left.label).replace("{right}", right.label) });
    divider.addEventListener("input", () => { state.divider = Number(divider.value); place(); });
    stage.append(pane("double", plane(right), over, make("div", { class: "line" }),
      make("span", { class: "tag left" }, left.label),
      make("span", { class: "tag right" }, right.label), divider));
  }
  place();
};

const place = () => {
  const stage = element.querySelector(".stage");
  stage.style.setProperty("--divider", `${state.divider}%`);
  stage.classList.toggle("zoomed", state.scale > 1);
  for (const node of panes) {
    const width = node.clientWidth, height = node.clientHeight;
    if (!width || !height) continue;
    const scale = fitted(node) * state.scale;
    const left = (width - shown.width * scale) / 2 + state.x * width;
    const top = (height - shown.height * scale) / 2 + state.y * height;
    for (const item of node.querySelectorAll(".plane")) {
      item.style.width = `${shown.width}px`;
      item.style.height = `${shown.height}px`;
      item.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
      item.classList.toggle("pixels", scale > 3);
    }
    node.frame = { scale, left, top };
  }
  const percent = element.querySelector(".zoom-value");
  if (percent && panes[0]?.frame) percent.textContent = `${Math.round(100 * panes[0].frame.scale)} %`;
};

const fitted = (node) => Math.min(node.clientWidth / shown.width, node.clientHeight / shown.height);

const pan = (x, y) => {  // the middle of a pane stays on the picture
  const node = panes[0];
  if (!node?.frame) return;
  const half = (fitted(node) * state.scale) / 2;
  const mostX = (shown.width * half) / node.clientWidth;
  const mostY = (shown.height * half) / node.clientHeight;
  state.x = Math.min(mostX, Math.max(-mostX, x));
  state.y = Math.min(mostY, Math.max(-mostY, y));
  place();
};

const zoom = (factor, event) => {
  const before = state.scale;
  state.scale = Math.min(32, Math.max(1, state.scale * factor));
  if (state.scale === 1) { state.x = 0; state.y = 0; place(); return; }
  const node = event?.target.closest?.(".pane") || panes[0];
  if (!node) return;
  const box = node.getBoundingClientRect();
  const at = event ? [(event.clientX - box.left) / box.width - 0.5,
                      (event.clientY - box.top) / box.height - 0.5] : [0, 0];
  const ratio = state.scale / before;
  pan(at[0] - (at[0] - state.x) * ratio, at[1] - (at[1] - state.y) * ratio);
};

const refresh = (value) => {
  const before = shown;
  shown = value && value.texts ? value : null;
  if (!shown) return;
  if (!before || before.width !== shown.width || before.height !== shown.height) {
    Object.assign(state, { scale: 1, x: 0, y: 0 });
  }
  if (!shown[state.against]) state.against = "a";
  for (const node of element.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of element.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", text(node.dataset.label));
    node.title = text(node.dataset.label);
  }
  for (const node of element.querySelectorAll("[data-against]")) {
    const picture = shown[node.dataset.against];
    node.hidden = !picture || !shown.fused;
    if (picture) node.textContent = picture.label;
    node.setAttribute("aria-pressed", String(node.dataset.against === state.against));
  }
  element.querySelector(".against").hidden = !shown.fused || state.view === "side";
  for (const node of element.querySelectorAll("[data-view]")) {
    if (node.tagName === "BUTTON") {
      node.setAttribute("aria-pressed", String(node.dataset.view === state.view));
    }
  }
  offer();
  element.querySelector(".tools").hidden = !(shown.a || shown.b || shown.fused);
  for (const key of ["a", "b", "fused"]) load(key, shown[key]);
  histogram();
  build();
};

const offer = () => {
  const links = element.querySelectorAll(".download");
  for (const [link, file] of [[links[0], shown.download], [links[1], shown.download_16]]) {
    link.hidden = !file;
    if (file) { link.href = file.url; link.download = file.name; }
  }
};

const wanted = {};  // address of the picture of each key; one that was asked for before may come later
const load = (key, picture) => {
  if (wanted[key] === picture?.url) return;
  wanted[key] = picture?.url;
  delete canvases[key];
  if (!picture) return;
  const image = new Image();
  image.onload = () => {
    if (wanted[key] !== picture.url) return;
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    canvases[key] = { context, width: canvas.width, height: canvas.height };
    histogram();
  };
  image.onerror = () => { if (wanted[key] === picture.url) delete wanted[key]; };
  image.src = picture.url;
};

const histogram = () => {  // of luminance, on a square-root scale: small peaks matter too
  const figure = element.querySelector(".histogram");
  const keys = ["a", "b", "fused"].filter((key) => canvases[key] && shown?.[key]);
  figure.hidden = !keys.length;
  if (!keys.length) return;
  const lines = keys.map((key) => {
    const { context, width, height } = canvases[key];
    const data = context.getImageData(0, 0, width, height).data;
    const counts = new Float64Array(256);
    for (let i = 0; i < data.length; i += 4) {
      counts[Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2])] += 1;
    }
    const top = Math.sqrt(Math.max(...counts)) || 1;
    const points = Array.from(counts, (n, x) => `${x},${(47 - (45 * Math.sqrt(n)) / top).toFixed(1)}`);
    return `<polyline class="${key}" points="${points.join(" ")}"/>`;
  });
  const svg = figure.querySelector("svg");
  svg.innerHTML = lines.join("");
  svg.setAttribute("aria-label", text("histogram"));
  figure.querySelector("figcaption").replaceChildren(...keys.map((key) =>
    make("span", { class: key }, shown[key].label)));
};

const read = (event) => {
  const output = element.querySelector(".pixel");
  const node = event.target.closest?.(".pane");
  if (!node?.frame || !shown) { output.textContent = text("pixel_hint"); return; }
  const box = node.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left - node.frame.left) / node.frame.scale);
  const y = Math.floor((event.clientY - box.top - node.frame.top) / node.frame.scale);
  if (x < 0 || y < 0 || x >= shown.width || y >= shown.height) {
    output.textContent = text("pixel_hint");
    return;
  }
  const parts = [`x ${x}  y ${y}`];
  for (const key of ["a", "b", "fused"]) {
    const canvas = canvases[key];
    if (!canvas || !shown[key]) continue;
    const [r, g, b] = canvas.context.getImageData(
      Math.floor((x * canvas.width) / shown.width), Math.floor((y * canvas.height) / shown.height),
      1, 1).data;
    const grey = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    parts.push(`${shown[key].label} ${grey}${r === g && g === b ? "" : ` (${r}, ${g}, ${b})`}`);
  }
  output.textContent = parts.join("   ");
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { against, view, act } = button.dataset;
  if (against) { state.against = against; refresh(shown); }
  else if (view) { state.view = view; refresh(shown); }
  else if (act === "in") zoom(1.5);
  else if (act === "out") zoom(1 / 1.5);
  else if (act === "fit") { Object.assign(state, { scale: 1, x: 0, y: 0 }); place(); }
});
element.addEventListener("wheel", (event) => {
  if (!event.target.closest(".pane") || !(event.ctrlKey || state.scale > 1)) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 300), event);
}, { passive: false });
element.addEventListener("dblclick", (event) => {
  if (event.target.closest(".pane")) zoom(state.scale > 1 ? 1 / state.scale : 3, event);
});

const fingers = new Map();  // everything that presses on a pane: {x, y} by pointer
let drag = null;
let pinch = null;
const spread = () => {  // {clientX, clientY} between two fingers, and how far they are apart
  const [one, two] = fingers.values();
  return { clientX: (one.x + two.x) / 2, clientY: (one.y + two.y) / 2,
           apart: Math.hypot(one.x - two.x, one.y - two.y) };
};
element.addEventListener("pointerdown", (event) => {
  const node = event.target.closest(".pane");
  if (!node || event.button !== 0) return;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (fingers.size > 1) {
    slideBack();
    pinch = fingers.size === 2 ? { node: drag?.node || node, ...spread() } : null;
    drag = null;
    return;
  }
  const box = node.getBoundingClientRect();
  const near = Math.abs(event.clientX - box.left - (state.divider / 100) * box.width) < 28;
  const moves = node.classList.contains("double") && (near || state.scale === 1);
  drag = { node, box, moves, divider: state.divider, x: event.clientX, y: event.clientY,
           from: [state.x, state.y] };
  if (moves) slide(event);
});
const slide = (event) => {
  state.divider = Math.min(100, Math.max(0, (100 * (event.clientX - drag.box.left)) / drag.box.width));
  follow();
};
const follow = () => {
  const divider = element.querySelector(".divider");
  if (divider) divider.value = state.divider;
  place();
};
const slideBack = () => {  // the finger meant two, or the page
  if (!drag?.moves) return;
  state.divider = drag.divider;
  follow();
};
const stretch = () => {
  const now = { node: pinch.node, ...spread() };
  const box = now.node.getBoundingClientRect();
  pan(state.x + (now.clientX - pinch.clientX) / box.width,
      state.y + (now.clientY - pinch.clientY) / box.height);
  zoom(now.apart / (pinch.apart || 1), { target: now.node, ...now });
  pinch = now;
};
window.addEventListener("pointermove", (event) => {
  if (element.contains(event.target)) read(event);
  const finger = fingers.get(event.pointerId);
  if (finger) Object.assign(finger, { x: event.clientX, y: event.clientY });
  if (finger && pinch) stretch();
  if (!drag) return;
  if (drag.moves) slide(event);
  else if (state.scale > 1) {
    pan(drag.from[0] + (event.clientX - drag.x) / drag.box.width,
        drag.from[1] + (event.clientY - drag.y) / drag.box.height);
  }
});
for (const name of ["pointerup", "pointercancel"]) {
  window.addEventListener(name, (event) => {
    if (name === "pointercancel") slideBack();
    fingers.delete(event.pointerId);
    drag = null;
    pinch = null;
  });
}
element.addEventListener("touchstart", (event) => {  // two fingers mean the picture, not the page
  if (event.touches.length > 1 && event.target.closest(".pane")) event.preventDefault();
}, { passive: false });
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
element.addEventListener("keydown", (event) => {
  const stage = event.target.closest(".stage");
  if (!stage) return;
  const way = ARROWS[event.key];
  if (way && event.target === stage && state.scale > 1) {  // else they are the divider's or page's
    event.preventDefault();
    pan(state.x + way[0] * STEP, state.y + way[1] * STEP);
  } else if (event.key === "+" || event.key === "=") zoom(1.5);
  else if (event.key === "-") zoom(1 / 1.5);
  else if (event.key === "0") { Object.assign(state, { scale: 1, x: 0, y: 0 }); place(); }
});
new ResizeObserver(() => shown && place()).observe(element);
let drawn = "";
const receive = (value) => {  // the address of a file is new each time, the pictures needn't be
  const plain = JSON.stringify({ ...value, download_16: null });
  if (plain === drawn && shown) { shown = value; offer(); return; }
  drawn = plain;
  refresh(value);
};
watch("value", () => receive(props.value));
receive(props.value);
