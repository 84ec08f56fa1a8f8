/** Maps by keyboard: one cell is in the tab order; arrows, Home and End lead on. And: print a map, copy an address. */

/** @type {Record<string, [number, number]>} rows and columns to go */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** @param {SVGElement} cell @returns {SVGElement[]} all cells of its map, as they are drawn */
function cellsAround(cell) {
  return [.../** @type {NodeListOf<SVGElement>} */ (cell.closest("[data-map]")?.querySelectorAll("[data-row]") ?? [])];
}

/** @param {SVGElement} cell @returns {[number, number]} */
const place = (cell) => [Number(cell.dataset.row), Number(cell.dataset.col)];

/** The nearest cell that way, over gaps. @param {SVGElement} cell @param {[number, number]} way @returns {SVGElement | undefined} */
function neighbour(cell, [down, across]) {
  const [row, column] = place(cell);
  const far = (/** @type {SVGElement} */ other) => Math.abs(place(other)[0] - row) + Math.abs(place(other)[1] - column);
  const that = (/** @type {SVGElement} */ other) => {
    const [there, beside] = place(other);
    return down ? beside === column && (there - row) * down > 0 : there === row && (beside - column) * across > 0;
  };
  const straight = cellsAround(cell).filter(that);
  // A shelf with fewer racks has none right below: the nearest of the next line it is.
  const line = cellsAround(cell).filter((other) => down !== 0 && place(other)[0] === row + down);
  return (straight.length ? straight : line).sort((one, other) => far(one) - far(other))[0];
}

/** First or last of the row; with Ctrl, of the whole map. @param {SVGElement} cell @param {string} key @param {boolean} whole */
function edge(cell, key, whole) {
  const line = cellsAround(cell).filter((other) => whole || other.dataset.row === cell.dataset.row);
  return line.at(key === "Home" ? 0 : -1);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const cell = event.target instanceof SVGElement && event.target.dataset.row !== undefined ? event.target : null;
  const way = ARROWS[event.key];
  const end = event.key === "Home" || event.key === "End";
  if (!cell?.closest("[data-map]") || event.altKey || event.metaKey || !(way || end)) return;
  event.preventDefault();
  (way ? neighbour(cell, way) : edge(cell, event.key, event.ctrlKey))?.focus();
}

/** One cell of a map is in the tab order: the one last visited. @param {FocusEvent} event */
function onFocus(event) {
  const cell = event.target instanceof SVGElement ? event.target : null;
  if (cell?.dataset.row === undefined) return;
  for (const other of cell.closest("[data-map]")?.querySelectorAll('[tabindex="0"]') ?? []) other.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
}

/** The address beside the button: into the clipboard, or marked where there is none. @param {HTMLElement} button */
async function copy(button) {
  const field = button.parentElement?.querySelector("input");
  if (!field) return;
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return; // without a clipboard (no secure connection) the text is marked: Ctrl+C does the rest
  }
  for (const text of /** @type {NodeListOf<HTMLElement>} */ (button.querySelectorAll("span"))) text.hidden = !text.hidden;
  button.removeAttribute("data-copy");
}

/** @param {MouseEvent} event */
function onClick(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-copy], [data-print]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.dataset.print !== undefined) window.print();
  else void copy(button);
}

document.addEventListener("keydown", onKey);
document.addEventListener("focusin", onFocus);
document.addEventListener("click", onClick);
