/** Every act by keyboard: lone keys as shortcuts. */

/** @param {string} key */
function onLoneKey(key) {
  if (document.body.dataset.keys === "off" || document.querySelector("dialog:modal")) return;
  if (key === "/") return typeOrFind();
  const help = document.querySelector("dialog[data-help]");
  if (key === "?" && help instanceof HTMLDialogElement) return help.showModal();
  const target = document.querySelector(`[data-key="${CSS.escape(key.toLowerCase())}"]`);
  if (target instanceof HTMLElement) target.click();
}

function typeOrFind() {
  const typed = /** @type {any} */ (document.querySelector("type-code"));
  if (typed) return typed.open();
  const find = document.querySelector("[data-find]");
  if (find instanceof HTMLInputElement) find.select();
}

document.addEventListener("lone-key", (event) => onLoneKey(/** @type {CustomEvent} */ (event).detail.key));
