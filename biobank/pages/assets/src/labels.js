/** Labels: where a sheet begins is pointed at, and a PDF that was just ordered is saved. */

/** The first label that is still there, clicked on the drawing, is what stands in the field. @param {Event} event */
function onClick(event) {
  const cell = event.target instanceof Element ? event.target.closest("[data-label-sheet] [data-skip]") : null;
  const field = document.getElementById("skip");
  if (!cell || !(field instanceof HTMLInputElement)) return;
  field.value = cell.getAttribute("data-skip") ?? "0";
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Once: a page that is loaded again saves nothing more. */
function saveNow() {
  const link = document.querySelector("a[data-save-now]");
  if (!(link instanceof HTMLAnchorElement)) return;
  const address = new URL(location.href);
  address.searchParams.delete("save");
  history.replaceState(history.state, "", address);
  link.click();
}

document.addEventListener("click", onClick);
saveNow();
