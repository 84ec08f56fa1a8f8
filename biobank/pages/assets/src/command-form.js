/** Forms that act, `<form data-command>`: a double submit carries one command id, so it is one effect. */
import { uuid7 } from "./codes.js";

const DOWNLOAD = 2000; // ms within which sending the same form again is one act

/** @param {HTMLFormElement} form */
function giveCommand(form) {
  if (form.elements.namedItem("command")) return;
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "command", value: uuid7() });
  form.append(field);
}

/** Looks disabled, still works: a button that is really disabled would drop its own name and value.
 * @param {HTMLFormElement} form @param {boolean} busy */
function show(form, busy) {
  form.toggleAttribute("data-busy", busy);
  for (const button of form.querySelectorAll("button")) button.ariaDisabled = busy ? "true" : null;
}

for (const form of document.querySelectorAll("form[data-command]")) giveCommand(/** @type {HTMLFormElement} */ (form));

document.addEventListener(
  "submit",
  (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.command === undefined) return;
    giveCommand(form); // one that came in later, with a replaced part of the page
    show(form, true);
    if (form.dataset.download !== undefined) setTimeout(() => downloaded(form), DOWNLOAD);
  },
  true,
);

/** A file that is saved leaves the page standing and tells nobody that it came. @param {HTMLFormElement} form */
function downloaded(form) {
  show(form, false);
  const field = form.elements.namedItem("command");
  if (field instanceof HTMLInputElement) field.value = uuid7();
}

function settle() {
  for (const form of document.querySelectorAll("form[data-busy]")) show(/** @type {HTMLFormElement} */ (form), false);
}

/** A form that stays on the page after its act was done acts anew next time. @param {Event} event */
function renew(event) {
  const { sourceElement, response } = /** @type {CustomEvent} */ (event).detail.ctx;
  const form = sourceElement instanceof Element ? sourceElement.closest("form[data-command]") : null;
  const field = form instanceof HTMLFormElement ? form.elements.namedItem("command") : null;
  if (field instanceof HTMLInputElement && response?.status < 300) field.value = uuid7();
}

addEventListener("pageshow", settle);
document.addEventListener("htmx:after:request", renew);
document.addEventListener("htmx:finally:request", settle);
