// Opening a saved result: the file goes to the server's memory, its parameters come back.
element.addEventListener("change", async (event) => {
  const input = event.target;
  if (!input.matches("input[type=file]") || !input.files.length) return;
  const file = input.files[0];
  input.value = "";
  announce();
  ask("upload", await sendFile(file, Number(element.querySelector(".reopen").dataset.limitBytes)));
});
