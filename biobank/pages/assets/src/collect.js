/** The page of a visit beside its scans: clocks that run, times of now, a dialog that opens when it came. */

const AMBER = 0.75; // of the time to a limit, as the server has it
const TICK = 1000; // ms

/** How far this computer's clock is from the server's, in ms; the page says what time it was drawn at. */
let skew = 0;
let drawnAt = "";

function readServerClock() {
  const said = document.querySelector("[data-server-now]")?.getAttribute("data-server-now") ?? "";
  if (!said || said === drawnAt) return;
  drawnAt = said;
  skew = Date.parse(said) - Date.now();
}

/** @param {number} ms @returns {string} hours and minutes, as the page drew them */
function figures(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** @param {HTMLElement} clock @param {number} now */
function run(clock, now) {
  const [since, due] = [Date.parse(clock.dataset.since ?? ""), Date.parse(clock.dataset.due ?? "")];
  const late = clock.dataset.late ? Date.parse(clock.dataset.late) : since + (due - since) * AMBER;
  const level = now > due ? "red" : now >= late ? "amber" : "ok";
  if (clock.dataset.level !== level) clock.dataset.level = level;
  const left = figures(due - now);
  for (const place of clock.querySelectorAll("[data-left]")) if (place.textContent !== left) place.textContent = left;
}

function runAll() {
  readServerClock();
  for (const clock of document.querySelectorAll("[data-clock]")) run(/** @type {HTMLElement} */ (clock), Date.now() + skew);
}

/** Writes the time of now, on the clock of the site, to the second. @param {MouseEvent} event */
function onNow(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-now-for]") : null;
  const field = button && document.getElementById(button.getAttribute("data-now-for") ?? "");
  if (!(field instanceof HTMLInputElement)) return;
  readServerClock();
  const told = new Date(Date.now() + skew).toLocaleString("sv-SE", { timeZone: field.dataset.zone });
  field.value = told.replace(" ", "T");
}

/** <opens-dialog> at the head of what comes into a dialog: the dialog opens, its first choice has the focus. */
class OpensDialog extends HTMLElement {
  connectedCallback() {
    const dialog = this.closest("dialog");
    if (!dialog) return;
    if (!dialog.open) dialog.showModal();
    queueMicrotask(() => {
      const first = dialog.querySelector("input:not([type=hidden]), select, button");
      if (first instanceof HTMLElement) first.focus();
    });
  }
}

runAll();
setInterval(runAll, TICK);
document.addEventListener("click", onNow);
customElements.define("opens-dialog", OpensDialog);
