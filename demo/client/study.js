// A text of the visitor's own: whose description it replaces, and the words.
const add = () => {
  const form = element.querySelector(".study-add");
  const text = form && form.querySelector("input").value.trim();
  if (text) ask("choose", { value: `add:${form.querySelector("select").value}:${text}` }, form);
};
element.addEventListener("click", (event) => {
  if (event.target.closest("button.add")) add();
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".study-add input")) {
    event.preventDefault();
    add();
  }
});
// Drawing the panel again must not close the table that the visitor opened.
let open = false;
element.addEventListener("toggle", (event) => {
  if (event.target.matches("details")) open = event.target.open;
}, true);
watch("value", () => {
  const table = element.querySelector("details");
  if (table) table.open = open;
});
