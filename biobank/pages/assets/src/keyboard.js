/** Every act by keyboard: lone keys as shortcuts, `g` and a letter to go to a page; any browser can switch them off. */

const GOING = 2000; // ms in which the letter after `g` leads to a page
const OFF = /(?:^|;\s*)keys=off/;

let goesUntil = -Infinity;

/** @param {string} key */
function onLoneKey(key) {
  if (OFF.test(document.cookie) || document.querySelector("dialog:modal")) return;
  const going = performance.now() < goesUntil;
  goesUntil = -Infinity;
  if (going) return press(`[data-go="${CSS.escape(key.toLowerCase())}"]`);
  if (key === "/") return typeOrFind();
  if (key.toLowerCase() === "g") goesUntil = performance.now() + GOING;
  const help = document.querySelector("dialog[data-help]");
  if (key === "?" && help instanceof HTMLDialogElement) return help.showModal();
  press(`[data-key="${CSS.escape(key.toLowerCase())}"]`);
}

/** @param {string} selector */
function press(selector) {
  const target = document.querySelector(selector);
  if (target instanceof HTMLElement) target.click();
}

function typeOrFind() {
  const typed = /** @type {any} */ (document.querySelector("type-code"));
  if (typed) return typed.open();
  const find = document.querySelector("[data-find]");
  if (find instanceof HTMLInputElement) find.select();
}

// --- off and on (WCAG 2.1.4) ---

const switches = () => /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-set-keys]"));

/** @param {Event} event */
function onSwitch(event) {
  const box = event.target instanceof HTMLInputElement && event.target.matches("[data-set-keys]") ? event.target : null;
  if (!box) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `keys=off; path=/; max-age=${box.checked ? 0 : 31536000}; samesite=lax${secure}`;
  for (const other of switches()) other.checked = box.checked;
}

for (const box of switches()) box.checked = !OFF.test(document.cookie);
document.addEventListener("change", onSwitch);
document.addEventListener("lone-key", (event) => onLoneKey(/** @type {CustomEvent} */ (event).detail.key));
