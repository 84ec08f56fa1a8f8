/** A refusal beside its form: each fault bears the words of the field's own label, and the field bears the fault. */

/** @param {HTMLElement} control @returns {boolean} */
const isSeen = (control) => "name" in control && !(control instanceof HTMLInputElement && control.type === "hidden");

/** The control of a form that a name of the order means: `consent.version` is sent as `version`, `specimens.0.code` as
 * `0.code`, one answer of many as `answer.storage`, and of controls of one name a position tells which.
 * @param {HTMLFormElement} form @param {string} field @returns {HTMLElement | undefined} */
function controlOf(form, field) {
  const parts = field.split(".");
  const controls = /** @type {(HTMLElement & {name: string})[]} */ ([...form.elements].filter((each) => isSeen(/** @type {HTMLElement} */ (each))));
  for (let from = 0; from < parts.length; from += 1) {
    const name = parts.slice(from).join(".");
    const found = controls.find((each) => each.name === name);
    if (found) return found;
  }
  const last = parts.findLast((part) => !/^\d+$/.test(part));
  const alike = controls.filter((each) => each.name === last || each.name.endsWith(`.${last}`));
  return alike[Number(parts.find((part) => /^\d+$/.test(part)) ?? 0)] ?? alike[0];
}

/** What a form calls a control. @param {HTMLElement} control @returns {string} */
function wordsOf(control) {
  const group = control instanceof HTMLInputElement && control.type === "radio" ? control.closest("[aria-labelledby], fieldset") : null;
  const named = document.getElementById(group?.getAttribute("aria-labelledby") ?? "") ?? group?.querySelector("legend");
  const label = named ?? /** @type {HTMLInputElement} */ (control).labels?.[0];
  if (!label) return control.ariaLabel ?? "";
  const words = /** @type {HTMLElement} */ (label.cloneNode(true));
  for (const each of words.querySelectorAll("input, select, textarea, .hint")) each.remove();
  return words.textContent?.trim().replace(/\s+/g, " ") ?? "";
}

/** @param {HTMLElement} control @param {HTMLElement} fault */
function mark(control, fault) {
  control.ariaInvalid = "true";
  const told = control.getAttribute("aria-describedby");
  control.setAttribute("aria-describedby", told ? `${told} ${fault.id}` : fault.id);
}

/** @param {Element} form */
function unmark(form) {
  for (const control of form.querySelectorAll('[aria-invalid="true"]')) {
    control.removeAttribute("aria-invalid");
    const kept = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.startsWith("fault-"));
    if (kept.join("")) control.setAttribute("aria-describedby", kept.join(" "));
    else control.removeAttribute("aria-describedby");
  }
}

/** @param {HTMLFormElement} form */
function tell(form) {
  let first;
  for (const [place, fault] of /** @type {[number, HTMLElement][]} */ ([...form.querySelectorAll(".refusal [data-of]").entries()])) {
    const control = controlOf(form, fault.dataset.of ?? "");
    if (!control) continue;
    const name = fault.querySelector("b");
    if (name) name.textContent = wordsOf(control) || name.textContent;
    fault.id = `fault-${place}`;
    mark(control, fault);
    first ??= control;
  }
  first?.closest("details")?.setAttribute("open", "");
  first?.focus();
}

document.addEventListener("submit", (event) => unmark(/** @type {Element} */ (event.target)), true);
document.addEventListener("htmx:after:swap", (event) => {
  const { sourceElement } = /** @type {CustomEvent} */ (event).detail.ctx;
  const form = sourceElement instanceof Element ? sourceElement.closest("form") : null;
  if (form?.querySelector(".refusal [data-of]")) tell(form);
});
