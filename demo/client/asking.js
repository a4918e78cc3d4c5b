// Every message of a panel to the server goes through here, so that the page answers at once itself:
// client/answering.js marks the control that was used, and where the answer will be.
const announce = (control = null) => {
  const by = element.closest(".block").id;
  document.dispatchEvent(new CustomEvent("studio:asked", { detail: { by, control } }));
};
const ask = (name, sent, control = null) => { announce(control); trigger(name, sent); };
