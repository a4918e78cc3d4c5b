// Files of a batch go to the server's memory one after the other, then their names in groups.
const GROUP = 8;
const send = async (side, files) => {
  const { limitBytes, limitZip } = element.querySelector(".batch").dataset;
  const [limit, address] = side === "zip" ? [Number(limitZip), "upload?zip"] : [Number(limitBytes), "upload"];
  let group = [];
  for (const [index, file] of files.entries()) {
    const line = element.querySelector(".batch-sending");
    if (line) line.textContent = line.dataset.text
      .replace("{number}", index + 1).replace("{count}", files.length);
    announce();
    group.push(await sendFile(file, limit, () => {}, address));
    const last = index === files.length - 1;
    const refused = group[group.length - 1].token === "";
    if (group.length === GROUP || last || refused) {
      ask("upload", { side, files: group, last: last || refused });
      group = [];
      if (refused) return;
    }
  }
};
element.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("input[type=file]") || !input.files.length) return;
  send(input.dataset.side, [...input.files]);
  input.value = "";
});
