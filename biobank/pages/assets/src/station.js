/**
 * A bench that several people share: badges, the number pad for PINs, the lock after a while, and the
 * measuring of its scanner. What the station needs stands in the cookie `station-ways`.
 */
import { checks, fold, isOurShape } from "./codes.js";

const ANSWERS_WITHIN = 15000; // ms
const MINUTE = 60000; // ms
const SILENCE = 400; // ms without a key that end what is measured

/** How this station works; the numbers of any browser where it is none. @returns {{idle: number, median: number, largest: number}} */
export function stationWays() {
  const found = /(?:^|;\s*)station-ways=(\d+)-(\d+)-(\d+)/.exec(document.cookie);
  if (!found) return { idle: 0, median: 35, largest: 100 };
  const [idle, median, largest] = found.slice(1).map(Number);
  return { idle, median, largest };
}

/** Whether a code that came in is somebody's badge. @param {string} code @returns {boolean} */
export function isBadge(code) {
  const bare = fold(code);
  return bare.startsWith("P") && isOurShape(bare) && checks(bare);
}

/** Asks the server who stands here now. Opens where it leads, or answers what is to be shown: a STOP.
 * Throws where there is no connection.
 * @param {string} address @param {Record<string, string>} told @returns {Promise<Document | null>} */
export async function ask(address, told) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const answer = await fetch(address, {
    method: "POST",
    body: new URLSearchParams(told),
    headers: { "X-CSRF-Token": token, "X-Fragment": "1", Accept: "text/html" },
    signal: AbortSignal.timeout(ANSWERS_WITHIN),
  });
  const to = answer.headers.get("HX-Redirect");
  if (!to) return new DOMParser().parseFromString(await answer.text(), "text/html");
  location.assign(to);
  return null;
}

/** Where to go on: the bench as it stands, by its own words or the address, or this very page.
 * @param {Record<string, string | undefined>} [own] @returns {Record<string, string>} */
export function standing(own = {}) {
  const asked = new URL(location.href).searchParams;
  const told = Object.fromEntries(["mode", "box", "at"].map((name) => [name, own[name] ?? asked.get(name) ?? ""]));
  return location.pathname === "/bench" ? told : { next: location.pathname + location.search };
}

/** A badge on a page without a bench: the same page goes on with that person. A bench hears badges itself.
 * @param {CustomEvent} event */
function onScan(event) {
  const form = document.querySelector("form[data-badge-form]");
  if (event.defaultPrevented || document.querySelector("scan-bench")) return;
  if (form) event.preventDefault(); // the lock screen looks nothing up
  if (!isBadge(event.detail.code)) return;
  event.preventDefault();
  if (form instanceof HTMLFormElement) {
    const field = form.elements.namedItem("badge");
    if (field instanceof HTMLInputElement) field.value = event.detail.code;
    form.requestSubmit();
    return;
  }
  ask("/bench/badge", { badge: event.detail.code, ...standing() }).then(say, () => undefined);
}

/** @param {Document | null} answer */
function say(answer) {
  const found = answer?.querySelector(".scan-result, .refusal");
  const place = document.querySelector("#main");
  if (!found || !place) return;
  const told = document.importNode(found, true);
  told.setAttribute("role", "alert");
  place.prepend(told);
}

// --- the lock ---

let idleSince = Date.now();

function onLife() {
  idleSince = Date.now();
}

/** Locks what nobody touched for so long. Without a connection it tries again, and the page stands. */
function lockWhenIdle() {
  const { idle } = stationWays();
  const signedIn = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content");
  if (!idle || !signedIn || document.querySelector("[data-lock-now]")) return;
  if (Date.now() - idleSince < idle * MINUTE) return;
  ask("/bench/lock", standing()).catch(() => undefined);
}

// --- the number pad ---

class PinPad extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.#onClick(event));
  }

  /** @param {Event} event */
  #onClick(event) {
    const key = event.target instanceof Element ? event.target.closest("[data-digit]") : null;
    const field = this.querySelector("input");
    if (!(key instanceof HTMLElement) || !field) return;
    field.value = key.dataset.digit ? (field.value + key.dataset.digit).slice(0, field.maxLength) : "";
    field.focus();
  }
}

// --- measuring ---

class ScanCalibration extends HTMLElement {
  /** @type {number[]} */ #times = [];
  #silence = 0;
  /** @type {AbortController | null} */ #open = null;

  connectedCallback() {
    const { signal } = (this.#open = new AbortController());
    addEventListener("keydown", (event) => this.#hear(event), { capture: true, signal });
    document.addEventListener("scan", (event) => event.preventDefault(), { signal });
  }

  disconnectedCallback() {
    this.#open?.abort();
  }

  /** @param {KeyboardEvent} event */
  #hear(event) {
    if (event.repeat || event.target instanceof HTMLInputElement) return;
    clearTimeout(this.#silence);
    if (event.key.length === 1 || event.key === "Process") this.#times.push(event.timeStamp);
    if (event.code === "Enter" || event.code === "NumpadEnter" || event.code === "Tab") return this.#measure();
    this.#silence = setTimeout(() => this.#measure(), SILENCE);
  }

  #measure() {
    const gaps = this.#times.slice(1).map((at, place) => Math.round(at - this.#times[place])).sort((a, b) => a - b);
    this.#times = [];
    if (gaps.length < 5) return;
    const row = this.querySelector("template")?.content.firstElementChild?.cloneNode(true);
    if (!(row instanceof HTMLElement)) return;
    const [median, largest] = [gaps[Math.floor(gaps.length / 2)], gaps[gaps.length - 1]];
    for (const [name, value] of Object.entries({ keys: gaps.length + 1, median, largest })) {
      const cell = row.querySelector(`[data-${name}]`);
      if (cell) cell.textContent = String(value);
    }
    this.querySelector("tbody")?.prepend(row);
    this.#widen("median_gap_ms", median);
    this.#widen("largest_gap_ms", largest);
  }

  /** Half as much again as the slowest scan, and never less than what stands there. @param {string} name @param {number} measured */
  #widen(name, measured) {
    const field = this.querySelector(`[name="${name}"]`);
    if (!(field instanceof HTMLInputElement)) return;
    const wanted = Math.min(Number(field.max), Math.ceil((measured * 3) / 2));
    field.value = String(Math.max(Number(field.value), wanted));
  }
}

customElements.define("pin-pad", PinPad);
customElements.define("scan-calibration", ScanCalibration);
document.addEventListener("scan", (event) => onScan(/** @type {CustomEvent} */ (event)));
for (const sign of ["keydown", "pointerdown", "scan"]) document.addEventListener(sign, onLife, { capture: true, passive: true });
setInterval(lockWhenIdle, 5000);
/** @type {HTMLFormElement | null} */ (document.querySelector("form[data-lock-now]"))?.requestSubmit();
