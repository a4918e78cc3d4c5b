// How the two sources are laid over each other; the server need not know.
let mode = "overlay";
const apply = () => {
  const root = element.querySelector(".registration");
  if (!root) return;
  root.dataset.mode = mode;
  for (const button of root.querySelectorAll("button[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-mode]");
  if (button) { mode = button.dataset.mode; apply(); }
});
watch("value", apply);
apply();
