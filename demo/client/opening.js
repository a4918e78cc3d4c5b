async (visit, a, b) => {
  // What a page that opens tells the server: the link behind "#", the key of the visit that this tab
  // had, and the two texts as they stood. All of it stays in the tab's own storage.
  const KEY = "film-studio-visit", OPEN = "film-studio-open", TEXTS = "film-studio-texts";
  const LINK = "film-studio-link";  // the one that this tab has read: what was typed since is newer
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const channel = new BroadcastChannel("film-studio");
  let key = sessionStorage.getItem(KEY);
  if (key && sessionStorage.getItem(OPEN)) {
    // A duplicated tab begins with a copy of the storage of one that is still open, and says so.
    const taken = await new Promise((done) => {
      channel.onmessage = ({ data }) => { if (data.here === key) done(true); };
      channel.postMessage({ asked: key });
      setTimeout(() => done(false), 500);
    });
    if (taken) key = null;
  }
  const texts = key ? JSON.parse(sessionStorage.getItem(TEXTS) || "null") : null;
  key ||= random();
  sessionStorage.setItem(KEY, key);
  sessionStorage.setItem(OPEN, "yes");
  channel.onmessage = ({ data }) => { if (data.asked === key) channel.postMessage({ here: key }); };

  const keep = () => {
    const texts = ["text-a", "text-b", "instruction"]
      .map((name) => document.querySelector(`#${name} textarea`)?.value);
    if (texts[0] !== undefined && texts[1] !== undefined) sessionStorage.setItem(TEXTS, JSON.stringify(texts));
  };
  document.addEventListener("input", (event) => { if (event.target.matches("textarea")) keep(); });
  document.addEventListener("visibilitychange", keep);
  window.addEventListener("pagehide", () => { keep(); sessionStorage.removeItem(OPEN); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) sessionStorage.setItem(OPEN, "yes"); });
  const link = location.hash.slice(1), returning = texts !== null;
  const read = returning && sessionStorage.getItem(LINK) === link;
  sessionStorage.setItem(LINK, link);
  const said = { link, key, told: texts?.[2] || "", returning, read };
  return [visit, ...(texts ? texts.slice(0, 2) : [a, b]), JSON.stringify(said)];
}
