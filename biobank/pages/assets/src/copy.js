/** A button that copies a field, `data-copy` its id; where no clipboard may be used, the field is shown and selected. */

/** @param {HTMLElement} button */
async function copy(button) {
  const field = document.getElementById(button.dataset.copy ?? "");
  if (!(field instanceof HTMLTextAreaElement)) return;
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied ?? "";
  } catch {
    field.closest("details")?.setAttribute("open", "");
    field.select();
  }
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy]"))) {
  button.hidden = false;
  button.addEventListener("click", () => void copy(button));
}
