/**
 * Hears a keyboard-wedge scanner anywhere on the page and says so with a "scan" event.
 *
 * No text field has the focus while scanning, so nothing is lost when a part of the page is replaced,
 * no soft keyboard opens and no input method eats the letters. The event bubbles and can be cancelled;
 * where nobody cancels it, the code is looked up.
 */
import { checks, clean, fold, isOurShape } from "./codes.js";
import { isBadge, stationWays } from "./station.js";

const SHORTEST = 6; // characters
const { median: MEDIAN_GAP, largest: LARGEST_GAP } = stationWays(); // ms, as the station's scanner was measured
const FORGIVEN_GAP = 500; // ms, where the check character proves that nothing was lost
const SILENCE = 120; // ms without a key that end a scan, or tell a lone key from a burst
const HASTY_ENTER = 300; // ms: an Enter this soon after a character presses no button

const SHIFTED_DIGITS = ")!@#$%^&*(";
/** @type {Record<string, string>} the US layout: what a key gives alone and with shift */
const US_KEYS = {
  Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:",
  Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?", Backquote: "`~", Space: "  ",
  NumpadAdd: "++", NumpadSubtract: "--", NumpadMultiply: "**", NumpadDivide: "//", NumpadDecimal: "..",
};
const NOT_TEXT = ["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"];

/** @typedef {{key: string, code: string, at: number}} Stroke `key` is "" where it was not readable. */

/** @type {Stroke[]} */
let strokes = [];
/** @type {{element: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, value: string} | null} */
let field = null;
/** What is written into a field of a form. @type {{element: EventTarget | null, strokes: Stroke[]}} */
let typed = { element: null, strokes: [] };
let silence = 0;
let lastAt = -Infinity;

/** @param {KeyboardEvent} event @returns {string} */
function byUsLayout({ code, shiftKey }) {
  if (/^Key[A-Z]$/.test(code)) return code[3];
  if (/^Digit\d$/.test(code)) return shiftKey ? SHIFTED_DIGITS[Number(code[5])] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  return (US_KEYS[code] ?? "")[shiftKey ? 1 : 0] ?? "";
}

/** @param {KeyboardEvent} event @returns {Stroke | null} null for a key that writes nothing */
function read(event) {
  const key = /^[\x20-\x7e]$/.test(event.key) ? event.key : "";
  const named = event.key.length > 1 && !["Process", "Unidentified", "Dead"].includes(event.key);
  const code = byUsLayout(event);
  if (named || (!key && !code)) return null;
  return { key, code, at: event.timeStamp };
}

/** @param {EventTarget | null} target @returns {boolean} */
export function isEditable(target) {
  if (target instanceof HTMLInputElement) return !NOT_TEXT.includes(target.type) && !target.readOnly;
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

/** @param {string} text @returns {boolean} whether it is one of our ids, whole and unharmed */
function isGood(text) {
  return isOurShape(fold(text)) && checks(fold(text));
}

/** @param {Stroke[]} heard @returns {boolean} */
function isFast(heard) {
  const gaps = heard.slice(1).map((stroke, place) => stroke.at - heard[place].at).sort((a, b) => a - b);
  return heard.length >= SHORTEST && gaps[Math.floor(gaps.length / 2)] <= MEDIAN_GAP;
}

/** The keys that are a scan: all of them where they make a good id, else those after the last long gap.
 * @param {Stroke[]} heard @returns {Stroke[] | null} */
function findBurst(heard) {
  if (isFast(heard) && isGood(decode(heard).code)) return heard;
  const tail = after(heard, LARGEST_GAP);
  return isFast(tail) ? tail : null;
}

/** The keys after the last gap that is longer than this. @param {Stroke[]} heard @param {number} gap ms @returns {Stroke[]} */
function after(heard, gap) {
  const start = heard.findLastIndex((stroke, place) => place > 0 && stroke.at - heard[place - 1].at > gap);
  return heard.slice(Math.max(start, 0));
}

/** Two readings of the same keys: as the system's layout has them, and as a US layout would.
 * The second wins when a key could not be read, or when only it gives a good id of ours.
 * @param {Stroke[]} heard @returns {{code: string, corrected: boolean}} */
function decode(heard) {
  const asTyped = clean(heard.map((stroke) => stroke.key || stroke.code).join(""));
  const asUs = clean(heard.map((stroke) => stroke.code || stroke.key).join(""));
  const unreadable = heard.some((stroke) => !stroke.key);
  const corrected = unreadable || (asTyped !== asUs && !isGood(asTyped) && isGood(asUs));
  return { code: unwrapped(corrected ? asUs : asTyped), corrected };
}

/** A good id of ours without the marks that a scanner is set to send before and after it.
 * @param {string} text @returns {string} any other text as it is */
function unwrapped(text) {
  const bare = text.replace(/^[^0-9A-Z]+|[^0-9A-Z]+$/g, "");
  return isGood(bare) ? bare : text;
}

/** Tells the page that a code came in. Looks it up unless a listener takes it by cancelling the event.
 * @param {{code: string, source: "scan" | "typed", corrected: boolean}} detail */
export function announce(detail) {
  if (!detail.code) return;
  const event = new CustomEvent("scan", { bubbles: true, cancelable: true, detail });
  if ((document.activeElement ?? document.body).dispatchEvent(event)) {
    location.assign(`/find?code=${encodeURIComponent(detail.code)}`);
  }
}

/** Looks at what was heard so far. @returns {boolean} whether it was a scan */
function finish() {
  clearTimeout(silence);
  const burst = findBurst(strokes);
  if (!burst) {
    const keys = after(strokes, SILENCE).map(({ key, code }) => key || code);
    const goes = keys.length === 2 && /^g$/i.test(keys[0]); // two keys that mean one act
    if (!field && (goes || keys.length === 1)) keys.forEach(lone);
    return false;
  }
  const held = field;
  forget();
  if (held) held.element.value = held.value;
  const scan = decode(burst);
  const kind = held?.element.dataset.scan;
  if (kind !== "refuse" && (kind !== "badge" || isBadge(scan.code))) announce({ source: "scan", ...scan });
  return true;
}

function forget() {
  strokes = [];
  field = null;
}

/** A single key with nothing after it, outside every field: a shortcut. @param {string} key */
function lone(key) {
  document.dispatchEvent(new CustomEvent("lone-key", { detail: { key } }));
}

/** @param {KeyboardEvent} event */
function onEnd(event) {
  if (filledIn(event)) return;
  const soon = event.timeStamp - lastAt < HASTY_ENTER;
  const hasty = soon && event.code !== "Tab" && !isEditable(event.target);
  const scanned = strokes.length > 1 && finish();
  clearTimeout(silence);
  forget();
  if (scanned || hasty) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

/** A scan into a field that takes it as its text: its Enter sends no form, it goes on to the next field.
 * @param {KeyboardEvent} event @returns {boolean} */
function filledIn(event) {
  const { element, strokes: keys } = typed;
  typed = { element: null, strokes: [] };
  if (!(element instanceof HTMLInputElement) || element !== event.target || !/Enter$/.test(event.code)) return false;
  if (!isFast(keys) || event.timeStamp - keys[keys.length - 1].at > HASTY_ENTER) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  const fields = [...(element.form?.elements ?? [])].filter(isEditable);
  /** @type {HTMLElement | undefined} */ (fields[fields.indexOf(element) + 1])?.focus();
  return true;
}

/** @param {HTMLInputElement} element @param {Stroke} stroke */
function fillsIn(element, stroke) {
  const before = typed.strokes[typed.strokes.length - 1];
  if (typed.element !== element || stroke.at - before.at > LARGEST_GAP) typed = { element, strokes: [] };
  typed.strokes.push(stroke);
}

/** @param {KeyboardEvent} event */
function onKeydown(event) {
  if (["Enter", "NumpadEnter", "Tab", "F12"].includes(event.code)) return onEnd(event);
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const stroke = read(event);
  if (!stroke) return;
  const target = /** @type {HTMLInputElement} */ (event.target);
  const holds = isEditable(target) || target instanceof HTMLSelectElement;
  if (isEditable(target) && !["steal", "refuse", "badge"].includes(target.dataset.scan ?? "")) {
    forget();
    return fillsIn(target, stroke);
  }
  if (stroke.at - lastAt > FORGIVEN_GAP || field?.element !== (holds ? target : undefined)) forget();
  if (!strokes.length) field = holds ? { element: target, value: target.value } : null;
  else if (stroke.code === " " && !holds) event.preventDefault();
  if (!holds && stroke.code === "/") event.preventDefault(); // some browsers open their own search
  strokes.push(stroke);
  lastAt = stroke.at;
  clearTimeout(silence);
  silence = setTimeout(finish, SILENCE);
}

document.addEventListener("keydown", onKeydown, true);
