/** Every act by keyboard: lone keys as shortcuts, and arrow keys inside a box map. */

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

/** @type {Record<string, [number, number]>} rows and columns to go */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** The next cell that way, over gaps. @param {SVGElement} cell @param {[number, number]} way @returns {SVGElement | null} */
function neighbour(cell, [down, across]) {
  const map = cell.closest(".box-map");
  let row = Number(cell.dataset.row);
  let column = Number(cell.dataset.col);
  for (let step = 0; step < 50; step += 1) {
    row += down;
    column += across;
    const next = map?.querySelector(`[data-row="${row}"][data-col="${column}"]`);
    if (next) return /** @type {SVGElement} */ (next);
  }
  return null;
}

/** @param {KeyboardEvent} event */
function onArrow(event) {
  const cell = event.target instanceof SVGElement ? event.target : null;
  const way = ARROWS[event.key];
  if (!way || !cell || cell.dataset.row === undefined || !cell.closest(".box-map")) return;
  event.preventDefault();
  neighbour(cell, way)?.focus();
}

/** One cell of a map is in the tab order: the one last visited. @param {FocusEvent} event */
function onFocus(event) {
  const cell = event.target instanceof SVGElement ? event.target : null;
  if (cell?.dataset.row === undefined) return;
  for (const other of cell.closest(".box-map")?.querySelectorAll('[tabindex="0"]') ?? []) other.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
}

document.addEventListener("lone-key", (event) => onLoneKey(/** @type {CustomEvent} */ (event).detail.key));
document.addEventListener("keydown", onArrow);
document.addEventListener("focusin", onFocus);
