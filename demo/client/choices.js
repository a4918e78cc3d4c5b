// Buttons drawn by the server: a press on anything with data-choose is told to it by that name.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose]");
  if (button) ask("choose", { value: button.dataset.choose }, button);
});
