/** Scans of a paper sheet go into the field of its entries, wherever the focus is. */

/** @param {Event} event */
function onScan(event) {
  const field = document.querySelector("[data-scans]");
  if (!(field instanceof HTMLTextAreaElement)) return;
  event.preventDefault();
  const before = field.value && !field.value.endsWith("\n") ? `${field.value}\n` : field.value;
  field.value = `${before}${/** @type {CustomEvent} */ (event).detail.code}\n`;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("scan", onScan, true);
