/**
 * What stands around a result while the network is away: the band of the mode, and the map of the open box as
 * the server last drew it, with what is saved on this device and nowhere else on top of it.
 */
import { grouped } from "./codes.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{code: string, drawn?: string}} Map */

/** The map on this page as a text, where it is this box's and as the server drew it. @param {string} box @returns {string | undefined} */
export function drawnHere(box) {
  const part = onPage(box);
  return part && !part.querySelector("[data-saved]") ? new XMLSerializer().serializeToString(part) : undefined;
}

/** @param {string} box @returns {HTMLElement | null} */
function onPage(box) {
  /** @type {HTMLElement | null} */
  const part = document.querySelector("scan-bench [data-part=map]");
  return part?.querySelector(`.map-head a[href="/containers/${CSS.escape(box)}"]`) ? part : null;
}

/**
 * @param {HTMLElement} page with `data-saved`, the words for it, and `template[data-unmapped]`
 * @param {Map | undefined} map of the open box @param {string} box
 * @param {Record<string, string | number>[]} scans that are saved here @param {string} next the slot of the cursor
 * @returns {Element | null}
 */
export function drawSaved(page, map, box, scans, next) {
  const words = page.dataset.saved ?? "";
  const drawn = map?.drawn ? new DOMParser().parseFromString(map.drawn, "application/xhtml+xml").documentElement : null;
  const unknown = /** @type {HTMLTemplateElement | null} */ (page.querySelector("template[data-unmapped]"))?.content.firstElementChild;
  const part = /** @type {HTMLElement | undefined} */ ((onPage(box) ?? (drawn && document.importNode(drawn, true)) ?? unknown)?.cloneNode(true));
  if (!part) return null;
  part.dataset.etag = ""; // the server's own is drawn again as soon as it can be
  for (const cell of part.querySelectorAll(".cell.cursor")) draw(cell, "empty");
  let count = 0;
  for (const { scan, mode, box: into, at } of scans) {
    if (mode !== "store" || into !== box) continue;
    count += 1;
    const cell = cellAt(part, String(at ?? ""));
    if (cell) draw(cell, "saved", String(scan), `${at}, ${words}, ${grouped(String(scan))}`);
  }
  const cursor = cellAt(part, next);
  if (cursor) draw(cursor, "cursor");
  part.querySelector(".map-foot[data-saved]")?.remove();
  if (count) part.append(foot(words, count));
  return part;
}

/** @param {HTMLElement} part @param {string} slot @returns {Element | null} */
function cellAt(part, slot) {
  return slot ? part.querySelector(`a.cell[href$="slot=${CSS.escape(slot)}"]`) : null;
}

/** @param {Element} cell @param {"empty" | "cursor" | "saved"} state @param {string} [code] @param {string} [label] */
function draw(cell, state, code = "", label = "") {
  const ground = cell.querySelector("rect");
  if (!ground) return;
  const [x, y] = ["x", "y"].map((name) => Number(ground.getAttribute(name)));
  cell.setAttribute("class", `cell ${state}`);
  cell.replaceChildren(ground);
  if (label) cell.setAttribute("aria-label", label);
  if (state === "empty") cell.append(shape("circle", { class: "dot", cx: x + 22, cy: y + 22, r: 2.5 }));
  if (state === "cursor") cell.append(shape("rect", { class: "ring", x: x + 4, y: y + 4, width: 36, height: 36 }));
  if (state !== "saved") return;
  cell.toggleAttribute("data-saved", true);
  const text = shape("text", { x: x + 22, y: y + 22 });
  text.textContent = code.slice(-3);
  cell.append(shape("path", { class: "hatch", d: `M${x} ${y + 22}l22 -22M${x} ${y + 44}l44 -44M${x + 22} ${y + 44}l22 -22` }), text);
}

/** @param {string} words @param {number} count @returns {Element} */
function foot(words, count) {
  const line = document.createElement("p");
  line.className = "map-foot";
  line.toggleAttribute("data-saved", true);
  line.textContent = `▨ ${words}: ${count}`;
  return line;
}

/** @param {string} name @param {Record<string, string | number>} attributes @returns {Element} */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The band of the mode as it is now. @param {Document} answer @param {import("./queue.js").Where} now @param {string} [box] @returns {Node} */
export function drawBand(answer, now, box) {
  const here = document.querySelector('[data-part="mode"]');
  if (!here) return answer.createDocumentFragment();
  const band = /** @type {HTMLElement} */ (answer.importNode(here, true));
  band.dataset.mode = now.mode;
  const [mode, hint, open] = [".mode", ".mode-hint", ".box"].map((part) => band.querySelector(part));
  const button = document.querySelector(`[data-means="${CSS.escape(now.mode)}"]`);
  if (mode && button) mode.textContent = button.textContent;
  hint?.remove();
  const bench = /** @type {HTMLElement | null} */ (document.querySelector("scan-bench"));
  if (open && now.box !== (bench?.dataset.box ?? "")) open.textContent = grouped(now.box ? (box ?? now.box) : "");
  return band;
}
