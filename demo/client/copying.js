// Copying what makes the shown result again. The link begins with the address that this browser uses.
const whole = (node) =>
  (node.dataset.fragment ? `${location.href.split("#")[0]}#${node.dataset.fragment}` : node.textContent);
const fill = () => {
  for (const node of element.querySelectorAll("[data-fragment]")) node.textContent = whole(node);
};
const copy = async (node) => {
  if (navigator.clipboard) { await navigator.clipboard.writeText(whole(node)); return; }
  const range = document.createRange();  // a page without https has no clipboard of its own
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  document.execCommand("copy");
};
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  await copy(element.querySelector(`#${button.dataset.copies}`));
  element.querySelector(".copied").textContent = button.dataset.done;
});
// Drawing the line again must not close what the visitor opened.
let open = false;
element.addEventListener("toggle", (event) => {
  if (event.target.matches("details")) open = event.target.open;
}, true);
watch("value", () => {
  const details = element.querySelector("details");
  if (details) details.open = open;
  fill();
});
fill();
