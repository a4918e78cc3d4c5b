// A source field: choose, drop or paste an image; it goes to the server's memory, never to a file.
let newest = 0;  // number of the last file that was chosen: an older one that arrives later is none
const send = async (file) => {
  const number = ++newest;
  const target = element.querySelector(".drop");
  const bar = element.querySelector(".drop-progress > i");
  const limit = Number(target.dataset.limitBytes);
  announce();
  if (file.size <= limit) target.dataset.state = "uploading";
  const sent = await sendFile(file, limit, (share) => {
    if (bar && number === newest) bar.style.width = `${100 * share}%`;
  });
  if (number !== newest) return;
  if (bar) bar.style.width = "0";
  ask("upload", sent);
};

element.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file]") && event.target.files.length) {
    send(event.target.files[0]);
    event.target.value = "";
  }
});
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-act=clear]")) {
    event.preventDefault();
    newest += 1;  // what is on its way was meant for the place that is cleared now
    ask("clear", {}, event.target);
  }
});
for (const name of ["dragenter", "dragover"]) {
  element.addEventListener(name, (event) => {
    event.preventDefault();
    element.querySelector(".drop").classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  element.addEventListener(name, (event) => {
    event.preventDefault();
    element.querySelector(".drop").classList.remove("over");
  });
}
element.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (file) send(file);
});
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files || [])][0];
  if (!file) return;
  // Spreadsheets and word processors copy a picture of the text along with the text.
  const writing = event.target.matches?.("textarea, input:not([type=file])");
  if (writing && event.clipboardData.types.includes("text/plain")) return;
  const zones = [...document.querySelectorAll(".drop")];
  const chosen = zones.find((zone) => zone.contains(document.activeElement))
    || zones.find((zone) => zone.dataset.state === "empty") || zones[0];
  if (element.contains(chosen)) { event.preventDefault(); send(file); }
});
