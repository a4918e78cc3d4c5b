// A file on its way into the server's memory: what came of it, as the page reports it.
const sendFile = (file, limit, onProgress = () => {}, address = "upload") => new Promise((done) => {
  const sent = { name: file.name, shown: file.webkitRelativePath || file.name, size: file.size,
                 token: "", reason: "" };
  if (file.size > limit) { done({ ...sent, reason: "too_large" }); return; }
  const request = new XMLHttpRequest();
  request.open("POST", address);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) onProgress(event.loaded / event.total);
  };
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { answer = { reason: "answer" }; }
    done({ ...sent, token: answer.token || "", reason: answer.reason || "" });
  };
  request.onerror = () => done({ ...sent, reason: "network" });
  request.send(file);
});
